//! A queue with room for `CAPACITY` items: `put` waits while it is full, `get` while it is empty.
//!
//! Write both, with the lock and the conditions that are there. First in, first out.
//!
//! The judge says now: panic

use std::collections::VecDeque;

use model::{Group, Scenario};
use primitives::{Condition, Lock};

const CAPACITY: usize = 1;

struct Queue {
    items: Lock<VecDeque<u32>>,
    not_empty: Condition,
    not_full: Condition,
}

impl Queue {
    fn new() -> Self {
        Self {
            items: Lock::new(VecDeque::new()),
            not_empty: Condition::new(),
            not_full: Condition::new(),
        }
    }

    /// Puts an item at the end; waits while the queue is full.
    fn put(&self, item: u32) {
        // TODO: mend this.
        self.items.lock().push_back(item);
        self.not_empty.notify_one();
        self.not_full.notify_one();
    }

    /// Takes the first item; waits while there is none.
    fn get(&self) -> u32 {
        self.items.lock().pop_front().expect("there is an item")
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("bounded_queue").scenario(
        Scenario::new("two-items", "Two items go through a queue for one.", Queue::new)
            .role("puts two", |queue| {
                for item in 1..=2 {
                    queue.put(item);
                    assert!(queue.items.lock().len() <= CAPACITY, "more items than room");
                }
            })
            .role("gets two", |queue| {
                assert_eq!(queue.get(), 1, "first in, first out");
                assert_eq!(queue.get(), 2, "first in, first out");
            })
            .bound(Some(3))
            .spurious(0),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
