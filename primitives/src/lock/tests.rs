//! The corner cases, each named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
// The tests' own flags and counters are std's, because they are not part of what is explored. They
// are SeqCst throughout: the tests do not examine which store each load pairs with.
use std::sync::atomic::{AtomicU32 as Counter, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use super::{CONTENDED, HANDED, Lock, LockGuard, RawLock, STARVED};
use crate::sync::atomic::Ordering::Relaxed;

const FAR: Duration = Duration::from_secs(3600);

/// Returns once another thread is about to sleep on the lock, or sleeps.
fn until_contended(lock: &RawLock) {
    while lock.state.load(Relaxed) != CONTENDED {
        thread::yield_now();
    }
}

#[test]
fn the_guard_unlocks_at_the_end_of_its_scope() {
    let lock = Lock::new(1);
    {
        let mut guard = lock.lock();
        *guard += 1;
        assert!(lock.is_locked());
        assert!(lock.try_lock().is_none());
    }
    assert!(!lock.is_locked());
    assert_eq!(*lock.lock(), 2);
}

#[cfg(not(feature = "deadlock-detection"))] // see `WaitTime::is_too_long`
#[test]
fn a_sleeper_that_has_waited_for_too_long_is_handed_the_lock() {
    let lock = Arc::new(RawLock::new());
    lock.acquire();
    let sleeper = thread::spawn({
        let lock = lock.clone();
        move || {
            lock.acquire();
            lock.release();
        }
    });
    // Wakes it in vain until it has waited long enough to say so.
    until_contended(&lock);
    while lock.state.load(Relaxed) != STARVED {
        crate::park::wake_one(&raw const lock.state);
        thread::yield_now();
    }
    lock.release();
    sleeper.join().unwrap();
    assert!(lock.try_acquire());
}

#[test]
fn a_lock_that_is_handed_over_has_no_owner_yet() {
    let lock = RawLock::new();
    lock.state.store(HANDED, Relaxed);
    assert!(lock.is_locked() && !lock.try_acquire() && !lock.try_release());
    assert!(!lock.acquire_timeout(Duration::ZERO));
}

#[test]
fn one_that_gives_up_takes_its_note_along_or_the_lock() {
    let lock = RawLock::new();
    lock.acquire();
    lock.state.store(STARVED, Relaxed);
    assert!(!lock.is_handed_to_one_that_gives_up());
    assert_eq!(lock.state.load(Relaxed), CONTENDED);
    assert!(!lock.is_handed_to_one_that_gives_up());
    lock.state.store(HANDED, Relaxed);
    assert!(lock.is_handed_to_one_that_gives_up(), "it is the one that has slept");
    lock.release();
    assert!(!lock.is_locked());
}

#[test]
fn a_panic_unlocks_and_leaves_the_data_as_it_was() {
    let lock = Lock::new(0);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        *lock.lock() = 7;
        let _guard = lock.lock();
        panic!("with the lock held");
    }));
    assert!(panicked.is_err());
    assert_eq!(*lock.try_lock().expect("a panic must unlock"), 7);
}

#[test]
fn releasing_an_unlocked_lock_panics_and_says_what_to_do() {
    let lock = RawLock::new();
    let panic = catch_unwind(|| lock.release()).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("released a lock that is not held"), "{message}");
    assert!(message.contains("try_release"), "{message}");
    assert!(!lock.try_release());
    assert!(lock.try_acquire(), "the failed releases must leave it as it was");
}

#[test]
fn another_thread_may_release_a_raw_lock() {
    let lock = RawLock::new();
    lock.acquire();
    thread::scope(|s| {
        s.spawn(|| lock.release());
    });
    assert!(!lock.is_locked());
    lock.acquire();
    assert!(lock.try_release());
}

#[test]
fn a_zero_time_out_is_one_try_and_leaves_no_note() {
    let lock = RawLock::new();
    assert!(lock.acquire_timeout(Duration::ZERO));
    assert!(!lock.acquire_timeout(Duration::ZERO));
    assert_ne!(lock.state.load(Relaxed), CONTENDED);
}

#[test]
fn a_past_deadline_is_one_try() {
    let lock = Lock::new(());
    let guard = lock.lock_deadline(Instant::now()).expect("it is free");
    assert!(lock.lock_deadline(Instant::now()).is_none());
    drop(guard);
    assert!(lock.lock_deadline(Instant::now()).is_some(), "a waiter that gave up harmed the lock");
}

#[test]
fn a_time_out_is_never_early() {
    let lock = Lock::new(());
    let _guard = lock.lock();
    let (start, timeout) = (Instant::now(), Duration::from_millis(10));
    assert!(lock.lock_timeout(timeout).is_none());
    assert!(start.elapsed() >= timeout);
}

#[test]
fn a_time_out_too_long_for_the_clock_waits_for_ever() {
    let lock = Arc::new(RawLock::new());
    lock.acquire();
    let waiter = thread::spawn({
        let lock = Arc::clone(&lock);
        move || lock.acquire_timeout(Duration::MAX)
    });
    until_contended(&lock);
    lock.release();
    assert!(waiter.join().unwrap());
}

#[test]
fn a_sleeper_gets_the_lock_when_it_is_released() {
    let lock = Arc::new(Lock::new(0));
    let mut guard = lock.lock();
    let waiter = thread::spawn({
        let lock = Arc::clone(&lock);
        move || *lock.lock_timeout(FAR).expect("an hour is enough")
    });
    until_contended(&lock.raw);
    *guard = 5;
    drop(guard);
    assert_eq!(waiter.join().unwrap(), 5);
}

/// The bug: a timed waiter is woken, finds its time over and leaves at once, and the wake-up is
/// lost with it. The thread that barged in unlocks a lock that says `LOCKED`, and the other sleeper
/// is never woken.
#[test]
fn timed_waiters_that_leave_never_strand_a_sleeper() {
    const ROUNDS: u32 = if cfg!(miri) { 20 } else { 2_000 };
    let lock = Arc::new(RawLock::new());
    let entered = Arc::new(Counter::new(0));
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let (lock, entered) = (Arc::clone(&lock), Arc::clone(&entered));
            thread::spawn(move || {
                for round in 0..ROUNDS {
                    let patience = Duration::from_micros(u64::from(round % 40));
                    if number % 2 == 1 {
                        lock.acquire(); // stranded, this one would never wake up
                    } else if !lock.acquire_timeout(patience) {
                        continue;
                    }
                    entered.fetch_add(1, SeqCst);
                    lock.release();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(entered.load(SeqCst) >= 2 * ROUNDS, "both patient threads came through every time");
    assert!(!lock.is_locked());
}

#[test]
fn debug_never_blocks_and_says_whether_it_is_locked() {
    let lock = Lock::new(3);
    assert_eq!(format!("{lock:?}"), "Lock { data: 3 }");
    let guard = lock.lock();
    assert_eq!(format!("{lock:?}"), "Lock { data: <locked> }");
    assert_eq!(format!("{guard:?} {guard}"), "3 3");
    assert_eq!(format!("{:?}", RawLock::new()), "RawLock { locked: false }");
}

#[test]
fn made_in_a_constant_from_a_value_and_by_default() {
    static GLOBAL: Lock<u32> = Lock::new(4);
    assert_eq!(*GLOBAL.lock(), 4);
    let mut lock: Lock<String> = "owned".to_owned().into();
    lock.get_mut().push('!');
    assert_eq!(lock.into_inner(), "owned!");
    assert_eq!(*Lock::<u8>::default().lock(), 0);
    assert!(!RawLock::default().is_locked());
}

#[test]
fn data_without_a_size_can_be_guarded() {
    let lock: Arc<Lock<[u8]>> = Arc::new(Lock::new([1, 2, 3]));
    lock.lock()[0] = 9;
    assert_eq!(&*lock.lock(), [9, 2, 3]);
}

#[test]
#[cfg_attr(
    feature = "deadlock-detection",
    ignore = "with the detector there is a name and an owner, too"
)]
fn a_lock_costs_a_word_beside_its_data() {
    assert_eq!(size_of::<RawLock>(), 4);
    assert_eq!(size_of::<Lock<u32>>(), 8);
    assert_eq!(size_of::<LockGuard<'_, u64>>(), size_of::<usize>());
}
