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
//! **In a signal handler**, and in any other code that interrupts a thread anywhere, a wait is never fit: the thread
//! that it interrupts may hold what it waits for. The wakes are: on Linux they are a system call, and so `Event::set`,
//! `Semaphore::release`, `Condition::notify_*` and the release of a lock, which are an atomic step and a wake, may be
//! called there. On the `portable` back end they are **not**: a wake takes the mutex of its bucket, which the interrupted
//! thread may hold. A handler that must run anywhere writes to an atomic, or to a pipe. With the deadlock detector
//! none of them is fit, on any back end.
//!
//! **In a global allocator** a lock is fit on every back end: neither to sleep nor to wake allocates. (Where std's own
//! `Mutex` allocates when it is first used, as on macOS, the first use must come from elsewhere.)

use std::time::Instant;

pub use crate::futex::{Wait, deadline_after, now, wake_all, wake_one};
use crate::sync::atomic::AtomicU32;
use crate::{deadlock, futex};

/// Sleeps while `*word == expected`, until woken or until `deadline`. May return early.
///
/// `None` never expires. A deadline that has passed is one look: `TimedOut` if the word is still
/// `expected`. Costs a system call, and a sleep and wake-up about 30 µs if it does sleep.
#[inline]
#[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let Some(_asleep) = deadlock::falls_asleep(word, expected, deadline) else {
        return Wait::TimedOut; // so that a caller that wants to know of a deadlock gets out of its loop
    };
    futex::wait(word, expected, deadline)
}
