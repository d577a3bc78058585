//! Signal handlers: the calls that a handler may make.
//!
//! These tests check the table in `primitives::park`: calls that never block and allocate nothing,
//! on Linux, without the detector.

use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::thread;

use primitives::raw::{CancellableSleep, RawLock};
use primitives::{Condition, Event, Latch, Lock, Semaphore, sync};
use tests::watched;

static GATE: Event = Event::new();
static SEATS: Semaphore = Semaphore::new(0);
static LATCH: Latch = Latch::new(1);
static DOOR: RawLock = RawLock::new();
static SLEEP: CancellableSleep = CancellableSleep::new();
static CHANGED: Condition = Condition::new();
static STORMED: Semaphore = Semaphore::new(1);
static TRIED: Lock<usize> = Lock::new(0);

/// The handler's next action.
static STEP: AtomicUsize = AtomicUsize::new(0);
const STORM: usize = 6;
/// How often the handler got the lock in a storm, and how often it ran.
static GOT: AtomicUsize = AtomicUsize::new(0);
static RAN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handler(_: libc::c_int) {
    match STEP.load(SeqCst) {
        0 => GATE.set(),
        1 => SEATS.release(1),
        2 => LATCH.count_down(),
        3 => DOOR.release(),
        4 => assert!(SLEEP.cancel()),
        5 => CHANGED.notify_all(),
        _ => {
            // The thread may be in the middle of a call on the same semaphore or the same lock.
            STORMED.release(1);
            if let Some(mut tried) = TRIED.try_lock() {
                *tried += 1;
                GOT.fetch_add(1, Relaxed);
            }
            assert_ne!(sync::thread::id(), 0);
            GATE.clear();
            GATE.set();
        }
    }
    RAN.fetch_add(1, SeqCst);
}

/// _Elsewhere_: a handler may not call `pthread_cond_signal`, `pthread_mutex_unlock` or C++'s
/// notifications. It may call `sem_post`; for the rest, programs write to a pipe. CPython's
/// `Event.set` in a handler deadlocks with the thread that it interrupts.
///
/// _Here_: a call that never blocks is an atomic step and a call to the kernel, and may interrupt
/// itself anywhere.
#[test]
fn a_handler_may_wake_the_very_thread_that_it_interrupts() {
    watched(|test| {
        // SAFETY: all zeroes is a valid `sigaction`: no flags, and no signal is blocked.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SAFETY: the handler makes only calls that a handler may make, as this test shows.
        let result =
            unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()) };
        assert_eq!(result, 0);

        DOOR.acquire();
        let awake = Lock::new(false);
        let awake: &Lock<bool> = tests::leak(awake);
        let waits: [fn(&'static Lock<bool>); STORM] = [
            |_| GATE.wait(),
            |_| SEATS.acquire().forget(),
            |_| LATCH.wait(),
            |_| DOOR.acquire(),
            |_| assert!(!SLEEP.wait(None), "it was cancelled"),
            |awake| CHANGED.wait(&mut awake.lock()),
        ];
        for (step, wait) in waits.into_iter().enumerate() {
            STEP.store(step, SeqCst);
            let started = tests::leak(AtomicBool::new(false));
            let thread = thread::spawn(move || {
                started.store(true, SeqCst);
                wait(awake);
            });
            test.until(|| started.load(SeqCst));
            let ran = RAN.load(SeqCst);
            if step == 5 {
                // A notification does not reach a waiter that is not counted yet.
                test.until(|| format!("{CHANGED:?}").contains("waiters: 1"));
            }
            send(&thread);
            test.until(|| RAN.load(SeqCst) > ran);
            thread.join().expect("it was woken");
        }

        STEP.store(STORM, SeqCst);
        let stop: &AtomicBool = tests::leak(AtomicBool::new(false));
        let before = RAN.load(SeqCst);
        let busy = thread::spawn(move || {
            let mut mine = 0;
            while !stop.load(Relaxed) {
                STORMED.acquire().forget();
                STORMED.release(1);
                *TRIED.lock() += 1;
                mine += 1;
            }
            mine
        });
        while RAN.load(SeqCst) < before + 2_000 {
            let ran = RAN.load(SeqCst);
            send(&busy);
            test.until(|| RAN.load(SeqCst) > ran);
        }
        stop.store(true, Relaxed);
        let mine: usize = busy.join().expect("nothing went wrong in it");
        let handled = RAN.load(SeqCst) - before;
        assert_eq!(*TRIED.lock(), mine + GOT.load(Relaxed));
        assert_eq!(STORMED.available(), 1 + handled);
    });
}

fn send<T>(thread: &thread::JoinHandle<T>) {
    // SAFETY: the thread is not joined yet, so it is still a thread.
    assert_eq!(unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR2) }, 0);
}
