//! Models of [`Queue`]: no item is lost or doubled, and no thread is left asleep.

use std::time::Duration;

use model::Reach::{Named, Slept, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::Lock;
use queues::{GetError, GetTimeoutError, PutError, PutTimeoutError, Queue};

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

/// A queue with one place, and what came out of it.
struct Line {
    queue: Queue<u32>,
    out: Lock<Vec<u32>>,
}

impl Line {
    fn new() -> Self {
        Self { queue: Queue::bounded(1), out: Lock::new(Vec::new()) }
    }

    fn put(&self, item: u32) {
        self.queue.put(item).expect("it is not shut down");
    }

    fn get(&self) -> u32 {
        self.queue.get().expect("it is not shut down")
    }

    /// Gets one and writes it down.
    fn get_one(&self) {
        let item = self.get();
        self.out.lock().push(item);
    }

    /// Gets until the queue is shut down, and writes everything down.
    fn get_all(&self) {
        for item in self.queue.iter() {
            self.out.lock().push(item);
        }
    }

    /// The items that came out, in any order.
    fn came_out(&self) -> Vec<u32> {
        let mut items = self.out.lock().clone();
        items.sort_unstable();
        items
    }
}

pub(crate) fn group() -> Group {
    displacing(many(jobs(shutdown(timed(passing(Group::new("queue")))))))
}

fn passing(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-item", "One puts, one gets.", Line::new)
                .role("puts", |line| line.put(1))
                .role("gets", |line| assert_eq!(line.get(), 1))
                .reaches([Slept, Woken, WordChanged]),
        )
        .scenario(
            Scenario::new("one-to-one", "Two items through one place, in order.", Line::new)
                .role("puts two", |line| {
                    line.put(1);
                    line.put(2);
                })
                .role("gets two", |line| assert_eq!((line.get(), line.get()), (1, 2)))
                .bound(Some(3))
                .reaches([Slept, Woken, WordChanged]),
        )
        .scenario(
            Scenario::new("two-to-one", "Two put one each, one gets both.", Line::new)
                .role("puts 1", |line| line.put(1))
                .role("puts 2", |line| line.put(2))
                .role("gets two", |line| assert_eq!(line.get() + line.get(), 3))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("one-to-two", "One puts two, two get one each.", Line::new)
                .role("puts two", |line| {
                    line.put(1);
                    line.put(2);
                })
                .roles(2, "gets one", Line::get_one)
                .spurious(0) // they are Condition's affair, and cost a factor of twenty here
                .check(|line| assert_eq!(line.came_out(), [1, 2]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("tries", "A try takes what is there, and never waits.", Line::new)
                .role("tries to put", |line| {
                    if line.queue.try_put(1).is_ok() && line.queue.try_put(2).is_err() {
                        reached("found it full");
                    }
                })
                .role("tries to get", |line| match line.queue.try_get() {
                    Ok(item) => assert_eq!(item, 1),
                    Err(_) => reached("found it empty"),
                })
                .check(|line| assert!(line.queue.len() <= 1))
                .reaches([Named("found it full"), Named("found it empty")]),
        )
}

fn timed(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("get-gives-up", "An item that comes too late stays inside.", Line::new)
                .role("puts", |line| line.put(1))
                .role("may give up", |line| match line.queue.get_timeout(A_WHILE) {
                    Ok(item) => line.out.lock().push(item),
                    Err(error) => {
                        assert_eq!(error, GetTimeoutError::Timeout);
                        reached("gave up");
                    }
                })
                .check(|line| assert_eq!(line.queue.len() + line.out.lock().len(), 1))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("put-gives-up", "An item that finds no room comes back.", || {
                let line = Line::new();
                line.put(0);
                line
            })
            .role("may give up", |line| match line.queue.put_timeout(1, A_WHILE) {
                Ok(()) => reached("found room"),
                Err(error) => {
                    assert!(matches!(error, PutTimeoutError::Timeout(1)));
                    reached("gave up");
                }
            })
            .role("gets", |line| assert_eq!(line.get(), 0))
            .reaches([Slept, Woken, TimedOut, Named("gave up"), Named("found room")]),
        )
        .scenario(
            Scenario::new(
                "swallows-no-call",
                "Of two who get, one may give up: the other gets the item or it stays inside.",
                Line::new,
            )
            .role("puts two", |line| {
                line.put(1);
                line.put(2);
            })
            .role("gets", Line::get_one)
            .role("may give up", |line| {
                if let Ok(item) = line.queue.get_timeout(A_WHILE) {
                    line.out.lock().push(item);
                } else {
                    reached("gave up");
                }
            })
            .spurious(0)
            .check(|line| assert_eq!(line.queue.len() + line.out.lock().len(), 2))
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

fn shutdown(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "shutdown-ends-get",
                "A thread that waits for an item is told.",
                Line::new,
            )
            .roles(2, "gets", |line| assert_eq!(line.queue.get(), Err(GetError::Shutdown)))
            .role("shuts down", |line| line.queue.shutdown())
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "shutdown-ends-put",
                "A thread that waits for room gets the item back.",
                || {
                    let line = Line::new();
                    line.put(0);
                    line
                },
            )
            .roles(2, "puts", |line| {
                assert!(matches!(line.queue.put(1), Err(PutError::Shutdown(1))))
            })
            .role("shuts down", |line| line.queue.shutdown())
            .check(|line| assert_eq!(line.queue.len(), 1))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("drained", "What is inside at a shutdown still comes out.", Line::new)
                .role("puts two, shuts down", |line| {
                    line.put(1);
                    line.put(2);
                    line.queue.shutdown();
                })
                .role("gets all", Line::get_all)
                .bound(Some(3))
                .check(|line| assert_eq!(line.came_out(), [1, 2]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "shutdown-now",
                "An item comes out, comes back, or is given back.",
                Line::new,
            )
            .role("puts", |line| {
                if let Err(PutError::Shutdown(item)) = line.queue.put(1) {
                    reached("came back");
                    line.out.lock().push(item);
                }
            })
            .role("gets", |line| {
                if let Ok(item) = line.queue.get() {
                    reached("came out");
                    line.out.lock().push(item);
                }
            })
            .role("shuts down now", |line| {
                for item in line.queue.shutdown_now() {
                    reached("was given back");
                    line.out.lock().push(item);
                }
            })
            .check(|line| assert_eq!(line.came_out(), [1]))
            .reaches([
                Slept,
                Woken,
                Named("came back"),
                Named("came out"),
                Named("was given back"),
            ]),
        )
}

fn jobs(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("join", "`join` returns when the last item has been worked on.", || {
                let line = Line::new();
                line.put(1);
                line
            })
            .role("works", |line| {
                line.get_one();
                line.queue.task_done().expect("it was put");
            })
            .role("waits for it", |line| {
                line.queue.join();
                assert_eq!(line.came_out(), [1]);
            })
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("join-gives-up", "`join_timeout` says whether all was done.", || {
                let line = Line::new();
                line.put(1);
                line
            })
            .role("works", |line| {
                line.get_one();
                line.queue.task_done().expect("it was put");
            })
            .role("waits a while", |line| {
                if line.queue.join_timeout(A_WHILE) {
                    assert_eq!(line.came_out(), [1]);
                } else {
                    reached("gave up");
                }
            })
            .bound(Some(4))
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

/// Batches: many items at once.
fn many(group: Group) -> Group {
    let two_places = || Line { queue: Queue::bounded(2), out: Lock::new(Vec::new()) };
    let get_some = |line: &Line, most| {
        let mut items = Vec::new();
        let got = line.queue.get_many(&mut items, most).expect("it is not shut down");
        assert!(got > 0 && got == items.len());
        line.out.lock().append(&mut items);
    };
    group
        .scenario(
            Scenario::new("many-into-few", "Three items through two places.", two_places)
                .role("puts three", |line| {
                    line.queue.put_many(vec![1, 2, 3]).expect("it is not shut down");
                })
                .role("gets three", move |line| {
                    while line.out.lock().len() < 3 {
                        get_some(line, 3);
                    }
                })
                .bound(Some(2))
                .spurious(0)
                .check(|line| assert_eq!(*line.out.lock(), [1, 2, 3]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("many-call-two", "A batch calls a getter for each item.", two_places)
                .role("puts two", |line| {
                    line.queue.put_many(vec![1, 2]).expect("it is not shut down");
                })
                .roles(2, "gets one", Line::get_one)
                .bound(Some(2))
                .spurious(0)
                .check(|line| assert_eq!(line.came_out(), [1, 2]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("many-make-room", "A batch calls a putter for each place.", move || {
                let line = two_places();
                line.put(1);
                line.put(2);
                line
            })
            .role("gets two", move |line| get_some(line, 2))
            .role("puts 3", |line| line.put(3))
            .role("puts 4", |line| line.put(4))
            .bound(Some(2))
            .spurious(0)
            .check(|line| assert_eq!(line.queue.len() + line.out.lock().len(), 4))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("many-shut-down", "What was not put is given back.", two_places)
                .role("puts three", |line| {
                    if let Err(PutError::Shutdown(mut back)) = line.queue.put_many(vec![1, 2, 3]) {
                        reached(if back.len() == 1 { "one came back" } else { "all came back" });
                        line.out.lock().append(&mut back);
                    }
                })
                .role("shuts down", |line| line.queue.shutdown())
                .bound(Some(3))
                .check(|line| {
                    line.get_all();
                    assert_eq!(line.came_out(), [1, 2, 3]);
                })
                .reaches([Slept, Woken, Named("one came back"), Named("all came back")]),
        )
}

/// A queue that displaces, and the items that each role has ended up with.
fn displacing(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "displaces",
                "Of two items for one place one comes out again.",
                Line::new,
            )
            .roles(2, "puts by force", |line| {
                let displaced = line.queue.force_put(1).expect("it is not shut down");
                line.out.lock().extend(displaced);
            })
            .check(|line| {
                assert_eq!((line.queue.len(), line.queue.unfinished()), (1, 1));
                assert_eq!(line.out.lock().len(), 1);
            }),
        )
        .scenario(
            Scenario::new(
                "displaces-and-wakes",
                "A getter gets the newer item or the older, and sleeps at none.",
                Line::new,
            )
            .bound(Some(2))
            .role("puts two by force", |line| {
                for item in [1, 2] {
                    let displaced = line.queue.force_put(item).expect("it is not shut down");
                    line.out.lock().extend(displaced);
                }
            })
            .role("gets", Line::get_one)
            .check(|line| {
                let left = line.queue.drain();
                assert_eq!(line.came_out().len() + left.len(), 2);
            })
            .reaches([Slept, Woken]),
        )
}
