//! The corner cases, each named after what it shows.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{MAX_NESTED, RLock, RLockGuard, RawRLock};
use crate::sync::atomic::Ordering::Relaxed;
use crate::{Condition, Lock};

const FAR: Duration = Duration::from_secs(3600);

/// What another thread finds when it tries the lock.
fn another_can_have(lock: &RawRLock) -> bool {
    thread::scope(|s| {
        s.spawn(|| {
            let taken = lock.try_acquire();
            if taken {
                lock.release();
            }
            taken
        })
        .join()
        .unwrap()
    })
}

#[test]
fn the_owner_may_take_it_again_and_others_wait_for_the_last_release() {
    let lock = RawRLock::new();
    for count in 1..=3 {
        lock.acquire();
        assert_eq!(lock.recursion_count(), count);
    }
    for count in (0..3).rev() {
        assert!(!another_can_have(&lock));
        lock.release();
        assert_eq!(lock.recursion_count(), count);
    }
    assert!(another_can_have(&lock));
}

#[test]
fn every_way_to_take_it_nests() {
    let lock = RawRLock::new();
    lock.acquire();
    assert!(lock.try_acquire());
    assert!(lock.acquire_timeout(Duration::ZERO));
    assert!(lock.acquire_timeout(Duration::MAX));
    assert!(lock.acquire_deadline(Instant::now()));
    assert_eq!(lock.recursion_count(), 5);
}

#[test]
fn to_a_stranger_it_is_locked_but_not_owned() {
    let lock = RawRLock::new();
    assert_eq!((lock.is_locked(), lock.is_owned(), lock.recursion_count()), (false, false, 0));
    lock.acquire();
    lock.acquire();
    assert_eq!((lock.is_locked(), lock.is_owned(), lock.recursion_count()), (true, true, 2));
    thread::scope(|s| {
        s.spawn(|| {
            assert_eq!(
                (lock.is_locked(), lock.is_owned(), lock.recursion_count()),
                (true, false, 0)
            );
        });
    });
}

#[test]
fn only_the_owner_may_release() {
    let lock = RawRLock::new();
    lock.acquire();
    thread::scope(|s| {
        s.spawn(|| {
            assert!(!lock.try_release());
            let panic = catch_unwind(|| lock.release()).unwrap_err();
            let message = panic.downcast_ref::<&str>().unwrap();
            assert!(message.contains("that this thread does not hold"), "{message}");
        });
    });
    assert_eq!(lock.recursion_count(), 1, "the failed releases must leave it as it was");
    lock.release();
}

#[test]
fn releasing_more_often_than_acquired_panics() {
    let lock = RawRLock::new();
    assert!(!lock.try_release());
    lock.acquire();
    lock.release();
    assert!(catch_unwind(|| lock.release()).is_err());
    assert!(another_can_have(&lock));
}

#[test]
fn a_thread_that_ends_with_the_lock_leaves_it_locked_and_has_no_heir() {
    let lock = Arc::new(RawRLock::new());
    thread::spawn({
        let lock = Arc::clone(&lock);
        move || lock.acquire()
    })
    .join()
    .unwrap();
    for _ in 0..20 {
        // Each new thread may get the addresses of the ended one.
        let lock = Arc::clone(&lock);
        thread::spawn(move || assert!(!lock.is_owned() && !lock.try_acquire())).join().unwrap();
    }
    assert!(lock.is_locked());
}

#[test]
fn more_nesting_than_the_count_has_room_for_panics_and_changes_nothing() {
    let lock = RawRLock::new();
    lock.acquire();
    lock.nested.store(MAX_NESTED - 1, Relaxed);
    lock.acquire();
    assert_eq!(lock.recursion_count(), u32::MAX as usize);
    let takes: [fn(&RawRLock) -> bool; 3] = [
        |lock| {
            lock.acquire();
            true
        },
        RawRLock::try_acquire,
        |lock| lock.acquire_timeout(FAR),
    ];
    for take in takes {
        let panic = catch_unwind(|| take(&lock)).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains("took an rlock 4294967295 times"), "{message}");
        assert_eq!(lock.recursion_count(), u32::MAX as usize);
    }
}

#[test]
fn a_zero_time_out_and_a_past_deadline_are_one_try() {
    let lock = RawRLock::new();
    lock.acquire();
    thread::scope(|s| {
        s.spawn(|| {
            assert!(!lock.acquire_timeout(Duration::ZERO));
            assert!(!lock.acquire_deadline(Instant::now()));
        });
    });
    lock.release();
    assert!(lock.acquire_deadline(Instant::now()), "a waiter that gave up harmed the lock");
}

#[test]
fn a_time_out_is_never_early() {
    let lock = RLock::new(());
    let _guard = lock.lock();
    thread::scope(|s| {
        s.spawn(|| {
            let (start, timeout) = (Instant::now(), Duration::from_millis(10));
            assert!(lock.lock_timeout(timeout).is_none());
            assert!(lock.lock_deadline(start + timeout).is_none());
            assert!(start.elapsed() >= timeout);
        });
    });
}

#[test]
fn a_sleeper_gets_the_lock_at_the_last_release() {
    let lock = Arc::new(RLock::new(Cell::new(0)));
    let outer = lock.lock();
    let inner = lock.lock();
    let waiters = [FAR, Duration::MAX].map(|timeout| {
        let lock = Arc::clone(&lock);
        thread::spawn(move || lock.lock_timeout(timeout).expect("long enough").get())
    });
    inner.set(5);
    drop(outer);
    assert_eq!(lock.recursion_count(), 1, "guards may go in any order");
    drop(inner);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), 5);
    }
}

#[test]
fn a_panic_releases_what_it_unwinds_and_no_more() {
    let lock = RLock::new(RefCell::new(vec![1]));
    let outer = lock.lock();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let inner = lock.lock();
        inner.borrow_mut().push(2);
        panic!("with the lock held twice");
    }));
    assert!(panicked.is_err());
    assert_eq!(lock.recursion_count(), 1);
    assert_eq!(*outer.borrow(), [1, 2], "and leaves the data as it was");
}

#[test]
fn a_condition_waits_with_it_however_often_it_is_held() {
    #[derive(Default)]
    struct Seen {
        inside: bool,
        ready: bool,
    }
    for depth in [1, 3] {
        let shared = Arc::new((RawRLock::new(), Condition::new(), Lock::new(Seen::default())));
        let waiter = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let (lock, condition, seen) = &*shared;
                for _ in 0..depth {
                    lock.acquire();
                }
                seen.lock().inside = true;
                condition.wait_raw_while(lock, || !seen.lock().ready);
                assert_eq!(lock.recursion_count(), depth, "taken again as often as it was held");
                assert!(condition.wait_raw_timeout(lock, Duration::ZERO).timed_out());
                assert_eq!(lock.recursion_count(), depth);
                for _ in 0..depth {
                    lock.release();
                }
                assert!(!lock.is_owned());
            }
        });
        let (lock, condition, seen) = &*shared;
        while !seen.lock().inside {
            thread::yield_now();
        }
        lock.acquire(); // if the wait kept a part of it, this would never return
        seen.lock().ready = true;
        condition.notify_one();
        lock.release();
        waiter.join().unwrap();
    }
}

#[test]
fn waiting_without_the_lock_panics_and_says_so() {
    let (lock, condition) = (RawRLock::new(), Condition::new());
    let panic = catch_unwind(AssertUnwindSafe(|| condition.wait_raw(&lock))).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("with an rlock that this thread does not hold"), "{message}");
    assert!(!lock.is_locked());
}

/// Timed waiters leave while owners nest, release and come back: no thread sleeps on, and no thread
/// sees the data while another holds the lock.
#[test]
fn timed_waiters_that_leave_never_strand_a_sleeper() {
    const ROUNDS: u32 = if cfg!(miri) { 20 } else { 2_000 };
    let shared = Arc::new((RLock::new(Cell::new(0_u32)), Lock::new(0_u32)));
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (lock, entered) = &*shared;
                for round in 0..ROUNDS {
                    let patience = Duration::from_micros(u64::from(round % 40));
                    let patience = if number % 2 == 1 { Duration::MAX } else { patience };
                    let Some(outer) = lock.lock_timeout(patience) else { continue };
                    let before = outer.get();
                    let inner = lock.try_lock().expect("the owner may");
                    inner.set(before + 1);
                    *entered.lock() += 1;
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let (lock, entered) = Arc::into_inner(shared).unwrap();
    assert!(!lock.is_locked());
    let entered = entered.into_inner();
    assert!(entered >= 2 * ROUNDS, "both patient threads came through every time");
    assert_eq!(lock.into_inner().get(), entered);
}

#[test]
fn debug_never_blocks_and_says_whether_it_is_locked() {
    let lock = RLock::new(3);
    assert_eq!(format!("{lock:?}"), "RLock { data: 3 }");
    let guard = lock.lock();
    assert_eq!(format!("{lock:?}"), "RLock { data: 3 }", "its owner may look");
    thread::scope(|s| {
        s.spawn(|| assert_eq!(format!("{lock:?}"), "RLock { data: <locked> }"));
    });
    assert_eq!(format!("{guard:?} {guard}"), "3 3");
    assert_eq!(lock.recursion_count(), 1, "looking leaves nothing behind");

    let raw = RawRLock::new();
    assert_eq!(format!("{raw:?}"), "RawRLock { locked: false }");
    raw.acquire();
    raw.acquire();
    assert_eq!(format!("{raw:?}"), "RawRLock { locked: true, count: 2 }");
}

#[test]
fn made_in_a_constant_from_a_value_and_by_default() {
    static GLOBAL: RLock<Cell<u32>> = RLock::new(Cell::new(4));
    assert_eq!(GLOBAL.lock().get(), 4);
    let mut lock: RLock<String> = "owned".to_owned().into();
    lock.get_mut().push('!');
    assert_eq!(lock.into_inner(), "owned!");
    assert_eq!(*RLock::<u8>::default().lock(), 0);
    assert!(!RawRLock::default().is_locked());
}

#[test]
fn data_without_a_size_can_be_guarded() {
    let lock: Arc<RLock<[Cell<u8>]>> = Arc::new(RLock::new([1, 2, 3].map(Cell::new)));
    lock.lock()[0].set(9);
    assert_eq!(lock.lock()[0].get(), 9);
}

#[test]
#[cfg_attr(
    feature = "deadlock-detection",
    ignore = "with the detector there is a name and an owner, too"
)]
fn an_rlock_costs_sixteen_bytes_beside_its_data() {
    assert_eq!(size_of::<RawRLock>(), 16);
    assert_eq!(size_of::<RLock<u64>>(), 24);
    assert_eq!(size_of::<RLockGuard<'_, u64>>(), size_of::<usize>());
}
