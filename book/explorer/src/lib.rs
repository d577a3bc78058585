//! The explorer: runs a small program in every order there is, and draws the map.
//!
//! Under `--cfg explore` (the alias `cargo explore` sets it) the switch in `primitives::sync`
//! points here. The atomics, cells and sleeps of this crate look like the real ones, but each
//! operation is a step for which a thread needs its turn. So a program that was compiled from the
//! very source that the book shows can be played through in any order, one operation at a time: and
//! the explorer plays all of them. Its graphs are what a reader of the book walks through in the
//! page.
//!
//! | module       | idea                                                                            |
//! | ------------ | ------------------------------------------------------------------------------- |
//! | [`scenario`] | a small program: what is shared, what each thread does, what must hold           |
//! | [`sync`], [`futex`], [`thread`], [`spin`] | what `primitives` stands on                        |
//! | `op`         | an operation that a thread is about to do                                        |
//! | `memory`     | what a load may read: views, stamps, release and acquire, data races             |
//! | `world`      | all threads and words of a run, and what a step does to them                     |
//! | `run`        | one run: the threads as coroutines, one step after another                       |
//! | [`search`]   | all runs: the graph of states                                                    |
//! | [`graph`]    | the graph: counts, shortest ways, JSON                                           |
//! | [`mod@source`] | names of words, and lines by anchor, from the source                           |
//!
//! # Why equal states may be merged
//!
//! Two runs that have come to the same state have the same future, so one of them is enough. A
//! state is:
//!
//! - **of each thread its history**: what its operations have returned so far. A thread is a
//!   function that sees the world through its operations alone, so this decides where it stands,
//!   what is in its variables, and what it does next. (Histories are numbered, not hashed: equal
//!   numbers are equal histories.) A cell's contents are such a result too: a number or a flag by
//!   its value, anything else by the histories of those that wrote it.
//! - **of the memory what can still be read**: the messages of each word from the oldest that some
//!   thread may read, with their views; what each thread has seen; who has accessed which cell, as
//!   far as data races depend on it. Stamps are counted from that oldest message.
//! - which threads sleep, which wait in a loop, and for which something has changed; how many
//!   timeouts and spurious wake-ups are left.
//!
//! The rest of the future depends on nothing else, so equal states have equal choices that lead to
//! equal states: merging loses no outcome, and the number of ways through the graph is the number
//! of interleavings. The tests count them without merging as well, and by another program.
//!
//! It needs two things of a scenario: its threads share nothing but what is made of this crate's
//! atomics and cells, and they do not ask for the time or for random numbers. A run that differs
//! when it is repeated is a panic.
//!
//! It is a model to teach with: [`sync`]'s memory leaves a few things out that the `memory` module
//! lists, and that the page says.

#[cfg(test)]
use watchdog as _;

pub mod clock;
pub mod futex;
pub mod graph;
mod memory;
mod op;
mod part;
mod run;
pub mod scenario;
pub mod search;
mod shape;
pub mod source;
pub mod spin;
mod stack;
pub mod sync;
mod teardown;
pub mod thread;
mod verdict;
mod world;

pub use std::thread_local;

pub use graph::Graph;
pub use part::Part;
pub use scenario::Scenario;
pub use shape::Shape;
pub use teardown::model_failed;
pub use verdict::{Kind, Verdict};
pub use world::{PartOf, part_of};

/// A static that is made when it is first used. No scenario may: what it makes, it makes in its
/// `make`.
#[macro_export]
macro_rules! lazy_static {
    ($(#[$attribute:meta])* static ref $name:ident: $type:ty = $value:expr;) => {
        $(#[$attribute])*
        static $name: ::std::sync::LazyLock<$type> = ::std::sync::LazyLock::new(|| $value);
    };
}

/// A, B, C …
#[must_use]
pub fn thread_name(thread: usize) -> String {
    let letter = u8::try_from(thread).ok().and_then(|n| b'A'.checked_add(n)).unwrap_or(b'?');
    char::from(letter).to_string()
}
