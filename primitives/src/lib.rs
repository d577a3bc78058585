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
//! | [`block_on`], [`coroutines`] | `asyncio`               | a coroutine sleeps where a thread would         |
//! | [`raw::CancellableSleep`]           | `Timer.finished`        | a sleep that may be called off                  |
//! | [`threads`]                  | `threading.Thread`      | names, a list of threads, panics that are seen  |
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
//! # Which one do I want?
//!
//! | I want …                                          | here                                 | std                       | parking_lot        | crossbeam            |
//! | ------------------------------------------------- | ------------------------------------ | ------------------------- | ------------------ | -------------------- |
//! | one thread at a time at some data                 | [`Lock`]                             | `Mutex`, with poisoning   | `Mutex`            | –                    |
//! | that, and the owner may take it again             | [`RLock`]                            | `ReentrantLock` (nightly) | `ReentrantMutex`   | –                    |
//! | many readers, or one writer                       | [`RwLock`]                           | `RwLock`, with poisoning  | `RwLock`           | `ShardedLock`        |
//! | to sleep until data under a lock has changed      | [`Condition`]                        | `Condvar`                 | `Condvar`          | –                    |
//! | `n` threads at a time, or a count of things       | [`Semaphore`], [`BoundedSemaphore`]  | –                         | –                  | –                    |
//! | to let all threads go at once                     | [`Event`]                            | –                         | –                  | –                    |
//! | all threads to meet, again and again              | [`Barrier`], which can break         | `Barrier`                 | –                  | –                    |
//! | to wait for `n` steps, once                       | [`Latch`]                            | –                         | –                  | –                    |
//! | to wait until every handle is dropped             | [`WaitGroup`]                        | –                         | –                  | `WaitGroup`          |
//! | something done or made once                       | [`Once`], [`OnceLock`], [`LazyLock`] | the same names            | `Once`             | –                    |
//! | a call at some later time                         | [`Timer`], [`Timers`]                | –                         | –                  | `channel::after`     |
//! | threads with names, a list, panics as errors      | [`threads`]                          | `thread`                  | –                  | `thread::scope`      |
//! | words that do not slow each other down            | [`CachePadded`]                      | –                         | –                  | `CachePadded`        |
//! | a queue between threads                           | `locksmith-queues`                   | `mpsc`                    | –                  | `channel`            |
//!
//! Take **std's** where its type does what you need and nothing is to be added to the program. Take
//! **parking_lot** for reads that can be upgraded. Take **crossbeam** for epochs and for structures
//! without locks. Take **these** for what the others lack: a timeout and a deadline on every wait,
//! semaphores, events, barriers that break, deadlocks that name themselves, and a source that is
//! explained line by line. How fast each is beside the others is measured, and drawn in the book.
//!
//! Of each lock there is a form without data in [`raw`]: take it where the data lies elsewhere, or
//! where another thread releases.
//!
//! # Features
//!
//! | feature              | brings                                                                             | who switches it on    |
//! | -------------------- | ---------------------------------------------------------------------------------- | --------------------- |
//! | `deadlock-detection` | threads that wait for each other are found and named: [`deadlock`]                  | **the binary alone**  |
//! | `lock_api`           | the raw traits of `lock_api` 0.5, and a lock for them that the detector names        | any crate             |
//! | `portable`           | sleeping through std's `Mutex` and `Condvar` on Linux too, as on every other system | tests                 |
//!
//! None is on by default. **A library must not switch `deadlock-detection` on.** Cargo joins the
//! features that all crates of a program ask for, so one library would change every lock of the
//! whole program: each gets a name and grows, and a wait that closes a circle panics. Let the
//! program decide, in its own manifest:
//!
//! ```toml
//! [features]
//! deadlock-detection = ["locksmith-primitives/deadlock-detection"]
//! ```
//!
//! With it, threads that wait for each other do not hang in silence: the one that would close the
//! circle panics with a report that names every thread, what it holds since which line and what it
//! wants where; or gets that report, from `Lock::lock_checked`.
//!
//! What it takes, in bytes on a 64-bit machine (`tests/sizes.rs` holds the table):
//!
//! | type                     | without | with `deadlock-detection` |
//! | ------------------------ | ------- | ------------------------- |
//! | [`Lock`]`<u8>`           | 8       | 32                        |
//! | [`RLock`]`<u8>`          | 24      | 48                        |
//! | [`RwLock`]`<u8>`         | 12      | 40                        |
//! | [`Condition`]            | 8       | 32                        |
//! | [`Semaphore`]            | 8       | 40                        |
//! | [`BoundedSemaphore`]     | 12      | 48                        |
//! | [`Event`]                | 4       | 32                        |
//! | [`Barrier`]              | 48      | 72                        |
//! | [`Latch`]                | 4       | 32                        |
//! | [`Once`]                 | 4       | 32                        |
//! | [`OnceLock`]`<u8>`       | 8       | 40                        |
//!
//! # Supported systems
//!
//! | system                | sleeps by                            | compiled for                                                                                             | tests                                       |
//! | --------------------- | ------------------------------------ | -------------------------------------------------------------------------------------------------------- | ------------------------------------------- |
//! | Linux                 | `futex(2)`                           | `x86_64-unknown-linux-gnu`, `aarch64-unknown-linux-gnu`                                                  | the whole suite                             |
//! | Linux on other processors, or with musl | `futex(2)`         | `i686-unknown-linux-gnu`, `armv7-unknown-linux-gnueabihf`, `riscv64gc-unknown-linux-gnu`, `powerpc-unknown-linux-gnu`, `x86_64-unknown-linux-musl` | i686: units, properties, stress |
//! | Android               | `futex(2)`                           | `aarch64-linux-android`                                                                                  | none                                        |
//! | Windows 10 and newer  | `WaitOnAddress`                      | `x86_64-pc-windows-gnu`, `aarch64-pc-windows-msvc`                                                       | units, properties, stress, models           |
//! | macOS                 | `os_sync_wait_on_address`; before macOS 14.4 std's `Mutex` and `Condvar` | `aarch64-apple-darwin`, `x86_64-apple-darwin`                        | units, properties, stress, models           |
//! | FreeBSD               | std's `Mutex` and `Condvar`          | `x86_64-unknown-freebsd`                                                                                 | none                                        |
//! | wasm32                | std's; a wait needs threads          | `wasm32-unknown-unknown`, `wasm32-wasip1-threads`                                                        | none                                        |
//!
//! `cargo verify --only targets` compiles all of these, with the detector's feature. The tests
//! outside Linux are the workflow's, on its machines. Other systems with std's threads should
//! compile, too. Where the processor has no atomic 64-bit integers (powerpc, riscv32, armv5te,
//! mips), each such integer is under a mutex of std ([`sync::atomic`]): right, and slow. For
//! riscv32 and armv5te std itself has to be compiled (`cargo verify --only targets-without-std`).
//!
//! Rust 1.88 or newer; with the feature `lock_api` 1.95, as that crate.
//!
//! # The book
//!
//! Each type has a chapter of the book, which builds it from its first wrong version on. In the
//! [repository](https://example.org/locksmith), `cargo run -p book` shows it.
//!
//! # Two doors
//!
//! Everything stands on two modules, and on nothing else: [`sync`], the only door to atomics, and
//! [`park`], the only door to sleeping. Read them in the order of the book: `park`, `lock`,
//! `condition`.

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

mod cache_padded;
mod futex;

pub mod deadlock;

pub mod park;

#[cfg(not(explore))]
mod block_on;
#[cfg(not(explore))]
pub mod coroutines;

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

#[doc(inline)]
pub use barrier::{Barrier, BarrierWaitResult, BrokenBarrierError};
#[cfg(not(explore))]
pub use block_on::block_on;
#[doc(inline)]
pub use bounded_semaphore::{BoundedSemaphore, ReleaseError};
pub use cache_padded::CachePadded;
#[doc(inline)]
pub use condition::{Condition, WaitTimeoutResult};
#[doc(inline)]
pub use event::Event;
#[doc(inline)]
pub use latch::Latch;
#[doc(inline)]
pub use lock::{Lock, LockGuard, MappedLockGuard, OwnedLockGuard};
#[doc(inline)]
pub use once::{LazyLock, Once, OnceLock};
#[doc(inline)]
pub use rlock::{RLock, RLockGuard};
#[doc(inline)]
pub use rwlock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard,
    RwLock, RwLockReadGuard, RwLockWriteGuard,
};
#[doc(inline)]
pub use semaphore::{OwnedPermit, Permit, Semaphore};
#[doc(inline)]
pub use timer::Timer;
#[doc(inline)]
pub use timers::{TimerHandle, Timers};
#[doc(inline)]
pub use wait_group::WaitGroup;

/// Locks that guard no data: the typed locks are made of them, and Python calls them locks.
pub mod raw {
    #[doc(inline)]
    pub use crate::cancellable_sleep::CancellableSleep;
    #[doc(inline)]
    pub use crate::condition::ConditionLock;
    #[doc(inline)]
    pub use crate::lock::RawLock;
    #[cfg(all(feature = "lock_api", not(model)))]
    #[doc(inline)]
    pub use crate::lock_api::{ThreadNumber, WatchedCondition, WatchedLock};
    #[doc(inline)]
    pub use crate::rlock::RawRLock;
    #[doc(inline)]
    pub use crate::rwlock::RawRwLock;
}
