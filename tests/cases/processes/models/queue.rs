//! The queue: each item comes out once, and a dead process takes at most the one in its hands.

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use processes::{SharedQueue, process};
use queues::TryGetError;
use tests::model::Watched;

use super::{HEIR, Handles, MORTAL, OTHER, alive, mortal};

/// A queue of one place, and what belongs to each item.
struct Line {
    queue: Handles<SharedQueue<u32>>,
    work: [Watched; 3],
}

impl Line {
    fn new(queue: Handles<SharedQueue<u32>>) -> Self {
        Self { queue, work: std::array::from_fn(|_| Watched::new(0)) }
    }

    fn put(&self, who: usize, item: u32) {
        self.work[item as usize].set(item);
        self.queue.0[who].put(item).expect("not shut down");
    }

    fn get(&self, who: usize) -> u32 {
        let item = self.queue.0[who].get().expect("not shut down");
        assert_eq!(self.work[item as usize].get(), item, "its put comes before its get");
        item
    }
}

fn one_place() -> std::io::Result<SharedQueue<u32>> {
    SharedQueue::bounded(1)
}

pub(super) fn add(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("queue-put-get", "An item, and all that came before it.", || {
                Line::new(alive(one_place()))
            })
            .role("puts", |line| line.put(MORTAL, 1))
            .role("gets", |line| assert_eq!(line.get(OTHER), 1))
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("queue-put-two", "The second waits until the first is taken.", || {
                Line::new(alive(one_place()))
            })
            .role("puts two", |line| {
                line.put(MORTAL, 1);
                line.put(MORTAL, 2);
            })
            .role("gets two", |line| assert_eq!((line.get(OTHER), line.get(OTHER)), (1, 2)))
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "queue-put-dies",
                "A put that is killed has put its item or not; the next goes through.",
                || Line::new(mortal(one_place())),
            )
            .mortal()
            .role("puts, and may be killed; then another puts", |line| {
                if process(|| line.queue.0[MORTAL].put(1).expect("not shut down")) {
                    reached("killed");
                }
                line.queue.0[HEIR].put(2).expect("not shut down");
            })
            .role("gets", |line| {
                if line.queue.0[OTHER].get() == Ok(1) {
                    assert_eq!(line.queue.0[OTHER].get(), Ok(2));
                } else {
                    reached("the first was lost");
                }
            })
            .check(|line| assert_eq!(line.queue.0[OTHER].try_get(), Err(TryGetError::Empty)))
            .bound(Some(1))
            .reaches([Named("killed"), Named("the first was lost")]),
        )
        .scenario(
            Scenario::new(
                "queue-get-dies",
                "A get that is killed takes one item with it, at most.",
                || {
                    let line = Line::new(mortal(SharedQueue::bounded(2)));
                    line.queue.0[HEIR].put(1).expect("there is a place");
                    line
                },
            )
            .mortal()
            .role("gets, and may be killed", |line| {
                if process(|| _ = line.queue.0[MORTAL].get()) {
                    reached("killed");
                }
            })
            .role("puts one more", |line| line.queue.0[OTHER].put(2).expect("not shut down"))
            .check(|line| {
                let left = std::iter::from_fn(|| line.queue.0[OTHER].try_get().ok());
                let left = Vec::from_iter(left);
                assert!(left == [2] || left == [1, 2], "{left:?}");
            })
            .bound(Some(1))
            .reaches([Named("killed")]),
        )
}
