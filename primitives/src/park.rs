//! The only door to sleeping: the futex's calls, watched by the deadlock detector.
//!
//! ```text
//!    wait ──▶ does the detector let the thread sleep? ─┬─ yes ─▶ futex wait ─▶ off the graph ─▶ return
//!                                                      └─ no ──▶ return, and never sleep
//! ```
//!
//! Without the feature `deadlock-detection` there is nothing in between.
//!
//! Every wait is in a loop. It may return early, and being awake says nothing about the word. None
//! of the calls orders memory. Deadlines are absolute ([`deadline_after`]), and a wait that returns
//! [`Wait::TimedOut`] did reach its deadline and consumed no wake-up.
//!
//! # In unusual places
//!
//! Some code does not run on an ordinary thread: a signal handler, the child of a `fork` that calls
//! no `exec`, the destructor of a thread-local. This table says what works there with the Linux
//! back end; in a signal handler, without the deadlock detector. Tests check it
//! (`tests/cases/field`: `forks`, `handlers`, `destructors`).
//!
//! | what                                            | in a signal handler                                    | in the child of a `fork` |
//! | ----------------------------------------------- | ------------------------------------------------------ | ------------------------ |
//! | [`Lock`], [`RLock`], [`RwLock`], the raw ones   | the `try_` calls, and the release of what they took; [`RawLock::release`] of a lock that any thread took | free: as usual. Held by the thread that forked: it still holds it, an `RLock` as often as before. Held by another thread: it stays held; a timeout ends a wait |
//! | [`Condition`]                                   | `notify_one`, `notify_all`, `notify`                   | as usual; sleepers that the child does not have cost a notifier one call to the kernel |
//! | [`Semaphore`], [`BoundedSemaphore`]             | `try_acquire`, `release`, the drop of a permit         | as usual; permits that other threads had do not come back |
//! | [`Event`], [`Latch`]                            | `set`, `clear`, `is_set`; `count_down`, `is_open`      | as usual                 |
//! | [`Barrier`]                                     | `abort`, `reset`, `is_broken`                          | as usual if it was empty; threads that were inside never leave, so make another one |
//! | [`Once`], [`OnceLock`], [`LazyLock`]            | `is_completed`, `get`                                  | done: as usual. Begun by another thread: never done |
//! | [`threads`](crate::threads)                       | only [`sync::thread::id`]; `current` allocates         | the same number and name, alone on the list; it starts threads as usual. A handle or a scope of the parent's threads would wait without end: do not join, do not let the scope end |
//! | [`CancellableSleep`]                            | `cancel`, `is_cancelled`                               | as usual                 |
//! | [`Timer`], [`Timers`]                           | nothing: a lock, and the allocator                     | the parent's timers fire only in the parent, and may be dropped; new ones as usual |
//! | `Queue` and its kin, `Executor`                 | nothing: a lock, and the allocator                     | a queue that no thread was using at that moment: as usual. The workers are the parent's: see the executor's page |
//!
//! **In the destructor of a thread-local** everything works to the end, also waits and timers: the
//! primitives' own thread-locals have no destructors. The thread keeps its number; it is no longer
//! [listed](crate::threads::enumerate), and the detector no longer watches it.
//!
//! **In a signal handler** a wait is never allowed: the interrupted thread may hold the object of
//! the wait. The same is true of any other code that interrupts a thread anywhere. A wake on Linux
//! is an atomic step and a system call. On the `portable` back end only a `try_` call that fails is
//! allowed, and **nothing** else: a wake takes the mutex of its bucket, which the interrupted
//! thread may hold. A handler that must work on every back end writes to an atomic or to a pipe.
//! With the deadlock detector none of these calls is allowed, on any back end.
//!
//! **In the child of a `fork`** the table does not hold on the `portable` back end, if the program
//! has several threads: another thread may have held the mutex of a bucket at that moment, and then
//! a call hangs. With the deadlock detector it holds on Linux: the forking thread takes the
//! detector's own locks before and releases them after, and the child begins without the parent's
//! waits. A program with one thread may fork freely.
//!
//! **In a global allocator** a lock may be used on every back end: neither sleeping nor waking
//! allocates. (On macOS, the first sleep or wake looks up the system's calls, and std's own `Mutex`
//! allocates at its first use; so the first use there must be outside the allocator.)
//!
//! **Beside coroutines.** A wake of a word for which a coroutine waits, or of one whose address
//! hashes alike, takes a mutex and calls a waker, which is the executor's code. So in a program
//! with coroutines a signal handler may call only the `try_` calls that fail, and the child of a
//! `fork` must not wake what the parent's coroutines waited for.
//!
//! [`Barrier`]: crate::Barrier
//! [`BoundedSemaphore`]: crate::BoundedSemaphore
//! [`CancellableSleep`]: crate::raw::CancellableSleep
//! [`Condition`]: crate::Condition
//! [`Event`]: crate::Event
//! [`Latch`]: crate::Latch
//! [`LazyLock`]: crate::LazyLock
//! [`Lock`]: crate::Lock
//! [`Once`]: crate::Once
//! [`OnceLock`]: crate::OnceLock
//! [`RLock`]: crate::RLock
//! [`RawLock::release`]: crate::raw::RawLock::release
//! [`RwLock`]: crate::RwLock
//! [`Semaphore`]: crate::Semaphore
//! [`Timer`]: crate::Timer
//! [`Timers`]: crate::Timers
//! [`sync::thread::id`]: crate::sync::thread::id

use std::time::Instant;

use crate::deadlock::{self, Kind, WaitTarget};
#[cfg(all(model, not(explore)))]
pub use crate::futex::line;
#[cfg(not(explore))]
pub use crate::futex::{Place, Seat};
pub use crate::futex::{Wait, deadline_after, now, wake_all, wake_one};
use crate::sync::atomic::AtomicU32;

/// Sleeps while `*word == expected`, until woken or until `deadline`. May return early.
///
/// `None` never expires. A deadline that has passed looks once: `TimedOut` if the word is still
/// `expected`. Costs a system call, and a sleep and wake-up about 30 µs if it does sleep.
#[inline]
#[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    wait_for(word, expected, deadline, WaitTarget::nameless(Kind::Word))
}

/// [`wait`], by a caller that can say what it waits for: what reports of deadlocks then name.
///
/// Where the detector refuses the sleep, and the caller wants to know, the result is `TimedOut`, so
/// that the caller gets out of its loop.
///
/// The target borrows what it names, so it cannot outlive it:
///
#[cfg_attr(feature = "deadlock-detection", doc = "```compile_fail,E0505")]
#[cfg_attr(not(feature = "deadlock-detection"), doc = "```ignore")]
/// use primitives::deadlock::{Identity, Kind};
/// use primitives::park;
/// use primitives::sync::atomic::AtomicU32;
///
/// let (word, identity) = (AtomicU32::new(1), Identity::new(Kind::Queue, "short-lived"));
/// let target = identity.waiting_for_anyone();
/// drop(identity);
/// park::wait_for(&word, 0, None, target);
/// ```
#[doc(hidden)]
#[inline]
#[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
pub fn wait_for(
    word: &AtomicU32,
    expected: u32,
    deadline: Option<Instant>,
    target: WaitTarget<'_>,
) -> Wait {
    deadlock::sleep(word, expected, deadline, target)
}
