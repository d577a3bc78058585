//! The futex: wait on a word, wake a thread that waits on it. Only [`park`](crate::park) and the
//! deadlock detector, which is below it, use this; all other code sleeps by `park`.
//!
//! Three calls, after Linux's futex ("fast userspace mutex"): a thread sleeps _on_ an ordinary
//! 32-bit word, and others wake it by the word's address. The kernel keeps no object for it; the
//! word belongs to the program, and while no thread sleeps, none calls the kernel.
//!
//! One promise makes sleeping safe: [`wait`] looks at the word and falls asleep _in one step_. If
//! the look and the sleep were two steps, the waker could change the word and call between them,
//! and the sleeper would miss the only call:
//!
//! ```text
//!    sleeper                          waker
//!    looks: the word is still 2
//!                                     word = 0
//!                                     wake: no thread sleeps there
//!    sleeps … without end
//! ```
//!
//! With the promise, either the waker's store comes first, and `wait` sees a word that is not
//! `expected` and returns; or the sleep comes first, and the waker finds the sleeper.
//!
//! Every wait is in a loop, for three reasons. It may return early (the word had changed, or a
//! spurious wake-up). A wake may be meant for a word that lay at this address before: it takes an
//! _address_ only, because after the waker's store another thread may already have freed the
//! memory. And being awake says nothing about the word: a faster thread may have changed it back.
//!
//! None of the three calls orders memory. A caller that needs an order makes it with its own
//! atomics, on the word or beside it.
//!
//! Deadlines are absolute ([`deadline_after`]), so that a wait that restarts after a signal does
//! not restart its time. A wait that returns [`Wait::TimedOut`] did reach its deadline, and did not
//! consume a wake-up. Only this module reads the clock to decide that the time is up: callers trust
//! the returned value, and in a model that value is a choice, so that every possible timeout is
//! explored.
//!
//! Back ends, a file each:
//!
//! | file       | sleeps by                                    | on                              |
//! | ---------- | -------------------------------------------- | ------------------------------- |
//! | `linux`    | futex(2)                                     | Linux, Android                  |
//! | `windows`  | `WaitOnAddress`, with a table of sleepers    | Windows 10 and newer            |
//! | `apple`    | `os_sync_wait_on_address`; before macOS 14.4 as `portable` | macOS, iOS        |
//! | `portable` | std's `Mutex` and `Condvar`, with that table | every other; or by the feature  |
//! | `model`    | a modelled futex                             | in a model                      |
//!
//! Between these calls and the back end stands the [line](self::line), where coroutines sleep on
//! the same words: see `futex/line.rs`.

use std::time::{Duration, Instant};

use crate::sync::atomic::AtomicU32;

#[cfg(all(not(model), not(feature = "portable"), any(target_os = "linux", target_os = "android")))]
#[path = "futex/linux.rs"]
mod backend;

#[cfg(all(not(model), not(feature = "portable"), windows, not(target_vendor = "win7")))]
#[path = "futex/windows.rs"]
mod backend;

#[cfg(all(not(model), not(feature = "portable"), target_vendor = "apple"))]
#[path = "futex/apple.rs"]
mod backend;

#[cfg(all(
    not(model),
    any(
        feature = "portable",
        not(any(target_os = "linux", target_os = "android", windows, target_vendor = "apple")),
        target_vendor = "win7"
    )
))]
use portable as backend;

// Where it is the back end, and on Apple's systems, some of which lack their own.
#[cfg(all(
    not(model),
    any(
        feature = "portable",
        not(any(target_os = "linux", target_os = "android", windows)),
        target_vendor = "win7"
    )
))]
mod portable;

#[cfg(all(model, not(explore)))]
pub mod line;
#[cfg(not(model))]
mod line;
#[cfg(all(model, not(explore)))]
mod modelled_mutex;
#[cfg(not(explore))]
mod table;

#[cfg(model)]
#[path = "futex/model.rs"]
mod backend;

#[cfg(all(model, not(explore)))]
pub use backend::Place;
#[cfg(not(model))]
pub use line::Place;

/// What a coroutine finds at its place in a line.
#[cfg(not(explore))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// It is in no line: it has not slept, or it knows that it was woken.
    Awake,
    /// It is in line.
    Asleep,
    /// It was woken since it fell asleep.
    Woken,
}

/// How a `wait` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Woken, or the word was not the expected one, or a spurious wake-up: look at the word.
    Woken,
    /// The deadline has passed, and this waiter consumed no wake-up.
    TimedOut,
}

/// Sleeps while `*word == expected`, until woken or until `deadline`. May return early.
///
/// `None` never expires. A deadline that has passed looks once: `TimedOut` if the word is still
/// `expected`. Costs a system call, and a sleep and wake-up about 30 µs if it does sleep.
#[inline]
#[cfg_attr(model, track_caller)]
pub(crate) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    #[cfg(not(model))]
    return line::wait(word, expected, deadline);
    #[cfg(model)]
    backend::wait(word, expected, deadline)
}

/// Wakes one thread that sleeps on this address, or one coroutine, if there is one; of threads,
/// which one is not specified. Returns whether it did, as far as the system can tell.
///
/// Never touches the memory: the address is only a key, and may be dangling by now.
#[inline]
#[cfg_attr(model, track_caller)]
pub fn wake_one(word: *const AtomicU32) -> bool {
    #[cfg(not(model))]
    return line::wake_one(word);
    #[cfg(model)]
    backend::wake_one(word)
}

/// Wakes every thread that sleeps on this address, and every coroutine. Never touches the memory.
#[inline]
#[cfg_attr(model, track_caller)]
pub fn wake_all(word: *const AtomicU32) {
    #[cfg(not(model))]
    line::wake_all(word);
    #[cfg(model)]
    backend::wake_all(word);
}

/// The present, on the clock of the deadlines. In a model it stands still until a wait reaches its
/// deadline.
#[inline]
#[must_use]
pub fn now() -> Instant {
    #[cfg(not(model))]
    return Instant::now();
    #[cfg(model)]
    backend::now()
}

/// The instant `timeout` from now; `None`, which never expires, if it overflows the clock.
#[inline]
#[must_use]
pub fn deadline_after(timeout: Duration) -> Option<Instant> {
    now().checked_add(timeout)
}

#[cfg(all(test, not(model)))]
mod tests;
