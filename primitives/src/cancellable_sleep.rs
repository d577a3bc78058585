//! The cancellable sleep: a sleep that another thread may call off, and one answer to who was first.
//!
//! It is the heart of a [`Timer`](crate::Timer). One thread sleeps until the deadline, then acts; another may
//! cancel. What makes it a primitive and not just a sleep is that both may happen at the same moment, and
//! then exactly one of them must win, and both must know which: a `cancel` that says "it will not happen"
//! while it happens is worse than none.
//!
//! So one compare-exchange on one word decides which wins, from `WAITING` to either `FIRED` or
//! `CANCELLED`, and no state is ever left again:
//!
//! ```text
//!                    the deadline has come:             ┌─────────┐
//!                    compare-exchange,                  │  FIRED  │  `wait` returns true
//!    ┌─────────┐  ┌─ then wake who else sleeps ────────▶└─────────┘
//!    │ WAITING │──┤
//!    └─────────┘  └────────────────────────────────────▶┌───────────┐
//!                    cancel: compare-exchange,          │ CANCELLED │  `cancel` returns true
//!                    then wake who sleeps               └───────────┘
//! ```
//!
//! The sleeper sleeps on that same word. So a cancellation before the sleep is seen by the look that
//! [`park::wait`] makes as it falls asleep, and one after it finds the sleeper and wakes it; there is
//! no moment between. That the deadline has come is what `wait` returned, never a look at the clock.

#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::Instant;

use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::const_fn;

// ANCHOR: states
/// Nothing is decided.
const WAITING: u32 = 0;
/// The deadline came first.
const FIRED: u32 = 1;
/// The cancellation came first.
const CANCELLED: u32 = 2;
// ANCHOR_END: states

/// A wait for a deadline that other threads may call off.
///
/// Good for one use. Any number of threads may wait and cancel: exactly one call of all of them returns `true`.
///
/// _Python_: the `Event` in a `threading.Timer`, whose `wait(interval)` is followed by a second look, and
/// a `cancel` in between goes unnoticed by its caller.
///
/// ```
/// use primitives::raw::CancellableSleep;
/// use std::time::{Duration, Instant};
///
/// let sleep = CancellableSleep::new();
/// let far = Instant::now() + Duration::from_secs(3600);
/// std::thread::scope(|s| {
///     let waiter = s.spawn(|| sleep.wait(Some(far)));
///     assert!(sleep.cancel()); // this call is why it does not fire …
///     assert!(!waiter.join().unwrap()); // … and why the waiter is back already
/// });
/// ```
// ANCHOR: sleep-type
pub struct CancellableSleep {
    /// | value       | `wait`          | `cancel`      | who writes it |
    /// | ----------- | --------------- | ------------- | ------------- |
    /// | `WAITING`   | sleeps          | decides       | `new`         |
    /// | `FIRED`     | returns         | is too late   | `fire`        |
    /// | `CANCELLED` | returns         | was done      | `cancel`      |
    state: AtomicU32,
}
// ANCHOR_END: sleep-type

impl CancellableSleep {
    const_fn! {
        /// One that is not decided yet.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(WAITING) }
        }
    }

    /// Sleeps until `deadline`, or until it is cancelled. Returns whether this call made it fire.
    ///
    /// `None` never fires: it waits for a cancellation. A deadline that has passed fires without sleeping, if it
    /// is not cancelled already. `false` says that it was cancelled (then all that the thread did before it
    /// cancelled is visible here), or that another thread that waited made it fire.
    ///
    /// Blocks. At least one system call, and another if it fires.
    // ANCHOR: wait
    pub fn wait(&self, deadline: Option<Instant>) -> bool {
        loop {
            match park::wait(&self.state, WAITING, deadline) {
                Wait::TimedOut => return self.fire(),
                // Acquire: pairs with the Release in `cancel`.
                Wait::Woken if self.state.load(Acquire) != WAITING => return false,
                Wait::Woken => {} // for no reason
            }
        }
    }

    /// The deadline has come: decides, unless something else was first.
    fn fire(&self) -> bool {
        // Acquire on failure: pairs with the Release in `cancel`, which came first. Relaxed on success:
        // a call that fails because of it learns only that it is too late.
        let first = self.state.compare_exchange(WAITING, FIRED, Relaxed, Acquire).is_ok();
        if first {
            // The waiters with a later deadline, or with none: no call will cancel them now.
            park::wake_all(&raw const self.state);
        }
        first
    }
    // ANCHOR_END: wait

    /// Calls it off. Returns whether this call is why it will not fire; `false` if it has fired, or was
    /// cancelled before. Never blocks. A compare-exchange, and a system call if it succeeds.
    // ANCHOR: cancel
    pub fn cancel(&self) -> bool {
        // Release: pairs with the Acquire in `wait` and the one in `fire`. Relaxed on failure: too late, and nothing to be seen.
        let first = self.state.compare_exchange(WAITING, CANCELLED, Release, Relaxed).is_ok();
        if first {
            park::wake_all(&raw const self.state);
        }
        first
    }
    // ANCHOR_END: cancel

    /// Whether it was cancelled. One load.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        // Relaxed: says nothing about what the canceller did.
        self.state.load(Relaxed) == CANCELLED
    }

    /// Whether it has fired. One load.
    #[must_use]
    pub fn has_fired(&self) -> bool {
        // Relaxed: as in `is_cancelled`.
        self.state.load(Relaxed) == FIRED
    }
}

impl Default for CancellableSleep {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

/// Says how it stands. Never blocks.
impl fmt::Debug for CancellableSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: for people to read.
        let state = match self.state.load(Relaxed) {
            WAITING => "waiting",
            FIRED => "fired",
            _ => "cancelled",
        };
        f.debug_struct("CancellableSleep").field("state", &format_args!("{state}")).finish()
    }
}
