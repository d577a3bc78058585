//! The calls on what is there, compared with a `VecDeque` and a sorted list.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;
use queues::{PriorityQueue, PutError, Queue, TryGetError};
use tests::properties::config;

#[derive(Clone, Copy, Debug)]
enum Call {
    Put,
    ForcePut,
    Get,
    Peek,
    Drain,
    /// So many by `try_iter`.
    Take(usize),
    TaskDone,
    Shutdown,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        10 => Just(Call::Put),
        20 => Just(Call::ForcePut),
        10 => Just(Call::Get),
        10 => Just(Call::Peek),
        3 => Just(Call::Drain),
        3 => (0_usize..4).prop_map(Call::Take),
        6 => Just(Call::TaskDone),
        1 => Just(Call::Shutdown),
    ]
}

#[test]
fn calls_on_what_is_there_do_what_those_of_a_deque_do() {
    proptest!(config(), |(capacity in 1_usize..4, calls in vec(call(), 0..40))| {
        let queue = Queue::bounded(capacity);
        let (mut inside, mut unfinished, mut ended) = (VecDeque::new(), 0_usize, false);
        for (item, call) in calls.into_iter().enumerate() {
            match call {
                Call::Put => {
                    let fits = !ended && inside.len() < capacity;
                    prop_assert_eq!(queue.try_put(item).is_ok(), fits);
                    if fits {
                        inside.push_back(item);
                        unfinished += 1;
                    }
                }
                Call::ForcePut if ended => {
                    prop_assert_eq!(queue.force_put(item), Err(PutError::Shutdown(item)));
                }
                Call::ForcePut => {
                    let mut displaced = None;
                    if inside.len() == capacity {
                        displaced = inside.pop_front();
                        unfinished = unfinished.saturating_sub(1);
                    }
                    inside.push_back(item);
                    unfinished += 1;
                    prop_assert_eq!(queue.force_put(item), Ok(displaced));
                }
                Call::Get => {
                    let none = if ended { TryGetError::Shutdown } else { TryGetError::Empty };
                    prop_assert_eq!(queue.try_get(), inside.pop_front().ok_or(none));
                }
                Call::Peek => {
                    prop_assert_eq!(queue.peek(|item| *item), inside.front().copied());
                }
                Call::Drain => prop_assert_eq!(queue.drain(), Vec::from_iter(inside.drain(..))),
                Call::Take(most) => {
                    let there = most.min(inside.len());
                    let taken = Vec::from_iter(queue.try_iter().take(most));
                    prop_assert_eq!(taken, Vec::from_iter(inside.drain(..there)));
                }
                Call::TaskDone => {
                    prop_assert_eq!(queue.task_done().is_ok(), unfinished > 0);
                    unfinished = unfinished.saturating_sub(1);
                }
                Call::Shutdown => {
                    queue.shutdown();
                    ended = true;
                }
            }
            prop_assert_eq!((queue.len(), queue.unfinished()), (inside.len(), unfinished));
        }
        prop_assert_eq!(queue.into_iter().collect::<VecDeque<_>>(), inside);
    });
}

#[test]
fn peek_is_what_get_returns_after_any_puts_and_gets() {
    // `None` is a get.
    let calls = vec(proptest::option::weighted(0.6, 0_u8..8), 0..60);
    proptest!(config(), |(calls in calls)| {
        let queue = PriorityQueue::unbounded();
        let mut inside: Vec<u8> = Vec::new();
        for call in calls {
            match call {
                Some(item) => {
                    queue.put(item).unwrap();
                    inside.insert(inside.partition_point(|other| *other <= item), item);
                }
                None if inside.is_empty() => {}
                None => prop_assert_eq!(queue.try_get(), Ok(inside.remove(0))),
            }
            prop_assert_eq!(queue.peek(|item| *item), inside.first().copied());
        }
    });
}
