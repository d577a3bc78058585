//! The calls one by one, in one thread: what they return where no thread must wait.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use super::{FAR, SHORT, far, full, past};
use crate::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, Queue, TryGetError, TryPutError,
};

#[test]
fn items_come_out_in_the_order_in_which_they_went_in() {
    let queue = Queue::bounded(3);
    for item in 0..3 {
        queue.put(item).unwrap();
    }
    assert_eq!([queue.get(), queue.get()], [Ok(0), Ok(1)]);
    queue.put(3).unwrap(); // round the corner of the buffer
    queue.put(4).unwrap();
    assert_eq!([queue.get(), queue.get(), queue.get()], [Ok(2), Ok(3), Ok(4)]);
}

#[test]
fn every_form_of_put_and_get_succeeds_where_nobody_must_wait() {
    let queue = Queue::bounded(4);
    queue.put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.put_timeout(3, FAR).unwrap();
    queue.put_deadline(4, far()).unwrap();
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.get_timeout(FAR), Ok(3));
    assert_eq!(queue.get_deadline(far()), Ok(4));
}

#[test]
fn a_time_out_of_zero_or_too_long_for_the_clock_and_a_past_deadline_are_a_try_at_least() {
    let queue = Queue::bounded(3);
    queue.put_timeout(1, Duration::ZERO).unwrap();
    queue.put_timeout(2, Duration::MAX).unwrap();
    queue.put_deadline(3, past()).unwrap();
    assert_eq!(queue.get_timeout(Duration::ZERO), Ok(1));
    assert_eq!(queue.get_timeout(Duration::MAX), Ok(2));
    assert_eq!(queue.get_deadline(past()), Ok(3));
}

#[test]
fn a_full_queue_gives_the_item_back_in_every_form_that_gives_up() {
    let queue = full('a');
    assert_eq!(queue.try_put('b'), Err(TryPutError::Full('b')));
    assert_eq!(queue.put_timeout('c', Duration::ZERO), Err(PutTimeoutError::Timeout('c')));
    assert_eq!(queue.put_timeout('d', SHORT), Err(PutTimeoutError::Timeout('d')));
    assert_eq!(queue.put_deadline('e', past()), Err(PutTimeoutError::Timeout('e')));
    assert_eq!((queue.len(), queue.unfinished()), (1, 1), "what failed to get in does not count");
    assert_eq!(queue.get(), Ok('a'));
}

#[test]
fn an_empty_queue_says_so_in_every_form_that_gives_up() {
    let queue = Queue::<u8>::bounded(1);
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetTimeoutError::Timeout));
    assert_eq!(queue.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
    assert_eq!(queue.get_deadline(past()), Err(GetTimeoutError::Timeout));
}

#[test]
fn a_time_out_is_never_early() {
    let queue = full(1);
    let start = Instant::now();
    assert!(queue.put_timeout(2, SHORT).is_err());
    assert!(start.elapsed() >= SHORT);
    queue.get().unwrap();
    let start = Instant::now();
    assert!(queue.get_timeout(SHORT).is_err());
    assert!(start.elapsed() >= SHORT);
    let deadline = Instant::now() + SHORT;
    assert!(queue.get_deadline(deadline).is_err());
    assert!(Instant::now() >= deadline);
}

#[test]
fn every_form_of_put_gives_the_item_back_after_a_shutdown_full_or_not() {
    for queue in [Queue::bounded(1), Queue::bounded(2), Queue::unbounded()] {
        queue.put(0).unwrap();
        queue.shutdown();
        assert_eq!(queue.put(1), Err(PutError::Shutdown(1)));
        assert_eq!(queue.try_put(2), Err(TryPutError::Shutdown(2)));
        assert_eq!(queue.put_timeout(3, FAR), Err(PutTimeoutError::Shutdown(3)));
        assert_eq!(queue.put_timeout(4, Duration::ZERO), Err(PutTimeoutError::Shutdown(4)));
        assert_eq!(queue.put_deadline(5, past()), Err(PutTimeoutError::Shutdown(5)));
        assert_eq!((queue.len(), queue.unfinished()), (1, 1));
    }
}

#[test]
fn every_form_of_get_takes_what_is_left_after_a_shutdown_and_then_fails() {
    let queue = Queue::unbounded();
    (1..=5).for_each(|item| queue.put(item).unwrap());
    queue.shutdown();
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.get_timeout(FAR), Ok(3));
    assert_eq!(queue.get_timeout(Duration::ZERO), Ok(4));
    assert_eq!(queue.get_deadline(past()), Ok(5));
    assert_eq!(queue.get(), Err(GetError::Shutdown));
    assert_eq!(queue.try_get(), Err(TryGetError::Shutdown));
    assert_eq!(queue.get_timeout(FAR), Err(GetTimeoutError::Shutdown));
    assert_eq!(queue.get_timeout(Duration::ZERO), Err(GetTimeoutError::Shutdown));
    assert_eq!(queue.get_deadline(past()), Err(GetTimeoutError::Shutdown));
}

#[test]
fn a_bounded_queue_knows_how_full_it_is() {
    let queue = Queue::bounded(2);
    assert_eq!((queue.len(), queue.is_empty(), queue.is_full()), (0, true, false));
    queue.put(1).unwrap();
    assert_eq!((queue.len(), queue.is_empty(), queue.is_full()), (1, false, false));
    queue.put(2).unwrap();
    assert_eq!((queue.len(), queue.is_empty(), queue.is_full()), (2, false, true));
    assert_eq!(queue.capacity(), Some(2));
}

#[test]
fn an_unbounded_queue_is_never_full() {
    let queue = Queue::unbounded();
    assert_eq!(queue.capacity(), None);
    for item in 0..10_000 {
        queue.try_put(item).unwrap();
    }
    assert!(!queue.is_full());
    assert!((0..10_000).all(|item| queue.get() == Ok(item)));
    assert!(queue.is_empty());
}

#[test]
fn items_without_a_size_are_counted_like_any_other() {
    let queue = Queue::bounded(2);
    queue.put(()).unwrap();
    queue.put(()).unwrap();
    assert_eq!(queue.try_put(()), Err(TryPutError::Full(())));
    assert_eq!(queue.shutdown_now(), [(), ()]);
}

#[test]
fn a_capacity_of_zero_is_refused_and_the_message_says_what_to_use() {
    let panic = catch_unwind(|| Queue::<u8>::bounded(0)).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("capacity 0"), "{message}");
    assert!(message.contains("`unbounded()`"), "{message}");
}
