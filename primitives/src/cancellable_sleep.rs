//! The cancellable sleep: a sleep that another thread may cancel, with one answer to which came
//! first.
//!
//! It is the heart of a [`Timer`](crate::Timer). One thread sleeps until the deadline, then acts;
//! another may cancel. Both may happen at the same moment. Then exactly one of them must win, and
//! both must know which: that makes it a primitive and not just a sleep. A `cancel` that says "it
//! will not happen" while it happens is worse than none.
//!
//! So one compare-exchange on one word decides which wins, from `WAITING` to either `FIRED` or
//! `CANCELLED`, and those two states are final:
//!
//! ```text
//!                    the deadline has come:             ┌─────────┐
//!                    compare-exchange,                  │  FIRED  │  `wait` returns true
//!    ┌─────────┐  ┌─ then wake other sleepers  ────────▶└─────────┘
//!    │ WAITING │──┤
//!    └─────────┘  └────────────────────────────────────▶┌───────────┐
//!                    cancel: compare-exchange,          │ CANCELLED │  `cancel` returns true
//!                    then wake sleepers                 └───────────┘
//! ```
//!
//! The sleeper sleeps on that same word. [`park::wait`] compares the word as it falls asleep, so it
//! sees a cancellation that came before the sleep. A cancellation that comes later finds the
//! sleeper and wakes it; there is no moment between. Only the result of `wait` says that the
//! deadline has come, never a look at the clock.

#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::Instant;

use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::const_fn;

// ANCHOR: states
/// Not decided yet.
const WAITING: u32 = 0;
/// The deadline came first.
const FIRED: u32 = 1;
/// The cancellation came first.
const CANCELLED: u32 = 2;
// ANCHOR_END: states

/// A wait for a deadline that other threads may cancel.
///
/// It can be used once. Any number of threads may wait and cancel: exactly one of all these calls
/// returns `true`.
///
/// _Python_: the `Event` in a `threading.Timer`, whose `wait(interval)` is followed by a second
/// look. The caller of `cancel` does not learn that it came between the two.
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
    /// | value       | `wait`          | `cancel`      | written by    |
    /// | ----------- | --------------- | ------------- | ------------- |
    /// | `WAITING`   | sleeps          | decides       | `new`         |
    /// | `FIRED`     | returns         | is too late   | `fire`        |
    /// | `CANCELLED` | returns         | was done      | `cancel`      |
    state: AtomicU32,
}
// ANCHOR_END: sleep-type

impl CancellableSleep {
    const_fn! {
        /// A sleep that is not decided yet.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(WAITING) }
        }
    }

    /// Sleeps until `deadline`, or until the sleep is cancelled. Returns whether this call made it
    /// fire.
    ///
    /// `None` never fires: it waits for a cancellation. A deadline that has passed fires without
    /// sleeping, unless it is cancelled already. `false` says that it was cancelled, or that
    /// another waiter made it fire. After a cancellation, all that the cancelling thread did before
    /// is visible here.
    ///
    /// Blocks. One system call at least, and another if it fires.
    // ANCHOR: wait
    pub fn wait(&self, deadline: Option<Instant>) -> bool {
        loop {
            match park::wait(&self.state, WAITING, deadline) {
                Wait::TimedOut => return self.fire(),
                // Acquire: pairs with the Release in `cancel`.
                Wait::Woken if self.state.load(Acquire) != WAITING => return false,
                Wait::Woken => {} // spuriously
            }
        }
    }

    /// The deadline has come. This decides, unless another call was first.
    fn fire(&self) -> bool {
        // Acquire on failure: pairs with the Release in `cancel`, which came first. Relaxed on
        // success: a later call that fails learns only that it is too late.
        let first = self.state.compare_exchange(WAITING, FIRED, Relaxed, Acquire).is_ok();
        if first {
            // Wakes the waiters with a later deadline or none: no call will cancel them now.
            park::wake_all(&raw const self.state);
        }
        first
    }
    // ANCHOR_END: wait

    /// Cancels the sleep. Returns whether this call cancelled it; `false` if it has fired, or was
    /// cancelled before. Never blocks. A compare-exchange, and a system call if it succeeds.
    // ANCHOR: cancel
    pub fn cancel(&self) -> bool {
        // Release: pairs with the Acquire in `wait` and the one in `fire`. Relaxed on failure: too
        // late, and there is no data to see.
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
        // Relaxed: the answer says nothing about what the cancelling thread did.
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

/// Shows the state. Never blocks.
impl fmt::Debug for CancellableSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: for display only.
        let state = match self.state.load(Relaxed) {
            WAITING => "waiting",
            FIRED => "fired",
            _ => "cancelled",
        };
        f.debug_struct("CancellableSleep").field("state", &format_args!("{state}")).finish()
    }
}
