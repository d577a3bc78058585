//! The only door to sleeping: wait on a word, wake who waits on it.
//!
//! Three calls, after Linux's futex ("fast userspace mutex"): a thread sleeps _on_ an ordinary 32-bit
//! word, and others wake it by the word's address. The kernel keeps no object for it; the word belongs
//! to the program, and while nobody sleeps nobody calls the kernel.
//!
//! What makes sleeping safe is one promise: [`wait`] looks at the word and falls asleep _in one step_.
//! Had the look and the sleep been two steps, the waker could change the word and call between them,
//! and the sleeper would miss the only call there will ever be:
//!
//! ```text
//!    sleeper                          waker
//!    looks: the word is still 2
//!                                     word = 0
//!                                     wake: nobody sleeps there
//!    sleeps … for ever
//! ```
//!
//! With the promise, either the waker's store comes first, and `wait` sees a word that is not
//! `expected` and returns; or the sleep comes first, and the waker finds the sleeper.
//!
//! Every wait stands in a loop, for three reasons. It may return early (a word that had changed,
//! or no reason). A wake may be meant for a word that lay at this address before: it takes an _address_
//! only, because after the waker's store another thread may already have freed the memory. And being
//! awake says nothing about the word: somebody faster may have changed it back.
//!
//! None of the three calls orders memory. Whoever needs an order makes it with its own atomics, on
//! the word or beside it.
//!
//! Deadlines are absolute ([`deadline_after`]), so that a wait that starts anew after a signal does not
//! start its time anew. A wait that returns [`Wait::TimedOut`] did reach its deadline, and did not
//! consume a wake-up. Nobody but this module reads the clock to decide that time is up: callers trust
//! the returned value, and in a model that value is a choice, so that every time-out that could happen
//! is explored.
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
//!
//! Back ends, a file each: `linux` (futex(2)), `portable` (std's Mutex and Condvar in a table; every
//! other system), and the model's.

use std::time::{Duration, Instant};

use crate::deadlock;
use crate::sync::atomic::AtomicU32;

#[cfg(all(not(model), target_os = "linux", not(feature = "portable")))]
#[path = "park/linux.rs"]
mod backend;

#[cfg(all(not(model), any(not(target_os = "linux"), feature = "portable")))]
#[path = "park/portable.rs"]
mod backend;

#[cfg(model)]
#[path = "park/model.rs"]
mod backend;

/// How a [`wait`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Woken, or the word was not the expected one, or for no reason at all: look at the word.
    Woken,
    /// The deadline has passed, and no wake-up was used up by this waiter.
    TimedOut,
}

/// Sleeps while `*word == expected`, until woken or until `deadline`. May return early.
///
/// `None` waits for ever. A deadline that has passed is one look: `TimedOut` if the word is still
/// `expected`. Costs a system call, and a sleep and wake-up about 30 µs if it does sleep.
#[inline]
#[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let Some(_asleep) = deadlock::falls_asleep(word, expected, deadline) else {
        return Wait::TimedOut; // so that a caller that wants to know of a deadlock gets out of its loop
    };
    backend::wait(word, expected, deadline)
}

/// Wakes one thread that sleeps on this address, if there is one; which one is not specified.
/// Returns whether it did, as far as the system can tell.
///
/// Never touches the memory: the address is only a name, and may be dangling by now.
#[inline]
#[cfg_attr(model, track_caller)]
pub fn wake_one(word: *const AtomicU32) -> bool {
    backend::wake_one(word)
}

/// Wakes every thread that sleeps on this address. Never touches the memory.
#[inline]
#[cfg_attr(model, track_caller)]
pub fn wake_all(word: *const AtomicU32) {
    backend::wake_all(word);
}

/// The present, as deadlines have it. In a model it stands still until a wait comes to its deadline.
#[inline]
#[must_use]
pub fn now() -> Instant {
    #[cfg(not(model))]
    return Instant::now();
    #[cfg(model)]
    backend::now()
}

/// The instant `timeout` from now; `None`, which means for ever, where the clock cannot tell it.
#[inline]
#[must_use]
pub fn deadline_after(timeout: Duration) -> Option<Instant> {
    now().checked_add(timeout)
}

#[cfg(all(test, not(model)))]
mod tests;
