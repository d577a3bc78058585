//! The tools of threads, built by hand: from atomics and a futex up, with nothing hidden.
//!
//! This is what Python's `threading` module would be had it been written in Rust. The source that
//! you read here is the source that the book shows, that the model checker explored (`cargo model`)
//! and that the benchmarks timed.
//!
//! | here                         | Python                  | what it does                                    |
//! | ---------------------------- | ----------------------- | ----------------------------------------------- |
//! | [`Lock`]                     | `threading.Lock`        | one thread at a time may touch the data         |
//! | [`raw::RawLock`]             | `threading.Lock`        | the same without data; any thread may release   |
//! | [`RLock`]                    | `threading.RLock`       | the same, and that thread again and again       |
//! | [`raw::RawRLock`]            | `threading.RLock`       | the same without data; only its owner releases  |
//! | [`RwLock`]                   | (none)                  | many threads may read, or one may write         |
//! | [`raw::RawRwLock`]           | (none)                  | the same without data                           |
//! | [`Condition`]                | `threading.Condition`   | sleep until the data under a lock has changed   |
//! | [`Semaphore`]                | `threading.Semaphore`   | so many threads at a time, or things to use up  |
//! | [`BoundedSemaphore`]         | `BoundedSemaphore`      | the same, and notices a release too many        |
//! | [`Event`]                    | `threading.Event`       | a gate that one thread opens for all            |
//! | [`Barrier`]                  | `threading.Barrier`     | no thread goes on before all have arrived       |
//! | [`Latch`]                    | (none)                  | a count that goes down to zero once             |
//! | [`WaitGroup`]                | (none)                  | waits until all its handles are dropped         |
//! | [`Once`], [`OnceLock`], [`LazyLock`] | (none)          | done once, by the first that comes              |
//! | [`Timer`]                    | `threading.Timer`       | one call, some time from now, or called off     |
//! | [`Timers`]                   | (`asyncio.call_later`)  | any number of them, on one thread               |
//! | [`raw::CancellableSleep`]           | `Timer.finished`        | a sleep that may be called off                  |
//! | [`threads`]                  | `threading.Thread`      | names, a list of threads, panics that are seen  |
//!
//! Everything stands on two modules, and on nothing else: [`sync`], the only door to atomics, and
//! [`park`], the only door to sleeping. Read them in the order of the book: `park`, `lock`,
//! `condition`.
//!
//! ```
//! use primitives::{Condition, Lock};
//! use std::thread;
//!
//! let letters = Lock::new(Vec::new());
//! let arrived = Condition::new();
//!
//! thread::scope(|s| {
//!     s.spawn(|| {
//!         letters.lock().push("hello");
//!         arrived.notify_one();
//!     });
//!     let mut letters = letters.lock();
//!     arrived.wait_while(&mut letters, |letters| letters.is_empty());
//!     assert_eq!(letters.pop(), Some("hello"));
//! });
//! ```
//!
//! With the feature `deadlock-detection`, threads that wait for each other do not hang silently.
//! The thread that would close the cycle panics with a report, or gets the report from
//! `Lock::lock_checked`. It names every thread, what each holds and since which line, and what each
//! wants. See [`deadlock`]; `cargo run -- deadlock` shows it.

#[cfg(test)]
use watchdog as _;

// `--cfg explore` is set together with `--cfg model`, and replaces the model runtime by the book's
// explorer.
#[cfg(explore)]
extern crate explorer as model;
#[cfg(all(explore, not(model)))]
compile_error!("`--cfg explore` needs `--cfg model` beside it: run `cargo explore`");

// The floors of the house, the lowest first: a module uses only those that stand before it in this
// list. Beside the two doors a primitive uses only what a reader has met in an earlier chapter.
// `cargo test -p floors` reads the list and holds it. Modules without a blank line between them
// share a floor.

pub mod sync;

mod futex;

pub mod deadlock;

pub mod park;

pub mod lock;

pub mod condition;

pub mod rlock;

pub mod rwlock;

pub mod semaphore;

pub mod bounded_semaphore;

pub mod event;

pub mod barrier;

pub mod once;

pub mod latch;

pub mod wait_group;

pub mod cancellable_sleep;

pub mod threads;

pub mod timer;

pub mod timers;

// Its traits need constants, which a model cannot make.
#[cfg(all(feature = "lock_api", not(model)))]
mod lock_api;

pub use barrier::{Barrier, BarrierWaitResult, BrokenBarrierError};
pub use bounded_semaphore::{BoundedSemaphore, ReleaseError};
pub use condition::{Condition, WaitTimeoutResult};
pub use event::Event;
pub use latch::Latch;
pub use lock::{Lock, LockGuard};
pub use once::{LazyLock, Once, OnceLock};
pub use rlock::{RLock, RLockGuard};
pub use rwlock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
pub use semaphore::{Permit, Semaphore};
pub use timer::Timer;
pub use timers::{TimerHandle, Timers};
pub use wait_group::WaitGroup;

/// Locks that guard no data: the typed locks are made of them, and Python calls them locks.
pub mod raw {
    pub use crate::cancellable_sleep::CancellableSleep;
    pub use crate::condition::ConditionLock;
    pub use crate::lock::RawLock;
    #[cfg(all(feature = "lock_api", not(model)))]
    pub use crate::lock_api::ThreadNumber;
    pub use crate::rlock::RawRLock;
    pub use crate::rwlock::RawRwLock;
}
