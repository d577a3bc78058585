//! `task_done`, `unfinished` and the two forms of `join`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{FAR, SHORT, call, full, until_joining};
use crate::{Queue, TaskDoneError};

#[test]
fn an_item_is_unfinished_from_put_to_task_done_whoever_has_it() {
    let queue = Queue::bounded(2);
    queue.put(1).unwrap();
    queue.put(2).unwrap();
    assert_eq!(queue.unfinished(), 2);
    queue.get().unwrap();
    assert_eq!(queue.unfinished(), 2, "got is not done");
    queue.task_done().unwrap();
    assert_eq!(queue.unfinished(), 1);
    assert!(queue.try_put(3).is_ok() && queue.try_put(4).is_err());
    assert_eq!(queue.unfinished(), 2, "what did not get in is nothing to do");
}

#[test]
fn task_done_too_often_is_an_error_and_leaves_the_count_as_it_was() {
    let queue = Queue::bounded(1);
    assert_eq!(queue.task_done(), Err(TaskDoneError));
    assert_eq!(queue.unfinished(), 0);
    queue.put(1).unwrap();
    assert_eq!(queue.task_done(), Ok(()));
    assert_eq!(queue.task_done(), Err(TaskDoneError));
    assert_eq!(queue.unfinished(), 0);
    assert_eq!(queue.len(), 1, "the item itself is none of its business");
}

#[test]
fn join_returns_at_once_where_there_is_nothing_to_do() {
    let queue = Queue::<u8>::bounded(1);
    queue.join();
    assert!(queue.join_timeout(Duration::ZERO));
    assert!(queue.join_timeout(Duration::MAX));
    queue.shutdown();
    queue.join();
}

#[test]
fn every_join_returns_at_the_last_task_done_and_not_before() {
    let queue = Arc::new(Queue::unbounded());
    (0..3).for_each(|item| queue.put(item).unwrap());
    let joins = [
        call(&queue, |queue| {
            queue.join();
            queue.unfinished()
        }),
        call(&queue, |queue| {
            assert!(queue.join_timeout(FAR));
            queue.unfinished()
        }),
        call(&queue, |queue| {
            assert!(queue.join_timeout(Duration::MAX));
            queue.unfinished()
        }),
    ];
    for _ in 0..3 {
        until_joining(&queue, 3);
        queue.get().unwrap();
        queue.task_done().unwrap();
    }
    for join in joins {
        assert_eq!(join.result(), 0);
    }
}

#[test]
fn join_timeout_says_whether_all_was_done_and_is_never_early() {
    let queue = full(1);
    assert!(!queue.join_timeout(Duration::ZERO));
    let start = Instant::now();
    assert!(!queue.join_timeout(SHORT));
    assert!(start.elapsed() >= SHORT);
    queue.get().unwrap();
    assert!(!queue.join_timeout(Duration::ZERO), "got is not done");
    queue.task_done().unwrap();
    assert!(queue.join_timeout(Duration::ZERO));
}

#[test]
fn a_queue_that_was_joined_goes_on() {
    let queue = Queue::bounded(1);
    for item in 0..2 {
        queue.put(item).unwrap();
        assert!(!queue.join_timeout(Duration::ZERO));
        assert_eq!(queue.get(), Ok(item));
        queue.task_done().unwrap();
        queue.join();
    }
}
