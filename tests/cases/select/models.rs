//! Models of [`Select`]: it sleeps through no item and no end, and takes none twice.

use std::time::Duration;

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::Lock;
use queues::{GetTimeoutError, Queue, Ring, Select};

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

/// Two queues, a ring, and what came out of them.
struct Sources {
    queues: [Queue<u32>; 2],
    ring: Ring<u32>,
    out: Lock<Vec<u32>>,
}

impl Sources {
    fn new() -> Self {
        Self {
            queues: [Queue::unbounded(), Queue::unbounded()],
            ring: Ring::bounded(2),
            out: Lock::new(Vec::new()),
        }
    }

    fn put(&self, queue: usize, item: u32) {
        self.queues[queue].put(item).expect("it is not shut down yet");
    }

    /// Over so many of the queues.
    fn over_queues(&self, queues: usize) -> Select<'_, u32> {
        let mut select = Select::new();
        for queue in &self.queues[..queues] {
            select.queue(queue, |item| item);
        }
        select
    }

    fn over_ring(&self) -> Select<'_, u32> {
        let mut select = Select::new();
        select.queue(&self.ring, |item| item);
        select
    }

    /// Takes so many.
    fn take(&self, select: &mut Select<'_, u32>, items: usize) {
        for _ in 0..items {
            let item = select.select().expect("there is a queue left");
            self.out.lock().push(item);
        }
    }

    fn came_out(&self) -> Vec<u32> {
        let mut items = self.out.lock().clone();
        items.sort_unstable();
        items
    }
}

pub(crate) fn group() -> Group {
    rings(ends(items(Group::new("select"))))
}

fn items(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-of-two", "It wakes up for the second queue.", Sources::new)
                .role("puts", |sources| sources.put(1, 7))
                .role("selects", |sources| sources.take(&mut sources.over_queues(2), 1))
                .spurious(0)
                .bound(Some(2))
                .check(|sources| assert_eq!(sources.came_out(), [7]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-of-two", "Two put, one in each queue.", Sources::new)
                .role("puts 1", |sources| sources.put(0, 1))
                .role("puts 2", |sources| sources.put(1, 2))
                .role("selects two", |sources| sources.take(&mut sources.over_queues(2), 2))
                .spurious(0)
                .bound(Some(2))
                .check(|sources| assert_eq!(sources.came_out(), [1, 2]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "beside-a-getter",
                "A getter and a select get an item each.",
                Sources::new,
            )
            .role("puts two", |sources| {
                sources.queues[0].put_many(vec![1, 2]).expect("it is not shut down");
            })
            .role("gets", |sources| {
                let item = sources.queues[0].get().expect("it is not shut down");
                sources.out.lock().push(item);
            })
            .role("selects", |sources| sources.take(&mut sources.over_queues(1), 1))
            .spurious(0)
            .bound(Some(2))
            .check(|sources| assert_eq!(sources.came_out(), [1, 2]))
            .reaches([Slept, Woken]),
        )
}

fn ends(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "ends",
                "It gets what is inside, and ends with the last queue.",
                Sources::new,
            )
            .role("puts, and shuts down", |sources| {
                sources.put(0, 1);
                sources.queues[0].shutdown();
            })
            .role("selects all", |sources| {
                let mut select = sources.over_queues(1);
                while let Ok(item) = select.select() {
                    sources.out.lock().push(item);
                }
            })
            .spurious(0)
            .bound(Some(2))
            .check(|sources| assert_eq!(sources.came_out(), [1]))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("gives-up", "An item that comes too late stays inside.", Sources::new)
                .role("puts", |sources| sources.put(0, 1))
                .role("may give up", |sources| {
                    match sources.over_queues(1).select_timeout(A_WHILE) {
                        Ok(item) => sources.out.lock().push(item),
                        Err(error) => {
                            assert_eq!(error, GetTimeoutError::Timeout);
                            reached("gave up");
                        }
                    }
                })
                .spurious(0)
                .bound(Some(2))
                .check(|sources| {
                    assert_eq!(sources.came_out().len() + sources.queues[0].len(), 1);
                })
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

fn rings(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("ring", "It wakes up for an item of a ring.", Sources::new)
                .role("puts", |sources| sources.ring.put(7).expect("it is not shut down"))
                .role("selects", |sources| sources.take(&mut sources.over_ring(), 1))
                .spurious(0)
                .bound(Some(2))
                .check(|sources| assert_eq!(sources.came_out(), [7]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("ring-two-items", "The note is cleared, and left again.", Sources::new)
                .role("puts two", |sources| {
                    sources.ring.put(1).expect("it is not shut down");
                    sources.ring.put(2).expect("it is not shut down");
                })
                .role("selects two", |sources| sources.take(&mut sources.over_ring(), 2))
                .spurious(0)
                .bound(Some(2))
                .check(|sources| assert_eq!(sources.came_out(), [1, 2]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("ring-ends", "A ring that is shut down ends it.", Sources::new)
                .role("shuts down", |sources| sources.ring.shutdown())
                .role("selects", |sources| assert!(sources.over_ring().select().is_err()))
                .spurious(0)
                .bound(Some(2))
                .reaches([Slept, Woken]),
        )
}
