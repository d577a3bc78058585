//! The whole program on one core, where a spinning thread keeps the awaited thread from running:
//! none of ours may be slower than std, apart from the 5 % by which two equal runs differ.
//! `cargo results one_core`.

use std::time::Duration;

use bench::{Bench, Goal, Load, Row};

use crate::channels;
use crate::monitors;
use crate::waits::{self, lock, passes, ping_pong, rounds};

/// How much slower than the best peer a wait may be.
const LIMIT: f64 = 1.1;
/// How long threads compete for a lock.
const SPELL: Duration = Duration::from_millis(20);

fn barrier(name: &'static str, about: &'static str, threads: usize) -> Row {
    Row::new(name, about)
        .goal(Goal::best(LIMIT))
        .ours("Barrier", move |run| {
            let barrier = primitives::Barrier::new(threads);
            rounds(run, threads, || || _ = barrier.wait())
        })
        .peer("std", move |run| {
            let barrier = std::sync::Barrier::new(threads);
            rounds(run, threads, || || _ = barrier.wait())
        })
}

fn locks(name: &'static str, about: &'static str, threads: usize) -> Row {
    Row::new(name, about)
        .goal(Goal::best(LIMIT))
        .ours("Lock", move |run| lock::<monitors::Locksmith>(run, threads, SPELL))
        .peer("std", move |run| lock::<monitors::Std>(run, threads, SPELL))
}

fn queue(name: &'static str, about: &'static str, capacity: usize) -> Row {
    Row::new(name, about)
        .goal(Goal::best(LIMIT))
        .ours("Ring", move |run| passes::<queues::Ring<u64>>(run, capacity, 1))
        .beside("Queue", move |run| passes::<queues::Queue<u64>>(run, capacity, 1))
        .peer("std", move |run| passes::<channels::Std>(run, capacity, 1))
}

fn everything() -> Vec<Row> {
    vec![
        locks("lock, two threads", "two threads, 20 units of work outside the section", 2),
        locks("lock, eight threads", "eight threads, 20 units of work outside the section", 8),
        Row::new("condition, ping-pong", "two threads that wake each other by turns")
            .goal(Goal::best(LIMIT))
            .ours("Condition", ping_pong::<monitors::Locksmith>)
            .peer("std", ping_pong::<monitors::Std>),
        barrier("barrier, two threads", "two threads that do nothing but wait for each other", 2),
        barrier("barrier, eight threads", "eight threads that do nothing but wait", 8),
        queue("queue, capacity 1", "one producer, one consumer, one place", 1),
        queue("queue, capacity 64", "one producer, one consumer, 64 places", 64),
    ]
}

/// On a quiet core, and beside a hog.
fn rows() -> Vec<Row> {
    let beside = |load: Option<Load>| {
        let rows = everything().into_iter().chain(waits::for_a_taken_lock());
        rows.map(move |row| row.under(load))
    };
    beside(None).chain(beside(Some(Load::OnEachCore(1)))).collect()
}

pub(crate) fn bench() -> Bench {
    Bench::new("one_core", "One core", rows).on_one_core()
}
