//! Models of [`TaskQueue`]: every task runs or comes back, and a joiner sees all of it.
//!
//! A worker is a role that does what a worker's thread would do.

use std::sync::Arc;
use std::time::Duration;

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use queues::TaskQueue;
use queues::executor::model::fail;

use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

/// A place that the task writes to and others read: loom reports it if nothing orders them.
#[derive(Clone)]
struct Work(Arc<Watched>);

impl Work {
    fn new() -> Self {
        Self(Arc::new(Watched::new(0)))
    }

    fn add(&self) {
        self.0.add(1);
    }

    fn done(&self) -> u32 {
        self.0.get()
    }
}

struct Shop {
    tasks: TaskQueue,
    work: Work,
}

impl Shop {
    fn new() -> Self {
        Self { tasks: TaskQueue::new(1), work: Work::new() }
    }

    fn with_a_task() -> Self {
        let shop = Self::new();
        assert!(shop.add());
        shop
    }

    /// A task queue with a task, which is shut down when it is done.
    fn closing() -> Self {
        let shop = Self::with_a_task();
        shop.tasks.shutdown();
        shop
    }

    fn add(&self) -> bool {
        let work = self.work.clone();
        self.tasks.add_task(move || work.add()).is_ok()
    }
}

pub(crate) fn group() -> Group {
    Group::new("task_queue")
        .scenario(
            Scenario::new(
                "join",
                "`join` returns after the last task, and counts it.",
                Shop::closing,
            )
            .role("works", |shop| shop.tasks.work())
            .role("joins", |shop| {
                assert_eq!(shop.tasks.join().ran, 1);
                assert_eq!(shop.work.done(), 1);
            })
            .bound(Some(4))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("join-gives-up", "A timeout says that not all was done.", Shop::closing)
                .role("works", |shop| shop.tasks.work())
                .role("waits a while", |shop| match shop.tasks.join_timeout(A_WHILE) {
                    Some(counts) => assert_eq!((counts.ran, shop.work.done()), (1, 1)),
                    None => reached("gave up"),
                })
                .bound(Some(4))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("fails", "A task that panics is counted, and done.", || {
                let shop = Shop::new();
                let work = shop.work.clone();
                let task = move || {
                    work.add();
                    fail();
                };
                assert!(shop.tasks.add_task(task).is_ok());
                shop.tasks.shutdown();
                shop
            })
            .role("works", |shop| shop.tasks.work())
            .role("joins", |shop| {
                let counts = shop.tasks.join();
                assert_eq!((counts.ran, counts.failed, shop.work.done()), (1, 1, 1));
            })
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "shutdown",
                "A task is run or comes back, whichever thread is first.",
                Shop::new,
            )
            .role("works", |shop| shop.tasks.work())
            .role("adds, shuts down", |shop| {
                assert!(shop.add());
                shop.tasks.shutdown();
                assert!(!shop.add());
            })
            .bound(Some(3))
            .check(|shop| {
                assert_eq!(shop.tasks.counts().ran, 1);
                assert_eq!(shop.work.done(), 1);
            })
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "shutdown-now",
                "A task is run, comes back, or is discarded: one of them.",
                Shop::new,
            )
            .role("works", |shop| shop.tasks.work())
            .role("adds", |shop| {
                if !shop.add() {
                    reached("came back");
                }
            })
            .role("shuts down now", |shop| {
                if shop.tasks.shutdown_now() == 1 {
                    reached("was discarded");
                }
                assert!(!shop.add());
            })
            .spurious(0)
            .check(|shop| {
                assert_eq!(shop.tasks.unfinished(), 0);
                assert_eq!(shop.tasks.counts().ran, u64::from(shop.work.done()));
            })
            .reaches([Slept, Woken, Named("came back"), Named("was discarded")]),
        )
        .scenario(
            Scenario::new(
                "two-workers",
                "Two workers run two tasks, and both end at the shutdown.",
                || {
                    let shop = Shop::new();
                    assert!(shop.add());
                    shop
                },
            )
            .roles(2, "works", |shop| shop.tasks.work())
            .role("joins, shuts down", |shop| {
                assert_eq!(shop.tasks.join().ran, 1);
                assert_eq!(shop.work.done(), 1);
                shop.tasks.shutdown();
            })
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("task-adds", "`join` waits for what a task adds.", || {
                let shop = (Arc::new(TaskQueue::new(1)), Work::new());
                let (tasks, work) = (Arc::clone(&shop.0), shop.1.clone());
                let first = move || {
                    work.add();
                    let second = work.clone();
                    assert!(tasks.add_task(move || second.add()).is_ok());
                    tasks.shutdown();
                };
                assert!(shop.0.add_task(first).is_ok());
                shop
            })
            .role("works", |shop| shop.0.work())
            .role("joins", |shop| {
                assert_eq!(shop.0.join().ran, 2);
                assert_eq!(shop.1.done(), 2);
            })
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
}
