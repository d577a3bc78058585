//! The listings of the chapters on queues.

use std::sync::Arc;
use std::time::Duration;

use book::listings::{
    batches, empty_then_get, ending, late_batch, one_condition, sentinel_left, start_all_join_all,
    start_then_join, two_conditions, two_gets,
};
use model::Reach::{Slept, TimedOut};
use model::report::Kind;
use model::{Group, Scenario};
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
use primitives::{Barrier, Lock};
use queues::Queue;

pub(super) fn add(group: Group) -> Group {
    threads(batched(taken(group)))
}

/// A queue that holds the numbers from 1 to `last`.
fn filled(last: u32) -> Queue<u32> {
    let tasks = Queue::unbounded();
    (1..=last).for_each(|task| tasks.put(task).expect("it is open"));
    tasks
}

fn taken(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "one-condition",
                "A call that was meant for the putter wakes the other getter.",
                one_condition::Slot::new,
            )
            .roles(2, "gets", |slot| _ = slot.get())
            .role("puts two", |slot| {
                slot.put(1);
                slot.put(2);
            })
            .spurious(0)
            .bound(Some(3))
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "two-conditions",
                "Two conditions: each call reaches a thread that can use it.",
                two_conditions::Slot::new,
            )
            .roles(2, "gets", |slot| _ = slot.get())
            .role("puts two", |slot| {
                slot.put(1);
                slot.put(2);
            })
            .spurious(0)
            .bound(Some(2))
            .reaches([Slept]),
        )
        .scenario(
            Scenario::new("two-gets", "Every other task is taken and thrown away.", || {
                let tasks = filled(4);
                tasks.shutdown();
                tasks
            })
            .role("adds up", |tasks| assert_eq!(two_gets::work(tasks), 10, "tasks are lost"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "empty-then-get",
                "Two see the last task, and one of them sleeps.",
                || filled(1),
            )
            .roles(2, "takes one if there is one", |tasks| {
                _ = empty_then_get::work(tasks);
            })
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new("sentinel-left", "The last worker leaves the sentinel behind.", || {
                let tasks = Queue::unbounded();
                for task in [Some(1), Some(2), None] {
                    tasks.put(task).expect("it is open");
                }
                tasks
            })
            .roles(2, "works", |tasks| _ = sentinel_left::work(tasks))
            .check(|tasks| assert!(tasks.is_empty(), "something is left in the queue"))
            .bound(Some(2))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("ending", "With `shutdown`: all is worked on, and all end.", || {
                let tasks = Queue::bounded(1);
                let total = AtomicU32::new(0);
                (tasks, total)
            })
            .roles(2, "works", |(tasks, total)| {
                // Relaxed: a sum; the threads are joined before it is read.
                total.fetch_add(ending::work(tasks), Relaxed);
            })
            .role("feeds", |(tasks, _)| ending::feed(tasks, 1..=2))
            .check(|(tasks, total)| {
                assert_eq!(total.load(Relaxed), 3);
                assert!(tasks.is_empty());
            })
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept]),
        )
}

fn batched(group: Group) -> Group {
    /// Three tasks; a thread waits until all are written.
    fn feed_and_join(tasks: &Queue<u32>) {
        (1..=3).for_each(|task| tasks.put(task).expect("it is open"));
        tasks.join();
        tasks.shutdown();
    }
    group
        .scenario(
            Scenario::new(
                "late-batch",
                "The last batch is not full, and is written when the next task comes: never.",
                Queue::unbounded,
            )
            .role("writes", |tasks| late_batch::work(tasks, |_| ()))
            .role("waits for all", feed_and_join)
            .spurious(0)
            .bound(Some(2))
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new("batches", "With a deadline for each batch.", || {
                (Queue::unbounded(), Lock::new(0))
            })
            .role("writes", |(tasks, written)| {
                batches::work(tasks, Duration::from_secs(1), |batch| {
                    *written.lock() += batch.len()
                });
            })
            .role("waits for all", |(tasks, _)| feed_and_join(tasks))
            .check(|(_, written)| assert_eq!(*written.lock(), 3))
            .spurious(0)
            .bound(Some(2))
            .reaches([Slept, TimedOut]),
        )
}

fn threads(group: Group) -> Group {
    /// Two jobs that must be at the same place at the same time.
    fn two_jobs() -> Vec<impl FnOnce() + Send + 'static> {
        let together = Arc::new(Barrier::new(2));
        let job = move |together: Arc<Barrier>| move || _ = together.wait();
        vec![job(Arc::clone(&together)), job(together)]
    }
    group
        .scenario(
            Scenario::new(
                "start-then-join",
                "Two jobs that need each other, and the second is never begun.",
                || (),
            )
            .role("runs all", |()| start_then_join::run_all(two_jobs()))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new("start-all-join-all", "Started first, and then joined.", || ())
                .role("runs all", |()| start_all_join_all::run_all(two_jobs()))
                .spurious(0)
                .bound(Some(2))
                .reaches([Slept]),
        )
}
