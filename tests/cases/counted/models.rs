//! Models so small that all their interleavings can be run: how many of them does loom reach?
//!
//! `cargo model --coverage` counts, and writes `tests/tools/model-runtime/COVERAGE.md`. Two threads
//! with an operation each. `RLock` is not among them: it knows its owner by loom's thread-locals,
//! which the other scheduler lacks.

use std::time::Duration;

use model::coverage::{self, Coverage};
use model::{Group, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;
use primitives::{Barrier, Condition, Event, Lock, Semaphore};
use queues::Queue;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    queues(primitives(bare(Group::new("counted")))).test("table-is-up-to-date", table_is_up_to_date)
}

/// A known pruning error of loom: a load, and then a store of the same thread.
fn bare(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("load-then-store", "Both load, and then store.", || AtomicU32::new(0))
                .roles(2, "adds", |word| {
                    let value = word.load(Relaxed);
                    word.store(value + 1, Relaxed);
                })
                .counted(),
        )
        .scenario(
            Scenario::new(
                "load-then-exchange",
                "Both load, and then compare and exchange.",
                || AtomicU32::new(0),
            )
            .roles(2, "adds", |word| {
                let value = word.load(Relaxed);
                let _ = word.compare_exchange(value, value + 1, Relaxed, Relaxed);
            })
            .counted(),
        )
}

fn primitives(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("lock", "Two threads add one each.", || Lock::new(0))
                .roles(2, "adds", |number| *number.lock() += 1)
                .counted(),
        )
        .scenario(
            Scenario::new("lock-timed", "One of the two may give up.", || Lock::new(0))
                .role("adds", |number| *number.lock() += 1)
                .role("may give up", |number| _ = number.lock_timeout(A_WHILE))
                .counted(),
        )
        .scenario(
            Scenario::new("condition", "One waits for the other's letter.", || {
                (Lock::new(false), Condition::new())
            })
            .role("waits", |(letter, arrived)| {
                arrived.wait_while(&mut letter.lock(), |letter| !*letter);
            })
            .role("writes", |(letter, arrived)| {
                *letter.lock() = true;
                arrived.notify_one();
            })
            .spurious(0)
            .counted(),
        )
        .scenario(
            Scenario::new("semaphore", "Two threads, one permit.", || Semaphore::new(1))
                .roles(2, "takes", |permits| drop(permits.acquire()))
                .counted(),
        )
        .scenario(
            Scenario::new("event", "One waits, the other sets.", Event::new)
                .role("waits", Event::wait)
                .role("sets", Event::set)
                .counted(),
        )
        .scenario(
            Scenario::new("barrier", "Two threads meet.", || Barrier::new(2))
                .roles(2, "waits", |barrier| _ = barrier.wait())
                .spurious(0)
                .counted(),
        )
}

fn queues(group: Group) -> Group {
    group.scenario(
        Scenario::new("queue", "One puts, one tries to get.", || Queue::bounded(1))
            .role("puts", |queue| queue.put(1).expect("it is open"))
            .role("tries", |queue| _ = queue.try_get())
            .counted(),
    )
}

/// Counts all of them again: the table is generated, and must not become outdated.
fn table_is_up_to_date() {
    let counted: Result<Vec<Coverage>, String> = coverage::measure_all(&[group()]);
    let table = coverage::table(&counted.unwrap());
    let published = coverage::published().unwrap_or_default();
    assert!(published == table, "run `cargo model --coverage`; it is now:\n{table}");
}
