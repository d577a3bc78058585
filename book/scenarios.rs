//! What the explorer plays through for the pages: each scenario runs a listing, or what ships, in
//! every order there is.
//!
//! A file a chapter, or a listing; each has a function that returns its scenarios, and stands in
//! [`all`]. `cargo explore NAME` makes the graph, and `{{#explore NAME: what to do}}` in a chapter
//! shows it.

use explorer::Scenario;

mod barrier;
mod condition;
mod coroutines;
mod deadlock;
mod endings;
mod event;
mod increments;
mod lock;
mod machines;
mod not_a_lock;
mod once;
mod pools;
mod processes;
mod queue;
mod ring;
mod rlock;
mod rwlock;
mod select;
mod semaphore;
mod shown;
mod sleep;
mod spin_lock;
mod stale_reads;
mod threads;
mod timer;

/// Every scenario there is.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let chapters = [
        threads::scenarios(),
        increments::scenarios(),
        not_a_lock::scenarios(),
        spin_lock::scenarios(),
        stale_reads::scenarios(),
        sleep::scenarios(),
        lock::scenarios(),
        deadlock::scenarios(),
        rlock::scenarios(),
        condition::scenarios(),
        semaphore::scenarios(),
        event::scenarios(),
        barrier::scenarios(),
        timer::scenarios(),
        rwlock::scenarios(),
        once::scenarios(),
        queue::scenarios(),
        ring::scenarios(),
        endings::scenarios(),
        select::scenarios(),
        pools::scenarios(),
        processes::scenarios(),
        machines::scenarios(),
        coroutines::scenarios(),
    ];
    chapters.into_iter().flatten().collect()
}
