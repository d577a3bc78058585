//! Blocking queues between threads.
//!
//! This is what Python's `queue` module would be had it been written in Rust, on the locks and
//! conditions of [`primitives`]. In corner cases (what a shutdown does to each waiter, when `join`
//! returns) they behave as CPython 3.13.
//!
//! | here                 | Python                | order                                              |
//! | -------------------- | --------------------- | -------------------------------------------------- |
//! | [`Queue`]            | `queue.Queue`         | first in, first out                                |
//! | [`Ring`]             | `queue.Queue`         | the same without a lock: bounded only, and faster  |
//! | [`Rendezvous`]       | (none)                | from hand to hand: a `put` waits for its `get`     |
//! | [`Stack`]            | `queue.LifoQueue`     | last in, first out                                 |
//! | [`PriorityQueue`]    | `queue.PriorityQueue` | smallest first, ties in order of arrival           |
//!
//! The calls are the same for every order, and [`BlockingQueue`] has them as a trait:
//!
//! | call                            | waits                     | gives up                                  |
//! | ------------------------------- | ------------------------- | ----------------------------------------- |
//! | `put` `get`                     | as long as it takes       | at shutdown                               |
//! | `try_put` `try_get`             | never                     | at once                                   |
//! | `put_timeout` `get_timeout`     | for a [`Duration`]        | when it is over, or at shutdown           |
//! | `put_deadline` `get_deadline`   | until an [`Instant`]      | when it has come, or at shutdown          |
//!
//! A call that gives up gives the item back, in the error.
//!
//! Each but [`Rendezvous`] has an asynchronous form, `get_async`, `put_async`, `join_async`, for
//! coroutines on any executor: a thread and a coroutine may stand at the two ends of one queue. See
//! [`primitives::coroutines`].
//!
//! Two types run closures with them. [`TaskQueue`] calls closures on a few threads and counts them.
//! [`Executor`], Python's `ThreadPoolExecutor`, returns their results.
//!
//! [`TreiberStack`] never blocks: it is an example of what can go wrong with
//! compare-and-swap.
//!
//! ```
//! use queues::Queue;
//!
//! let lines = Queue::bounded(64);
//! std::thread::scope(|s| {
//!     let longest = s.spawn(|| lines.iter().max_by_key(|line: &String| line.len()));
//!     for line in ["a lock", "a condition", "a queue"] {
//!         lines.put(line.to_owned()).expect("it is not shut down yet");
//!     }
//!     lines.shutdown(); // the consumer takes what is left, and its loop ends
//!     assert_eq!(longest.join().unwrap().as_deref(), Some("a condition"));
//! });
//! ```
//!
//! # Which one do I want?
//!
//! | I want …                                             | here                  | std                    | crossbeam                      |
//! | ---------------------------------------------------- | --------------------- | ---------------------- | ------------------------------ |
//! | first in, first out, bounded or not                  | [`Queue`]             | `mpsc`, one consumer   | `channel::bounded`, `unbounded` |
//! | that, bounded, at the highest rate                   | [`Ring`]              | `mpsc::sync_channel`   | `channel::bounded`             |
//! | to hand an item over, and to know that it was taken  | [`Rendezvous`]        | `mpsc::sync_channel(0)` | `channel::bounded(0)`         |
//! | last in, first out                                   | [`Stack`]             | –                      | –                              |
//! | the most urgent first                                | [`PriorityQueue`]     | `BinaryHeap` in a lock | –                              |
//! | an order of my own                                   | [`Discipline`]        | –                      | –                              |
//! | that it ends with its last user, on either side      | [`channel`]           | `mpsc`                 | `channel`                      |
//! | to wait for several queues, and timers, at once      | [`Select`]            | –                      | `Select`                       |
//! | a queue that never blocks                            | [`TreiberStack`]      | –                      | `ArrayQueue`, `SegQueue`       |
//! | to run closures, and to know when all are done       | [`TaskQueue`]         | –                      | –                              |
//! | to run closures, and to have their results           | [`Executor`]          | `thread::scope`        | –                              |
//!
//! Take **std's** `mpsc` for one consumer, where nothing is to be added to the program. Take
//! **crossbeam's** channels where a select must also wait for room to put. Take **parking_lot** for
//! locks; it has no queue. Take **rayon** to divide one computation among cores. Take **these** for
//! a shutdown that any thread may call and that says what becomes of the items, for `task_done` and
//! `join`, for deadlines on both sides, and for waits that a deadlock report names.
//!
//! # Features
//!
//! | feature              | brings                                                               | who switches it on    |
//! | -------------------- | -------------------------------------------------------------------- | --------------------- |
//! | `deadlock-detection` | queues and tasks in the reports of [`primitives::deadlock`]          | **the binary alone**  |
//! | `portable`           | sleeping through std on Linux too, as on every other system          | tests                 |
//!
//! A library must not switch `deadlock-detection` on: it would change every lock of the whole
//! program. See
//! [the features of `primitives`](primitives#features).
//!
//! The [supported systems](primitives#supported-systems) are those of `primitives`.
//!
//! Rust 1.88 or newer.
//!
//! # The book
//!
//! Each type has a chapter of the book, which builds it from its first wrong version on. In the
//! [repository](https://example.org/locksmith), `cargo run -p book` shows it.
//!
//! [`Duration`]: std::time::Duration
//! [`Instant`]: std::time::Instant

// Not in a model, which reaches into rooms that a user never sees.
#![cfg_attr(not(model), warn(clippy::missing_errors_doc, clippy::missing_panics_doc))]
// Nightly's rustdoc marks what a feature brings; what the model replaces is no matter of a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(model, explore))))]

#[cfg(test)]
use watchdog as _;

// The first page of the package compiles, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The floors, the lowest first: a module uses only those that stand before it in this list.
// `cargo test -p floors` reads the list and holds it. Modules without a blank line between them
// share a floor.

mod error;

mod drop_all;
mod memory;
mod sleepers;
mod watchers;

mod discipline;

mod blocking_queue;

mod locked_queue;

mod priority_queue;
mod queue;
mod stack;

mod ring;

mod rendezvous;

mod channel;

mod select;
mod treiber_stack;

mod workers;

pub mod task_queue;

pub mod executor;

pub use blocking_queue::{BlockingQueue, IntoIter, Iter, TryIter};
pub use channel::{Receiver, ReceiverIntoIter, Sender, channel, channel_returning};
pub use discipline::{Discipline, Peek};
pub use error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};
#[doc(inline)]
pub use executor::{
    Executor, ResultTimeoutError, Shutdown, StillRunning, Task, TaskError, as_completed,
};
pub use locked_queue::LockedQueue;
pub use priority_queue::{Keyed, PriorityQueue, SmallestFirst};
pub use queue::{Fifo, Queue};
pub use rendezvous::Rendezvous;
pub use ring::Ring;
pub use select::{Select, Selectable};
pub use stack::{Lifo, Stack};
#[doc(inline)]
pub use task_queue::{TaskCounts, TaskQueue};
pub use treiber_stack::TreiberStack;
#[cfg(not(model))]
pub use workers::Workers;
