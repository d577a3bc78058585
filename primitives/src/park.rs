//! The only door to sleeping: the futex's calls, under the eyes of the deadlock detector.
//!
//! ```text
//!    wait ──▶ does the detector let the thread sleep? ─┬─ yes ─▶ futex wait ─▶ off the graph ─▶ return
//!                                                      └─ no ──▶ return, and never sleep
//! ```
//!
//! Without the feature `deadlock-detection` there is no question, and nothing stands between.
//!
//! Every wait stands in a loop. It may return early, and being awake says nothing about the word. None of the
//! calls orders memory. Deadlines are absolute ([`deadline_after`]), and a wait that returns [`Wait::TimedOut`]
//! did reach its deadline and used up no wake-up.
//!
//! # In odd places
//!
//! Code may run where a thread is not quite a thread: in a signal handler, in the child of a `fork` that calls no `exec`, in the
//! destructor of a thread-local. What holds there, with the Linux back end and without the deadlock detector, tests hold
//! too (`tests/cases/field`: `forks`, `handlers`, `destructors`).
//!
//! | what                                            | in a signal handler                                    | in the child of a `fork` |
//! | ----------------------------------------------- | ------------------------------------------------------ | ------------------------ |
//! | [`Lock`], [`RLock`], [`RwLock`], the raw ones   | the `try_` calls, and the release of what they took; [`RawLock::release`] of what any thread took | free: as ever. Held by the thread that forked: it still holds it, an `RLock` as often. Held by another thread: stays held; a time-out ends a wait |
//! | [`Condition`]                                   | `notify_one`, `notify_all`, `notify`                   | as ever; sleepers that are not there cost a notifier a call to the kernel |
//! | [`Semaphore`], [`BoundedSemaphore`]             | `try_acquire`, `release`, the drop of a permit         | as ever; permits that other threads had do not come back |
//! | [`Event`], [`Latch`]                            | `set`, `clear`, `is_set`; `count_down`, `is_open`      | as ever                  |
//! | [`Barrier`]                                     | `abort`, `reset`, `is_broken`                          | as ever if it was empty; threads that were inside never leave, so make another one |
//! | [`Once`], [`OnceLock`], [`LazyLock`]            | `is_completed`, `get`                                  | done: as ever. Begun by another thread: never done |
//! | [`threads`](crate::threads)                       | [`sync::thread::id`] alone; `current` allocates        | the same number and name, alone on the list; it starts threads as ever. A handle or a scope of the parent's threads waits for what is not there: do not join, do not let the scope end |
//! | [`CancellableSleep`]                            | `cancel`, `is_cancelled`                               | as ever                  |
//! | [`Timer`], [`Timers`]                           | nothing: a lock, and the allocator                     | those of the parent fire in the parent alone, and may be dropped; new ones as ever |
//! | `Queue` and its kin, `Executor`                 | nothing: a lock, and the allocator                     | a queue that no thread was just using: as ever. The workers are the parent's: see the executor's page |
//!
//! **In the destructor of a thread-local** everything works to the last, waits and timers too: what the primitives keep for
//! a thread has no destructor. The thread has the same number; it is no longer [listed](crate::threads::enumerate); the
//! detector does not watch it any more.
//!
//! **In a signal handler** a wait is never fit, nor is any other code that interrupts a thread anywhere: the thread
//! that it interrupts may hold what it waits for. A wake is a system call on Linux, and what it stands on is an atomic step.
//! On the `portable` back end **nothing** of it is fit but the `try_` calls that fail: a wake takes the mutex of its
//! bucket, which the interrupted thread may hold. A handler that must run anywhere writes to an atomic, or to a pipe.
//! With the deadlock detector none of them is fit, on any back end.
//!
//! **In the child of a `fork`** of a program with several threads nothing is promised on the `portable` back end, nor with
//! the detector on: another thread may have held the mutex of a bucket, or the detector's own lock, at that moment, and
//! then a call hangs. (That the detector accuses nobody falsely there is promised.) A program with one thread may
//! fork as it likes.
//!
//! **In a global allocator** a lock is fit on every back end: neither to sleep nor to wake allocates. (Where std's own
//! `Mutex` allocates when it is first used, as on macOS, the first use must come from elsewhere.)
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
pub use crate::futex::{Wait, deadline_after, now, wake_all, wake_one};
use crate::sync::atomic::AtomicU32;

/// Sleeps while `*word == expected`, until woken or until `deadline`. May return early.
///
/// `None` never expires. A deadline that has passed is one look: `TimedOut` if the word is still
/// `expected`. Costs a system call, and a sleep and wake-up about 30 µs if it does sleep.
#[inline]
#[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    wait_for(word, expected, deadline, WaitTarget::nameless(Kind::Word))
}

/// [`wait`], by a caller that can say what it waits for: what reports of deadlocks then name.
///
/// Where the detector refuses the sleep, and the caller wants to know, the result is `TimedOut`, so that the caller
/// gets out of its loop.
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
