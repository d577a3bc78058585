//! Shutdown, task_done and join.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{ENDED, FAR, Ring, SHORT, SeqCst, call, full};
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};

/// Both ways to end a ring must wake the same threads.
const BOTH: [fn(&Ring<usize>); 2] = [Ring::shutdown, |ring| drop(ring.shutdown_now())];

#[test]
fn a_shutdown_wakes_putters_and_each_gets_its_item_back() {
    for end in BOTH {
        let ring = full(2);
        let put = call(&ring, |ring| ring.put(7));
        let put_timeout = call(&ring, |ring| ring.put_timeout(8, FAR));
        ring.until_asleep(2, 0);
        end(&ring);
        assert_eq!(put.join().unwrap(), Err(PutError::Shutdown(7)));
        assert_eq!(put_timeout.join().unwrap(), Err(PutTimeoutError::Shutdown(8)));
        assert_eq!(ring.try_put(9), Err(TryPutError::Shutdown(9)));
        ring.until_asleep(0, 0);
    }
}

#[test]
fn a_shutdown_wakes_getters() {
    for end in BOTH {
        let ring = Arc::new(Ring::bounded_in_its_last_lap(2));
        let get = call(&ring, Ring::get);
        let get_timeout = call(&ring, |ring| ring.get_timeout(FAR));
        let next = call(&ring, |ring| ring.iter().next());
        ring.until_asleep(0, 3);
        end(&ring);
        assert_eq!(get.join().unwrap(), Err(GetError::Shutdown));
        assert_eq!(get_timeout.join().unwrap(), Err(GetTimeoutError::Shutdown));
        assert_eq!(next.join().unwrap(), None);
        ring.until_asleep(0, 0);
    }
}

#[test]
fn what_was_put_before_a_shutdown_can_still_be_got() {
    let ring = full(3);
    ring.shutdown();
    ring.shutdown();
    assert!(ring.is_shutdown());
    assert_eq!((&*ring).into_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(ring.try_get(), Err(TryGetError::Shutdown));
    assert_eq!(ring.get_timeout(FAR), Err(GetTimeoutError::Shutdown), "at once");
    assert_eq!(ring.unfinished(), 3, "got is not done");
}

#[test]
fn shutdown_now_gives_what_was_left_in_the_order_of_get() {
    let ring = full(3);
    assert_eq!(ring.get(), Ok(0));
    ring.put(3).unwrap();
    assert_eq!(ring.shutdown_now(), [1, 2, 3]);
    assert_eq!(ring.shutdown_now(), []);
    assert_eq!(ring.len(), 0);
    assert_eq!(ring.try_get(), Err(TryGetError::Shutdown));
    assert_eq!(ring.try_put(4), Err(TryPutError::Shutdown(4)));
    assert_eq!(ring.unfinished(), 1, "the item that was got is still in use");
}

#[test]
fn shutdown_now_after_shutdown_still_empties() {
    let ring = full(2);
    ring.shutdown();
    assert_eq!(ring.shutdown_now(), [0, 1]);
    assert_eq!(ring.get(), Err(GetError::Shutdown));
}

#[test]
fn shutdown_now_waits_for_an_item_that_is_on_its_way() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(2));
    let first = ring.begin_to_put();
    ring.put(1).unwrap();
    let left = call(&ring, Ring::shutdown_now);
    super::until("shut down", || ring.is_shutdown());
    ring.end_to_put(first, 0);
    assert_eq!(left.join().unwrap(), [0, 1]);
}

#[test]
fn a_getter_that_waits_for_an_item_on_its_way_gets_it_in_spite_of_a_shutdown() {
    let ring = Arc::new(Ring::bounded_in_its_last_lap(2));
    let first = ring.begin_to_put();
    ring.shutdown();
    let get = call(&ring, Ring::get);
    thread::yield_now();
    ring.end_to_put(first, 5);
    assert_eq!(get.join().unwrap(), Ok(5), "it was put before the shutdown");
}

#[test]
fn whoever_meets_half_a_shutdown_now_completes_it_before_it_says_so() {
    let half_way = || {
        let ring = full(2);
        ring.head.0.fetch_or(ENDED, SeqCst);
        ring
    };
    let ring = half_way();
    assert_eq!(ring.try_get(), Err(TryGetError::Shutdown));
    assert!(ring.is_shutdown(), "no `put` may succeed any more");
    let ring = half_way();
    assert_eq!(ring.try_put(9), Err(TryPutError::Shutdown(9)));
    assert!(ring.is_shutdown());
    let ring = half_way();
    assert_eq!(ring.put_timeout(9, FAR), Err(PutTimeoutError::Shutdown(9)), "does not sleep");
}

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn every_item_comes_out_once_whoever_shuts_down_while_others_put_and_get() {
    for round in 0..50 {
        let ring = Ring::bounded_in_its_last_lap(1 + round % 3);
        let (put, got, left) = thread::scope(|s| {
            let putters: Vec<_> = (0..2)
                .map(|_| s.spawn(|| (0..200).filter(|_| ring.put(()).is_ok()).count()))
                .collect();
            let getter = s.spawn(|| ring.iter().count());
            let enders: Vec<_> = (0..2)
                .map(|_| {
                    s.spawn(|| {
                        super::until("some items", || {
                            ring.unfinished() > 20 * (round % 5) || ring.is_shutdown()
                        });
                        ring.shutdown_now().len()
                    })
                })
                .collect();
            let sum = |threads: Vec<thread::ScopedJoinHandle<'_, usize>>| -> usize {
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            };
            (sum(putters), getter.join().unwrap(), sum(enders))
        });
        assert_eq!(put, got + left);
        assert_eq!(ring.unfinished(), got);
    }
}

#[test]
fn join_returns_when_the_last_item_is_done_and_not_before() {
    let ring = full(2);
    let join = call(&ring, Ring::join);
    ring.until_joining(1);
    ring.task_done().unwrap();
    assert!(!ring.join_timeout(Duration::ZERO));
    assert!(!ring.join_timeout(SHORT));
    ring.until_joining(1);
    ring.task_done().unwrap();
    join.join().unwrap();
    assert!(ring.join_timeout(Duration::ZERO));
    assert_eq!(ring.task_done(), Err(TaskDoneError));
    assert_eq!(ring.unfinished(), 0);
    assert_eq!(ring.get(), Ok(0), "done does not mean got");
}

#[test]
fn every_joiner_returns() {
    let ring = full(1);
    let joins: Vec<_> = (0..3).map(|_| call(&ring, Ring::join)).collect();
    let timed = call(&ring, |ring| ring.join_timeout(FAR));
    ring.until_joining(4);
    ring.task_done().unwrap();
    joins.into_iter().for_each(|join| join.join().unwrap());
    assert!(timed.join().unwrap());
}

#[test]
fn a_shutdown_does_not_end_a_join_but_shutdown_now_does_for_what_it_gives_back() {
    let ring = full(2);
    assert_eq!(ring.get(), Ok(0));
    let join = call(&ring, Ring::join);
    ring.until_joining(1);
    ring.shutdown();
    assert_eq!(ring.shutdown_now(), [1]);
    assert!(!ring.join_timeout(Duration::ZERO), "0 is still in use");
    ring.task_done().unwrap();
    join.join().unwrap();
}

#[test]
fn shutdown_now_never_counts_below_zero_where_task_done_came_before_get() {
    let ring = full(2);
    ring.task_done().unwrap();
    ring.task_done().unwrap();
    assert_eq!(ring.shutdown_now(), [0, 1]);
    assert_eq!(ring.unfinished(), 0);
    assert_eq!(ring.task_done(), Err(TaskDoneError));
}

#[test]
fn many_more_items_may_be_unfinished_than_there_are_places() {
    let ring = Ring::bounded_in_its_last_lap(3);
    for item in 0..100 {
        ring.put(item).unwrap();
        assert_eq!(ring.get(), Ok(item));
        assert_eq!(ring.unfinished(), item + 1);
    }
    for left in (0..100).rev() {
        ring.task_done().unwrap();
        assert_eq!(ring.unfinished(), left);
    }
}
