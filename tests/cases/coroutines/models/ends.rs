//! The queues: each has the same scenarios.

use std::sync::Mutex;

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario};
use primitives::block_on;
use queues::executor::model::{Shell, unqueued};
use queues::{Queue, Ring, Task};

use super::{run_after_another_waker, run_or_drop};

pub(super) fn scenarios(group: Group) -> Group {
    tasks(of_rings(of_queues(group)))
}

macro_rules! of {
    ($function:ident, $queue:ident, $prefix:literal, $two:literal, $three:literal) => {
        fn $function(group: Group) -> Group {
            let empty = || $queue::<u32>::bounded(1);
            let full = || {
                let queue = $queue::<u32>::bounded(1);
                queue.put(1).expect("it is not shut down");
                queue
            };
            group
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-to-coroutine"),
                        "A thread puts, a coroutine gets, both wait.",
                        empty,
                    )
                    .role("puts two", |queue| {
                        queue.put(1).expect("it is not shut down");
                        queue.put(2).expect("it is not shut down");
                    })
                    .role("awaits two", |queue| {
                        block_on(async {
                            assert_eq!(queue.get_async().await, Ok(1));
                            assert_eq!(queue.get_async().await, Ok(2));
                        });
                    })
                    .spurious(0)
                    .bound(Some($two))
                    .reaches([Slept, Woken]),
                )
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-from-coroutine"),
                        "A coroutine puts, a thread gets, both wait.",
                        empty,
                    )
                    .role("coroutine puts two", |queue| {
                        block_on(async {
                            queue.put_async(1).await.expect("it is not shut down");
                            queue.put_async(2).await.expect("it is not shut down");
                        });
                    })
                    .role("gets two", |queue| {
                        assert_eq!((queue.get(), queue.get()), (Ok(1), Ok(2)));
                    })
                    .spurious(0)
                    .bound(Some($two))
                    .reaches([Slept, Woken]),
                )
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-get-dropped"),
                        "A get that is dropped passes the item on to a thread.",
                        empty,
                    )
                    .role("may be dropped", |queue| {
                        if let Some(item) = run_or_drop(queue.get_async()) {
                            queue.put(item.expect("it is not shut down")).expect("as above");
                        }
                    })
                    .role("gets, and gives it back", |queue| {
                        queue.put(queue.get().expect("it is not shut down")).expect("as above");
                    })
                    .role("puts", |queue| queue.put(7).expect("it is not shut down"))
                    .check(|queue| assert_eq!(queue.get(), Ok(7)))
                    .spurious(0)
                    .bound(Some($three))
                    .reaches([
                        Slept,
                        Woken,
                        Named("dropped before a poll"),
                        Named("dropped after a poll"),
                    ]),
                )
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-put-dropped"),
                        "A put that is dropped keeps its item, and passes the place on to a thread.",
                        full,
                    )
                    .role("may be dropped", |queue| {
                        let mut item = Some(2);
                        match run_or_drop(queue.put_from_async(&mut item)) {
                            Some(put) => {
                                put.expect("it is not shut down");
                                assert!(item.is_none());
                                queue.get().expect("it is not shut down");
                            }
                            None => assert_eq!(item, Some(2)),
                        }
                    })
                    .role("puts, and makes room", |queue| {
                        queue.put(3).expect("it is not shut down");
                        queue.get().expect("it is not shut down");
                    })
                    .role("makes room", |queue| _ = queue.get().expect("it is not shut down"))
                    .check(|queue| assert!(queue.is_empty()))
                    .spurious(0)
                    .bound(Some($three))
                    .reaches([
                        Slept,
                        Woken,
                        Named("dropped before a poll"),
                        Named("dropped after a poll"),
                    ]),
                )
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-coroutines"),
                        "Of two coroutines that wait, one is dropped and the other gets the item.",
                        empty,
                    )
                    .role("may be dropped", |queue| {
                        if let Some(item) = run_or_drop(queue.get_async()) {
                            queue.put(item.expect("it is not shut down")).expect("as above");
                        }
                    })
                    .role("awaits, and gives it back", |queue| {
                        let item = block_on(queue.get_async()).expect("it is not shut down");
                        queue.put(item).expect("as above");
                    })
                    .role("puts", |queue| queue.put(7).expect("it is not shut down"))
                    .check(|queue| assert_eq!(queue.get(), Ok(7)))
                    .spurious(0)
                    .bound(Some($three))
                    .reaches([Slept, Woken, Named("dropped before a poll")]),
                )
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-another-waker"),
                        "The waker of the last poll is called.",
                        empty,
                    )
                    .role("moves", |queue| {
                        assert_eq!(run_after_another_waker(queue.get_async()), Ok(7));
                    })
                    .role("puts", |queue| queue.put(7).expect("it is not shut down"))
                    .bound(Some($two))
                    .reaches([Slept, Woken, Named("moved")]),
                )
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-ends"),
                        "A shutdown reaches a coroutine, whether it is dropped or not, and a thread.",
                        empty,
                    )
                    .role("may be dropped", |queue| {
                        if let Some(got) = run_or_drop(queue.get_async()) {
                            assert!(got.is_err());
                        }
                    })
                    .role("gets", |queue| assert!(queue.get().is_err()))
                    .role("shuts down", |queue| queue.shutdown())
                    .spurious(0)
                    .bound(Some($three))
                    .reaches([Slept, Woken, Named("dropped before a poll")]),
                )
                .scenario(
                    Scenario::new(
                        concat!($prefix, "-joins"),
                        "The last `task_done` reaches a coroutine and a thread.",
                        full,
                    )
                    .role("may be dropped", |queue| _ = run_or_drop(queue.join_async()))
                    .role("joins", |queue| queue.join())
                    .role("works", |queue| {
                        queue.get().expect("it is not shut down");
                        queue.task_done().expect("it has got one");
                    })
                    .check(|queue| assert_eq!(queue.unfinished(), 0))
                    .spurious(0)
                    .bound(Some($three))
                    .reaches([Slept, Woken, Named("dropped before a poll")]),
                )
        }
    };
}

// So many preemptions with two threads, and with three. A ring has many more steps than a queue.
of!(of_queues, Queue, "queue", 3, 2);
of!(of_rings, Ring, "ring", 2, 0);

/// A task without a queue: its handle, and what a worker sees of it.
struct Desk {
    handle: Mutex<Option<Task<u32>>>,
    shell: Shell,
}

impl Desk {
    fn new() -> Self {
        let (task, shell) = unqueued(|| 7);
        Self { handle: Mutex::new(Some(task)), shell }
    }

    fn handle(&self) -> Task<u32> {
        self.handle.lock().expect("no thread panics").take().expect("one role takes it")
    }
}

fn tasks(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("task", "A coroutine awaits a task's result.", Desk::new)
                .role("runs it", |desk| assert!(desk.shell.run()))
                .role("awaits it", |desk| {
                    assert_eq!(block_on(desk.handle()).expect("it does not panic"), 7);
                })
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("task-dropped", "The handle is dropped while it is awaited.", Desk::new)
                .role("runs it", |desk| assert!(desk.shell.run()))
                .role("may drop it", |desk| {
                    if let Some(result) = run_or_drop(desk.handle()) {
                        assert_eq!(result.expect("it does not panic"), 7);
                    }
                })
                .reaches([Slept, Woken, Named("dropped after a poll")]),
        )
}
