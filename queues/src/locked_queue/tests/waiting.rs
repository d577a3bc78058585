//! Calls that must wait, and what lets them go on.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use primitives::{Condition, LockGuard};

use super::{Call, FAR, SHORT, call, far, full, past, until, until_asleep};
use crate::locked_queue::State;
use crate::{Discipline, Fifo, GetTimeoutError, PutTimeoutError, Queue};

/// One of the four forms of a call.
type Form<R> = fn(&Queue<u8>) -> R;

#[test]
fn a_blocked_put_goes_on_in_every_form_when_somebody_gets() {
    let forms: [Form<bool>; 4] = [
        |queue| queue.put(2).is_ok(),
        |queue| queue.put_timeout(2, FAR).is_ok(),
        |queue| queue.put_timeout(2, Duration::MAX).is_ok(),
        |queue| queue.put_deadline(2, far()).is_ok(),
    ];
    for form in forms {
        let queue = full(1);
        let put = call(&queue, form);
        until_asleep(&queue, 1, 0);
        assert_eq!(queue.get(), Ok(1));
        assert!(put.result());
        assert_eq!(queue.get(), Ok(2));
    }
}

#[test]
fn a_blocked_get_goes_on_in_every_form_when_somebody_puts() {
    let forms: [Form<Option<u8>>; 4] = [
        |queue| queue.get().ok(),
        |queue| queue.get_timeout(FAR).ok(),
        |queue| queue.get_timeout(Duration::MAX).ok(),
        |queue| queue.get_deadline(far()).ok(),
    ];
    for form in forms {
        let queue = Arc::new(Queue::bounded(1));
        let get = call(&queue, form);
        until_asleep(&queue, 0, 1);
        queue.put(7).unwrap();
        assert_eq!(get.result(), Some(7));
    }
}

#[test]
fn each_get_lets_one_blocked_putter_in_and_no_more() {
    let queue = full(0);
    let puts: Vec<_> = (1..=3).map(|item| call(&queue, move |queue| queue.put(item))).collect();
    for left in (0..3).rev() {
        until_asleep(&queue, left + 1, 0);
        queue.get().unwrap();
        until("one putter less, and the queue full again", || {
            let state = queue.state.lock();
            (state.putters.asleep(), state.items.len()) == (left, 1)
        });
    }
    puts.into_iter().for_each(|put| put.result().unwrap());
    assert_eq!(queue.unfinished(), 4);
}

#[test]
fn items_that_come_all_at_once_wake_a_getter_each() {
    let queue = Arc::new(Queue::unbounded());
    let gets: Vec<_> = (0..4).map(|_| call(&queue, |queue| queue.get().unwrap())).collect();
    until_asleep(&queue, 0, 4);
    (0..4).for_each(|item| queue.put(item).unwrap());
    let mut got: Vec<_> = gets.into_iter().map(Call::result).collect();
    got.sort_unstable();
    assert_eq!(got, [0, 1, 2, 3]);
}

#[test]
fn a_putter_that_gave_up_is_not_called_in_place_of_one_that_waits() {
    let queue = full(1);
    let patient = call(&queue, |queue| queue.put(2));
    until_asleep(&queue, 1, 0);
    assert_eq!(queue.put_timeout(3, SHORT), Err(PutTimeoutError::Timeout(3)));
    assert_eq!(queue.put_deadline(4, past()), Err(PutTimeoutError::Timeout(4)));
    until_asleep(&queue, 1, 0);
    assert_eq!(queue.get(), Ok(1));
    patient.result().unwrap();
    assert_eq!(queue.get(), Ok(2));
}

#[test]
fn a_getter_that_gave_up_is_not_called_in_place_of_one_that_waits() {
    let queue = Arc::new(Queue::bounded(1));
    let patient = call(&queue, |queue| queue.get());
    until_asleep(&queue, 0, 1);
    assert_eq!(queue.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
    assert_eq!(queue.get_deadline(past()), Err(GetTimeoutError::Timeout));
    until_asleep(&queue, 0, 1);
    queue.put(5).unwrap();
    assert_eq!(patient.result(), Ok(5));
}

/// Starts a timed call. Returns the queue's lock at a moment when the call has timed out but could
/// not look at the queue again: a change now comes at the last moment.
fn until_timed_out<'a, R: Send + 'static>(
    queue: &'a Arc<Queue<u8>>,
    condition: &Condition,
    body: fn(&Queue<u8>, Duration) -> R,
) -> (LockGuard<'a, State<Fifo<u8>>>, Call<R>) {
    let mut timeout = SHORT;
    loop {
        let call = call(queue, move |queue| body(queue, timeout));
        let state = loop {
            let state = queue.state.lock();
            if state.putters.asleep() + state.getters.asleep() == 1 || call.0.is_finished() {
                break state;
            }
            drop(state);
            thread::yield_now();
        };
        if !call.0.is_finished() {
            until("the time to be up", || format!("{condition:?}") == "Condition { waiters: 0 }");
            return (state, call);
        }
        timeout *= 2; // it was over before we looked: take more of it
    }
}

#[test]
fn an_item_that_comes_at_the_last_moment_is_taken() {
    let queue = Arc::new(Queue::bounded(1));
    let (mut state, get) =
        until_timed_out(&queue, &queue.not_empty, |queue, timeout| queue.get_timeout(timeout));
    state.items.insert(0, 3);
    drop(state);
    assert_eq!(get.result(), Ok(3));
}

#[test]
fn a_place_that_gets_free_at_the_last_moment_is_used() {
    let queue = full(1);
    let (mut state, put) =
        until_timed_out(&queue, &queue.not_full, |queue, timeout| queue.put_timeout(2, timeout));
    assert_eq!(state.items.pop(), Some(1));
    drop(state);
    assert_eq!(put.result(), Ok(()));
    assert_eq!(queue.get(), Ok(2));
}

#[test]
fn a_shutdown_that_comes_at_the_last_moment_is_the_reason_given() {
    let queue = full(1);
    let (mut state, put) =
        until_timed_out(&queue, &queue.not_full, |queue, timeout| queue.put_timeout(2, timeout));
    state.shut_down = true;
    drop(state);
    assert_eq!(put.result(), Err(PutTimeoutError::Shutdown(2)));

    let queue = Arc::new(Queue::bounded(1));
    let (mut state, get) =
        until_timed_out(&queue, &queue.not_empty, |queue, timeout| queue.get_timeout(timeout));
    state.shut_down = true;
    drop(state);
    assert_eq!(get.result(), Err(GetTimeoutError::Shutdown));
}

#[test]
fn a_producer_and_a_consumer_pass_every_item_through_one_place() {
    let queue = Arc::new(Queue::bounded(1));
    let producer = call(&queue, |queue| (0..1_000).for_each(|item| queue.put(item).unwrap()));
    assert!((0..1_000).all(|item| queue.get() == Ok(item)));
    producer.result();
    assert!(queue.is_empty());
}
