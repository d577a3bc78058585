//! The semaphore, the event, the condition and the barrier: among threads, and when a process dies.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use crate::forked::{die, fork};
use crate::*;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(5);

#[test]
fn the_permits_of_a_killed_process_come_back() {
    let seats = SharedSemaphore::new(2).expect("there is memory");
    let child = fork(|| {
        std::mem::forget((seats.acquire(), seats.acquire()));
        die()
    });
    assert_eq!(child.end(), Err(libc::SIGKILL));
    assert_eq!(seats.available(), 0);
    let permits = [seats.try_acquire(), seats.acquire_timeout(LONG)];
    assert!(permits.iter().all(Option::is_some));
    assert!(seats.acquire_timeout(SHORT).is_none());
    drop(permits);
    assert_eq!(seats.available(), 2);
}

#[test]
fn a_sleeper_gets_the_permit_of_a_killed_process() {
    let seats = SharedSemaphore::new(1).expect("there is memory");
    let ready = SharedEvent::new().expect("there is memory");
    let child = fork(|| {
        std::mem::forget(seats.acquire());
        ready.set();
        loop {
            thread::park();
        }
    });
    ready.wait();
    thread::scope(|s| {
        let sleeper = s.spawn(|| seats.acquire_timeout(LONG).is_some());
        child.kill();
        assert!(sleeper.join().expect("it ends"));
    });
    assert_eq!(child.end(), Err(libc::SIGKILL));
    assert_eq!(seats.reclaim(), 0);
}

#[test]
fn permits_are_made_and_used_up() {
    let things = SharedSemaphore::new(0).expect("there is memory");
    assert!(things.try_acquire().is_none());
    assert!(things.acquire_deadline(Instant::now()).is_none());
    things.release(3);
    things.acquire().forget();
    drop(things.acquire());
    assert_eq!(things.available(), 2);
    let too_many = std::panic::catch_unwind(|| things.release(SharedSemaphore::MAX_PERMITS));
    assert!(too_many.is_err());
    assert!(std::panic::catch_unwind(|| things.release(0)).is_err());
    assert_eq!(things.available(), 2);
}

#[test]
fn no_more_than_the_permits_are_inside() {
    let seats = SharedSemaphore::new(3).expect("there is memory");
    let inside = SharedMemory::new(8).expect("there is memory");
    thread::scope(|s| {
        for _ in 0..6 {
            s.spawn(|| {
                for _ in 0..1000 {
                    let _seat = seats.acquire();
                    assert!(inside.atomic(0).fetch_add(1, SeqCst) < 3);
                    inside.atomic(0).fetch_sub(1, SeqCst);
                }
            });
        }
    });
    assert_eq!(seats.available(), 3);
}

#[test]
fn an_event_reaches_all_that_wait_even_if_it_is_cleared_at_once() {
    let event = SharedEvent::new().expect("there is memory");
    assert!(!event.wait_timeout(Duration::ZERO));
    assert!(!event.wait_deadline(Instant::now() + SHORT));
    for _ in 0..100 {
        thread::scope(|s| {
            let waiting: Vec<_> = (0..3).map(|_| s.spawn(|| event.wait_timeout(LONG))).collect();
            while waiting.iter().any(|waiter| !waiter.is_finished()) {
                event.set();
                event.clear();
            }
            assert!(waiting.into_iter().all(|waiter| waiter.join().expect("it ends")));
        });
    }
    event.set();
    event.set();
    assert!(event.is_set());
    event.wait();
    event.clear();
    event.clear();
    assert!(!event.is_set());
}

#[test]
fn a_set_does_not_hang_when_a_waiter_was_killed() {
    let event = SharedEvent::new().expect("there is memory");
    let children: Vec<_> = (0..3).map(|_| fork(|| event.wait())).collect();
    for child in &children[1..] {
        child.kill();
    }
    event.set();
    let ends: Vec<_> = children.into_iter().map(forked::Child::end).collect();
    assert_eq!(ends, [Ok(0), Err(libc::SIGKILL), Err(libc::SIGKILL)]);
}

#[test]
fn a_condition_outlives_those_that_wait_on_it() {
    let things = SharedLock::new(0u32).expect("there is memory");
    let changed = SharedCondition::new().expect("there is memory");
    let take = || {
        let mut guard = things.lock().unwrap_or_else(|died| died.repair());
        while changed.wait_while(&mut guard, |things| *things == 0).is_err() {
            guard.repair();
        }
        *guard -= 1;
    };
    let children: Vec<_> = (0..4).map(|_| fork(take)).collect();
    children[0].kill();
    children[1].kill();
    for _ in 0..2 {
        // A process may be killed just when it holds the lock.
        *things.lock().unwrap_or_else(|died| died.repair()) += 1;
        changed.notify_one();
    }
    let mut ends: Vec<_> = children.into_iter().map(forked::Child::end).collect();
    ends.sort_unstable();
    assert_eq!(ends, [Ok(0), Ok(0), Err(libc::SIGKILL), Err(libc::SIGKILL)]);
    let mut guard = things.lock().unwrap_or_else(|died| died.repair());
    let waited = changed.wait_timeout_while(&mut guard, SHORT, |things| *things == 0);
    assert!(waited.expect("no owner died").timed_out());
    assert!(changed.wait_timeout(&mut guard, SHORT).expect("no owner died").timed_out());
}

#[test]
fn a_waiter_is_told_that_another_owner_died() {
    let things = SharedLock::new(0u32).expect("there is memory");
    let changed = SharedCondition::new().expect("there is memory");
    let mut guard = things.lock().expect("no owner dies");
    let child = fork(|| {
        let mut guard = things.lock().unwrap_or_else(|_| die());
        *guard = 7;
        changed.notify_all();
        die()
    });
    let told = changed.wait_while(&mut guard, |_| true);
    assert!(told.is_err());
    assert_eq!(*guard, 7);
    guard.repair();
    drop(guard);
    assert!(things.lock().is_ok());
    assert_eq!(child.end(), Err(libc::SIGKILL));
}

#[test]
fn a_barrier_lets_all_go_on_together() {
    let barrier = SharedBarrier::new(3).expect("there is memory");
    let leaders = SharedMemory::new(8).expect("there is memory");
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for _ in 0..300 {
                    let result = barrier.wait().expect("no owner dies");
                    leaders.atomic(0).fetch_add(u64::from(result.is_leader()), SeqCst);
                    assert_eq!(result.is_leader(), result.index() == 2);
                }
            });
        }
    });
    assert_eq!(leaders.atomic(0).load(SeqCst), 300);
    assert_eq!((barrier.parties(), barrier.n_waiting(), barrier.is_broken()), (3, 0, false));
}

#[test]
fn a_barrier_breaks_when_one_that_waits_is_killed_and_can_be_reset() {
    let barrier = SharedBarrier::new(3).expect("there is memory");
    let child = fork(|| assert!(barrier.wait().is_err()));
    while barrier.n_waiting() == 0 {
        thread::yield_now();
    }
    child.kill();
    assert_eq!(child.end(), Err(libc::SIGKILL));
    assert_eq!(barrier.wait(), Err(BrokenSharedBarrier));
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait_timeout(LONG), Err(BrokenSharedBarrier));
    barrier.reset();
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| assert!(barrier.wait_timeout(LONG).is_ok()));
        }
    });
}

#[test]
fn a_barrier_breaks_when_one_is_killed_between_two_rounds() {
    let barrier = SharedBarrier::new(2).expect("there is memory");
    let child = fork(|| {
        let _ = barrier.wait();
        die()
    });
    assert!(barrier.wait().is_ok());
    assert_eq!(barrier.wait_timeout(LONG), Err(BrokenSharedBarrier), "within 20 ms");
    assert_eq!(child.end(), Err(libc::SIGKILL));
}

#[test]
fn a_barrier_breaks_by_time_abort_and_reset() {
    let barrier = SharedBarrier::new(2).expect("there is memory");
    assert_eq!(barrier.wait_timeout(SHORT), Err(BrokenSharedBarrier));
    assert_eq!(barrier.wait_deadline(Instant::now()), Err(BrokenSharedBarrier));
    for end in [SharedBarrier::abort, SharedBarrier::reset] {
        barrier.reset();
        thread::scope(|s| {
            let waiter = s.spawn(|| barrier.wait());
            while barrier.n_waiting() == 0 {
                thread::yield_now();
            }
            end(&barrier);
            assert_eq!(waiter.join().expect("it ends"), Err(BrokenSharedBarrier));
        });
    }
    assert!(std::panic::catch_unwind(|| SharedBarrier::new(0)).is_err());
}
