//! Which waiters a shutdown wakes, with what result, and in which order it returns the items.

use std::sync::Arc;
use std::time::Duration;

use super::{FAR, call, far, full, until_asleep, until_joining};
use crate::{Discipline, GetError, GetTimeoutError, PutError, PutTimeoutError, Queue};

/// Both ways to end a queue must wake the same threads.
const BOTH: [fn(&Queue<u8>); 2] = [Queue::shutdown, |queue| drop(queue.shutdown_now())];

#[test]
fn a_shutdown_wakes_blocked_putters_and_each_gets_its_item_back() {
    for end in BOTH {
        let queue = full(0);
        let put = call(&queue, |queue| queue.put(1));
        let put_timeout = call(&queue, |queue| queue.put_timeout(2, FAR));
        let put_max = call(&queue, |queue| queue.put_timeout(3, Duration::MAX));
        let put_deadline = call(&queue, |queue| queue.put_deadline(4, far()));
        until_asleep(&queue, 4, 0);
        end(&queue);
        assert_eq!(put.result(), Err(PutError::Shutdown(1)));
        assert_eq!(put_timeout.result(), Err(PutTimeoutError::Shutdown(2)));
        assert_eq!(put_max.result(), Err(PutTimeoutError::Shutdown(3)));
        assert_eq!(put_deadline.result(), Err(PutTimeoutError::Shutdown(4)));
    }
}

#[test]
fn a_shutdown_wakes_blocked_getters() {
    for end in BOTH {
        let queue = Arc::new(Queue::bounded(1));
        let get = call(&queue, |queue| queue.get());
        let get_timeout = call(&queue, |queue| queue.get_timeout(FAR));
        let get_max = call(&queue, |queue| queue.get_timeout(Duration::MAX));
        let get_deadline = call(&queue, |queue| queue.get_deadline(far()));
        let next = call(&queue, |queue| queue.iter().next());
        until_asleep(&queue, 0, 5);
        end(&queue);
        assert_eq!(get.result(), Err(GetError::Shutdown));
        assert_eq!(get_timeout.result(), Err(GetTimeoutError::Shutdown));
        assert_eq!(get_max.result(), Err(GetTimeoutError::Shutdown));
        assert_eq!(get_deadline.result(), Err(GetTimeoutError::Shutdown));
        assert_eq!(next.result(), None);
    }
}

#[test]
fn a_blocked_putter_is_refused_even_if_there_is_room_by_the_time_it_runs() {
    let queue = full(0);
    let put = call(&queue, |queue| queue.put(1));
    until_asleep(&queue, 1, 0);
    // Under the lock, so that the putter cannot run between the two.
    let mut state = queue.state.lock();
    state.shut_down = true;
    assert!(state.items.pop().is_some());
    drop(state);
    queue.not_full.notify_all();
    assert_eq!(put.result(), Err(PutError::Shutdown(1)));
}

#[test]
fn a_blocked_getter_takes_an_item_that_came_before_the_shutdown() {
    let queue = Arc::new(Queue::bounded(1));
    let get = call(&queue, |queue| queue.get());
    until_asleep(&queue, 0, 1);
    let mut state = queue.state.lock();
    state.items.insert(0, 9);
    state.shut_down = true;
    drop(state);
    queue.not_empty.notify_all();
    assert_eq!(get.result(), Ok(9));
}

#[test]
fn shutdown_now_gives_back_what_was_left_in_the_order_of_get_and_it_counts_as_done() {
    let queue = Queue::bounded(3);
    queue.put('a').unwrap();
    queue.put('b').unwrap();
    assert_eq!(queue.get(), Ok('a'));
    queue.put('c').unwrap();
    queue.put('d').unwrap(); // the buffer wraps round
    assert_eq!(queue.shutdown_now(), ['b', 'c', 'd']);
    assert!(queue.is_empty());
    assert_eq!(queue.unfinished(), 1, "the item that was got is still in use");
    assert_eq!(queue.get(), Err(GetError::Shutdown));
    queue.task_done().unwrap();
    queue.join();
}

#[test]
fn shutdown_leaves_the_unfinished_as_they_are_and_join_goes_on_waiting() {
    let queue = full(1);
    let join = call(&queue, Queue::join);
    until_joining(&queue, 1);
    queue.shutdown();
    assert_eq!(queue.unfinished(), 1);
    assert!(!queue.join_timeout(Duration::ZERO));
    until_joining(&queue, 1);
    assert_eq!(queue.get(), Ok(1));
    queue.task_done().unwrap();
    join.result();
}

#[test]
fn shutdown_now_lets_join_return_if_nobody_is_working_on_an_item() {
    let queue = full(1);
    let join = call(&queue, Queue::join);
    until_joining(&queue, 1);
    assert_eq!(queue.shutdown_now(), [1]);
    join.result();
    assert_eq!(queue.unfinished(), 0);
}

#[test]
fn after_shutdown_now_join_still_waits_for_the_items_in_somebodys_hands() {
    let queue = Arc::new(Queue::bounded(2));
    queue.put(1).unwrap();
    queue.put(2).unwrap();
    assert_eq!(queue.get(), Ok(1));
    let join = call(&queue, Queue::join);
    until_joining(&queue, 1);
    assert_eq!(queue.shutdown_now(), [2]);
    assert!(!queue.join_timeout(Duration::ZERO));
    until_joining(&queue, 1);
    queue.task_done().unwrap();
    join.result();
}

#[test]
fn shutdown_now_never_counts_below_zero_where_task_done_came_before_get() {
    let queue = Queue::bounded(2);
    queue.put(1).unwrap();
    queue.put(2).unwrap();
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    assert_eq!(queue.shutdown_now(), [1, 2]);
    assert_eq!(queue.unfinished(), 0);
}

#[test]
fn a_second_shutdown_changes_nothing_and_shutdown_now_still_empties() {
    let queue = Queue::bounded(2);
    assert!(!queue.is_shutdown());
    queue.put(1).unwrap();
    queue.shutdown();
    queue.shutdown();
    assert!(queue.is_shutdown());
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.shutdown_now(), [1]);
    assert_eq!(queue.shutdown_now(), []);
    assert!(queue.is_shutdown());
}
