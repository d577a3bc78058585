//! The corner cases, each named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Condition;
use super::lock::Guarded;
use crate::Lock;
use crate::raw::{RawLock, RawRLock};
use crate::sync::atomic::Ordering::Relaxed;

const SHORT: Duration = Duration::from_millis(5);
const FAR: Duration = Duration::from_secs(3600);

/// A number of tickets under a lock, and a condition that says when there are any.
#[derive(Default)]
struct Box_ {
    tickets: Lock<u32>,
    filled: Condition,
}

/// Threads of which each takes a ticket.
fn takers(b: &Arc<Box_>, n: usize) -> Vec<JoinHandle<()>> {
    (0..n)
        .map(|_| {
            let b = Arc::clone(b);
            thread::spawn(move || {
                let mut tickets = b.tickets.lock();
                b.filled.wait_while(&mut tickets, |tickets| *tickets == 0);
                *tickets -= 1;
            })
        })
        .collect()
}

/// Returns once `n` threads wait: each counted itself before it released the lock.
fn until_waiting(condition: &Condition, n: u32) {
    while condition.waiters.load(Relaxed) < n {
        thread::yield_now();
    }
}

#[test]
fn notify_one_is_enough_for_one() {
    let b = Arc::<Box_>::default();
    let threads = takers(&b, 1);
    until_waiting(&b.filled, 1);
    *b.tickets.lock() += 1;
    b.filled.notify_one();
    threads.into_iter().for_each(|t| t.join().unwrap());
}

#[test]
fn notify_all_wakes_everybody() {
    let b = Arc::<Box_>::default();
    let threads = takers(&b, 6);
    until_waiting(&b.filled, 6);
    *b.tickets.lock() += 6;
    b.filled.notify_all();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(*b.tickets.lock(), 0);
}

#[test]
fn notify_n_wakes_as_many_as_there_are_things_to_do() {
    let b = Arc::<Box_>::default();
    let threads = takers(&b, 5);
    until_waiting(&b.filled, 5);
    for n in [2, 3] {
        *b.tickets.lock() += n;
        b.filled.notify(n as usize);
    }
    threads.into_iter().for_each(|t| t.join().unwrap());
}

#[test]
fn notify_more_than_wait_and_notify_none_are_fine() {
    let condition = Condition::new();
    condition.notify_one();
    condition.notify_all();
    condition.notify(usize::MAX);
    condition.notify(0);
    assert_eq!(condition.sequence.load(Relaxed), 0, "without a waiter nothing is written");
}

#[test]
fn a_notification_while_the_lock_is_held_is_not_lost() {
    let b = Arc::<Box_>::default();
    let threads = takers(&b, 1);
    until_waiting(&b.filled, 1);
    let mut tickets = b.tickets.lock();
    b.filled.notify_one();
    *tickets += 1;
    drop(tickets);
    threads.into_iter().for_each(|t| t.join().unwrap());
}

#[test]
fn a_timed_wait_ends_late_but_never_early_with_the_lock_held() {
    let (lock, condition) = (Lock::new(()), Condition::new());
    let mut guard = lock.lock();
    let start = Instant::now();
    let mut timed_out = false;
    while !timed_out {
        timed_out = condition.wait_deadline(&mut guard, start + SHORT).timed_out();
    }
    assert!(start.elapsed() >= SHORT);
    assert!(lock.is_locked());
    drop(guard);
    assert_eq!(format!("{condition:?}"), "Condition { waiters: 0 }");
}

#[test]
fn a_zero_time_out_lets_go_once_and_times_out() {
    let (lock, condition) = (Lock::new(0), Condition::new());
    let mut guard = lock.lock();
    assert!(condition.wait_timeout(&mut guard, Duration::ZERO).timed_out());
    let mut looks = 0;
    let result = condition.wait_timeout_while(&mut guard, Duration::ZERO, |_| {
        looks += 1;
        true
    });
    assert!(result.timed_out());
    assert!(looks >= 2, "looks once more after the time is up");
}

#[test]
fn a_predicate_that_allows_to_go_on_at_the_last_look_is_not_a_time_out() {
    let (lock, condition) = (Lock::new(0), Condition::new());
    let mut looks = 0;
    let result = condition.wait_timeout_while(&mut lock.lock(), SHORT, |_| {
        looks += 1;
        looks == 1
    });
    assert!(!result.timed_out());
    assert!(!condition.wait_timeout_while(&mut lock.lock(), SHORT, |_| false).timed_out());
}

#[test]
fn a_time_out_too_long_for_the_clock_waits_for_ever() {
    let b = Arc::<Box_>::default();
    let waiter = thread::spawn({
        let b = Arc::clone(&b);
        move || {
            let mut tickets = b.tickets.lock();
            b.filled.wait_timeout_while(&mut tickets, Duration::MAX, |tickets| *tickets == 0)
        }
    });
    until_waiting(&b.filled, 1);
    *b.tickets.lock() = 1;
    b.filled.notify_one();
    assert!(!waiter.join().unwrap().timed_out());
}

#[test]
fn a_raw_lock_can_be_waited_with() {
    let shared = Arc::new((RawLock::new(), Condition::new(), Lock::new(false)));
    let waiter = thread::spawn({
        let shared = Arc::clone(&shared);
        move || {
            let (lock, condition, ready) = &*shared;
            lock.acquire();
            condition.wait_raw_while(lock, || !*ready.lock());
            assert!(!condition.wait_raw_timeout_while(lock, FAR, || !*ready.lock()).timed_out());
            assert!(condition.wait_raw_timeout_while(lock, SHORT, || *ready.lock()).timed_out());
            condition.wait_raw_deadline(lock, Instant::now());
            lock.release();
        }
    });
    let (lock, condition, ready) = &*shared;
    until_waiting(condition, 1);
    lock.acquire();
    *ready.lock() = true;
    condition.notify_one();
    lock.release();
    waiter.join().unwrap();
}

#[test]
fn waiting_without_the_lock_panics_and_says_so() {
    let (lock, condition) = (RawLock::new(), Condition::new());
    let panic = catch_unwind(AssertUnwindSafe(|| condition.wait_raw(&lock))).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("with a lock that is not held"), "{message}");
    condition.notify_one(); // finds no waiter
    assert_eq!(format!("{condition:?}"), "Condition { waiters: 0 }");
}

#[test]
fn a_predicate_that_panics_unlocks() {
    let (lock, condition) = (Lock::new(0), Condition::new());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        condition.wait_while(&mut lock.lock(), |_| panic!("in the predicate"));
    }));
    assert!(panicked.is_err());
    assert!(!lock.is_locked());
}

#[test]
fn a_wait_that_unwinds_takes_the_lock_back_first() {
    let (lock, condition) = (Lock::new(0), Condition::new());
    let guard = lock.lock();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        condition.let_go_while(&Guarded::of(&guard), |_| {
            assert!(!lock.is_locked(), "the wait has let it go");
            panic!("in place of a sleep");
        })
    }));
    assert!(unwound.is_err());
    assert!(lock.try_lock().is_none(), "the guard is alive, so no second one is to be had");
    drop(guard);
    assert!(!lock.is_locked());
    assert_eq!(condition.waiters.load(Relaxed), 0);
}

#[test]
fn a_wait_that_unwinds_takes_a_nested_lock_back_as_often() {
    let (rlock, condition) = (RawRLock::new(), Condition::new());
    rlock.acquire();
    rlock.acquire();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        condition.let_go_while(&rlock, |_| panic!("in place of a sleep"))
    }));
    assert!(unwound.is_err());
    assert_eq!(rlock.recursion_count(), 2);
}

#[test]
fn a_wait_with_a_predicate_ends_at_its_deadline_or_when_the_predicate_does() {
    let (lock, condition) = (Lock::new(false), Condition::new());
    let mut guard = lock.lock();
    let mut looks = 0;
    let result = condition.wait_deadline_while(&mut guard, Instant::now(), |is_set| {
        looks += 1;
        !*is_set
    });
    assert!(result.timed_out());
    assert!(looks >= 2, "once more after the time is up");
    thread::scope(|scope| {
        scope.spawn(|| {
            *lock.lock() = true;
            condition.notify_all();
        });
        let far = Instant::now() + Duration::from_secs(3600);
        assert!(!condition.wait_deadline_while(&mut guard, far, |is_set| !*is_set).timed_out());
        assert!(*guard);
    });
}
