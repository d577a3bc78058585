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
//! [`Duration`]: std::time::Duration
//! [`Instant`]: std::time::Instant

#[cfg(test)]
use watchdog as _;

// The floors, the lowest first: a module uses only those that stand before it in this list.
// `cargo test -p floors` reads the list and holds it. Modules without a blank line between them
// share a floor.

mod error;

mod drop_all;
mod memory;
mod sleepers;

mod discipline;

mod blocking_queue;

mod locked_queue;

mod priority_queue;
mod queue;
mod stack;

mod ring;

mod treiber_stack;

mod workers;

pub mod task_queue;

pub mod executor;

pub use blocking_queue::{BlockingQueue, Iter};
pub use discipline::Discipline;
pub use error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};
pub use executor::{Executor, ResultTimeoutError, Task, TaskError, as_completed};
pub use locked_queue::LockedQueue;
pub use priority_queue::{PriorityQueue, SmallestFirst};
pub use queue::{Fifo, Queue};
pub use ring::Ring;
pub use stack::{Lifo, Stack};
pub use task_queue::{TaskCounts, TaskQueue};
pub use treiber_stack::TreiberStack;
#[cfg(not(model))]
pub use workers::Workers;
