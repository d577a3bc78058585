//! A select compared with a list of lists and a finger that points at one of them.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;
use queues::{Queue, Ring, Select, TryGetError};
use tests::properties::config;

/// More than one word of bits.
const QUEUES: usize = 70;

#[derive(Clone, Copy, Debug)]
enum Call {
    Put(usize),
    Shutdown(usize),
    /// Another thread is faster.
    Get(usize),
    Select,
}

fn call() -> impl Strategy<Value = Call> {
    // Few of many, so that some of them are used often.
    let queue = || prop_oneof![0_usize..3, 62_usize..66, Just(QUEUES - 1)];
    prop_oneof![
        10 => queue().prop_map(Call::Put),
        1 => queue().prop_map(Call::Shutdown),
        2 => queue().prop_map(Call::Get),
        10 => Just(Call::Select),
    ]
}

#[test]
fn it_takes_in_turn_or_from_the_first_and_never_more_than_there_is() {
    let calls = (any::<bool>(), any::<bool>(), vec(call(), 0..60));
    proptest!(config(), |((is_biased, shuts_down, calls) in calls)| {
        let queues = Vec::from_iter((0..QUEUES).map(|_| Queue::unbounded()));
        let rings = Vec::from_iter((0..QUEUES).map(|_| Ring::bounded(64)));
        let is_ring = |index: usize| index.is_multiple_of(2);
        let mut select = if is_biased { Select::biased() } else { Select::new() };
        for index in 0..QUEUES {
            if is_ring(index) {
                select.queue(&rings[index], move |item| (index, item));
            } else {
                select.queue(&queues[index], move |item| (index, item));
            }
        }
        let mut inside: Vec<VecDeque<usize>> = vec![VecDeque::new(); QUEUES];
        let (mut ended, mut next) = (vec![false; QUEUES], 0);
        for (item, call) in calls.into_iter().enumerate() {
            match call {
                Call::Put(index) => {
                    let put = match is_ring(index) {
                        true => rings[index].try_put(item).is_ok(),
                        false => queues[index].try_put(item).is_ok(),
                    };
                    prop_assert_eq!(put, !ended[index]);
                    if put {
                        inside[index].push_back(item);
                    }
                }
                Call::Shutdown(index) if shuts_down => {
                    ended[index] = true;
                    rings[index].shutdown();
                    queues[index].shutdown();
                }
                Call::Shutdown(_) => {}
                Call::Get(index) => {
                    let got = match is_ring(index) {
                        true => rings[index].try_get().ok(),
                        false => queues[index].try_get().ok(),
                    };
                    prop_assert_eq!(got, inside[index].pop_front());
                }
                Call::Select => {
                    let begin = if is_biased { 0 } else { next };
                    let mut order = (begin..QUEUES).chain(0..begin);
                    let first = order.find(|index| !inside[*index].is_empty());
                    let expected = first.map(|index| {
                        next = index + 1;
                        (index, inside[index].pop_front().expect("it is not empty"))
                    });
                    prop_assert_eq!(select.try_select(), expected.ok_or(TryGetError::Empty));
                }
            }
        }
    });
}
