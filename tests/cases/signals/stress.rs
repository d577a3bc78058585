//! Signals delivered to sleeping threads: a wait that a signal interrupts (EINTR) neither ends nor
//! restarts its timeout.
//!
//! The handler does nothing and is installed without `SA_RESTART`, so the kernel interrupts the
//! thread's wait. A signal is sent only when the kernel says that the thread sleeps, and the next
//! one only when the last was handled, so each one does interrupt a sleep.

// ThreadSanitizer delays a signal while its thread is in the kernel, where these tests wait for the
// handler.
#![cfg(all(target_os = "linux", not(tsan)))]

use std::fs;
use std::os::unix::thread::JoinHandleExt;
use std::sync::Once;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicU32, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::thread;
use std::time::{Duration, Instant};

use primitives::park::{self, Wait};
use primitives::{Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore};
use tests::{Test, leak, watched};

/// Sleeps to interrupt in each wait.
const SIGNALS: usize = 20;

/// Longer than any test.
const FAR: Duration = Duration::from_secs(3600);

/// How often the handler has run.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

fn install_handler() {
    extern "C" fn handler(_: libc::c_int) {
        HANDLED.fetch_add(1, SeqCst);
    }
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: all zeroes is a valid `sigaction`: no flags, and no signal is blocked.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SAFETY: the handler makes one atomic addition, which a signal handler may.
        let result =
            unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
        assert_eq!(result, 0);
    });
}

/// Lets a thread `wait`, interrupts it again and again, checks that it still waits, and then lets
/// `end` end it. Returns what `wait` returned.
fn interrupted<R: Send + 'static>(
    test: &'static Test,
    wait: impl FnOnce() -> R + Send + 'static,
    end: impl FnOnce(),
) -> R {
    install_handler();
    let id: &AtomicI32 = leak(AtomicI32::new(0));
    let thread = thread::spawn(move || {
        // SAFETY: it takes nothing, and says who we are.
        id.store(unsafe { libc::gettid() }, SeqCst);
        wait()
    });
    for _ in 0..SIGNALS {
        test.until(|| thread.is_finished() || sleeps(id.load(SeqCst)));
        assert!(!thread.is_finished(), "a signal ended the wait");
        let handled = HANDLED.load(SeqCst);
        // SAFETY: the thread is not joined yet, so it is still a thread.
        let result = unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR1) };
        assert_eq!(result, 0);
        test.until(|| thread.is_finished() || HANDLED.load(SeqCst) > handled);
    }
    end();
    thread.join().expect("the wait does not panic")
}

/// Whether the kernel says that the thread sleeps.
fn sleeps(id: i32) -> bool {
    // `ID (NAME) STATE …`, where the name may contain blanks and brackets.
    let stat = fs::read_to_string(format!("/proc/self/task/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
}

/// One test after the other: they share the count of handled signals.
#[test]
fn a_signal_ends_no_wait() {
    watched(|test| {
        parking(test);
        locks(test);
        conditions(test);
        semaphores(test);
        events(test);
        barriers(test);
        nothing_times_out_early();
    });
}

fn parking(test: &'static Test) {
    for deadline in [None, Some(Instant::now() + FAR)] {
        let word: &AtomicU32 = leak(AtomicU32::new(0));
        let woken = interrupted(
            test,
            move || park::wait(word, 0, deadline),
            || test.until(|| park::wake_one(word)),
        );
        assert_eq!(woken, Wait::Woken);
    }
}

fn locks(test: &'static Test) {
    let lock: &Lock<u32> = leak(Lock::new(1));
    let held = lock.lock();
    assert_eq!(interrupted(test, || *lock.lock(), || drop(held)), 1);
    let held = lock.lock();
    let timed = interrupted(test, || lock.lock_timeout(FAR).map(|number| *number), || drop(held));
    assert_eq!(timed, Some(1));

    let rlock: &RLock<u32> = leak(RLock::new(1));
    let held = rlock.lock();
    assert_eq!(interrupted(test, || *rlock.lock(), || drop(held)), 1);
    let held = rlock.lock();
    let timed = interrupted(test, || rlock.lock_timeout(FAR).map(|number| *number), || drop(held));
    assert_eq!(timed, Some(1));
}

/// A condition may wake up spuriously, but here it does not.
fn conditions(test: &'static Test) {
    for timed in [false, true] {
        let notified: &Lock<bool> = leak(Lock::new(false));
        let condition: &Condition = leak(Condition::new());
        let wait = move || {
            let mut guard = notified.lock();
            if timed {
                assert!(!condition.wait_timeout(&mut guard, FAR).timed_out());
            } else {
                condition.wait(&mut guard);
            }
            *guard
        };
        let notify = || {
            *notified.lock() = true;
            condition.notify_one();
        };
        assert!(interrupted(test, wait, notify));
    }
}

fn semaphores(test: &'static Test) {
    let semaphore: &Semaphore = leak(Semaphore::new(0));
    interrupted(test, || semaphore.acquire().forget(), || semaphore.release(1));
    let timed = || semaphore.acquire_timeout(FAR).is_some();
    assert!(interrupted(test, timed, || semaphore.release(1)));
    assert_eq!(semaphore.available(), 1);

    let seats: &BoundedSemaphore = leak(BoundedSemaphore::new(1));
    let seat = seats.acquire();
    assert!(interrupted(test, || seats.acquire_timeout(FAR).is_some(), || drop(seat)));
}

fn events(test: &'static Test) {
    let event: &Event = leak(Event::new());
    interrupted(test, || event.wait(), || event.set());
    event.clear();
    assert!(interrupted(test, || event.wait_timeout(FAR), || event.set()));
}

fn barriers(test: &'static Test) {
    let barrier: &Barrier = leak(Barrier::new(2));
    let last = || assert!(barrier.wait().expect("no thread gives up").is_leader());
    assert_eq!(interrupted(test, || barrier.wait(), last).map(|result| result.index()), Ok(0));
    let last = || assert!(barrier.wait().expect("no thread gives up").is_leader());
    assert!(interrupted(test, || barrier.wait_timeout(FAR), last).is_ok());
    assert!(interrupted(test, || barrier.wait(), || barrier.abort()).is_err());
}

/// A wait that is interrupted all the time ends when its time is up: not before, and not never.
fn nothing_times_out_early() {
    const TIME: Duration = Duration::from_millis(20);
    install_handler();
    let semaphore: &Semaphore = leak(Semaphore::new(0));
    let event: &Event = leak(Event::new());
    let barrier: &Barrier = leak(Barrier::new(2));
    let lock: &Lock<i32> = leak(Lock::new(0));
    let taken = lock.lock();
    let waits: [fn(&Waits) -> bool; 4] = [
        |on| on.lock.lock_timeout(TIME).is_some(),
        |on| on.semaphore.acquire_timeout(TIME).is_some(),
        |on| on.event.wait_timeout(TIME),
        |on| on.barrier.wait_timeout(TIME).is_ok(),
    ];
    let on: &Waits = leak(Waits { lock, semaphore, event, barrier });
    for wait in waits {
        let over: &AtomicBool = leak(AtomicBool::new(false));
        let thread = thread::spawn(move || {
            let start = Instant::now();
            assert!(!wait(on), "no thread let it go");
            over.store(true, Relaxed);
            assert!(start.elapsed() >= TIME);
        });
        while !over.load(Relaxed) && !thread.is_finished() {
            // SAFETY: the thread is not joined yet, so it is still a thread.
            unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR1) };
            thread::yield_now();
        }
        thread.join().expect("it waited as long as it should");
    }
    drop(taken);
}

struct Waits {
    lock: &'static Lock<i32>,
    semaphore: &'static Semaphore,
    event: &'static Event,
    barrier: &'static Barrier,
}
