//! Once: something that is done one time, by whichever thread comes first, and waited for by the others.
//!
//! One word says how far it is. The first thread makes it `RUNNING`, and a thread that comes meanwhile sleeps until it is
//! `COMPLETE`. From then on a look is one load, and that is what all of this is for.
//!
//! ```text
//!                  call: compare-exchange            it returns: swap, then wake all
//!     ┌────────────┐               ┌─────────┐               ┌──────────┐
//!     │ INCOMPLETE │──────────────▶│ RUNNING │──────────────▶│ COMPLETE │
//!     └────────────┘               └─────────┘               └──────────┘
//!            ▲      it panics: swap,    │
//!            └──────────────────────────┘
//!                   then wake all
//!
//!     beside the first two:  SLEEPERS   a thread may sleep on the word
//! ```
//!
//! Two words, "is it done" and "the value", would need the reader to see the second whenever it sees the first. That is
//! the mistake of double-checked locking: without an Acquire on the look and a Release on the end the reader may see
//! `COMPLETE` and a value that is not there yet.
//!
//! **A panic does not poison.** The word goes back to `INCOMPLETE`, and the next thread that calls, or one that slept,
//! tries with its own closure. A [`LazyLock`] has only one closure, so there a panic is final.
//!
//! **A closure that asks for its own result waits for itself.** With the feature `deadlock-detection` that is a report
//! in place of the sleep.
//!
//! Source: POSIX's `pthread_once`; the shape is that of std's `Once`.

mod lazy_lock;
mod once_lock;
#[cfg(all(test, not(model)))]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};

pub use self::lazy_lock::LazyLock;
pub use self::once_lock::OnceLock;
use crate::deadlock::{Identity, Kind};
use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{const_fn, model_failed, spin};

// ANCHOR: states
/// No thread has begun, or the one that had begun panicked.
const INCOMPLETE: u32 = 0;
/// A thread is at it.
const RUNNING: u32 = 1;
/// It is done. No note is left beside it.
const COMPLETE: u32 = 2;
/// The note: a thread may sleep.
const SLEEPERS: u32 = 4;
// ANCHOR_END: states

/// Something that is done one time.
///
/// _Python_: none; a module's top level is run once. _std_: `Once`, which poisons.
///
/// ```
/// use primitives::Once;
///
/// static SET_UP: Once = Once::new();
/// let mut times = 0;
/// SET_UP.call_once(|| times += 1);
/// SET_UP.call_once(|| times += 1);
/// assert_eq!(times, 1);
/// ```
// ANCHOR: type
pub struct Once {
    identity: Identity,
    /// | value        | with `SLEEPERS` | it is          | who writes it                        |
    /// | ------------ | --------------- | -------------- | ------------------------------------ |
    /// | `INCOMPLETE` | maybe           | not begun      | `new`, a closure that panics         |
    /// | `RUNNING`    | maybe           | at work        | `call_slow`                          |
    /// | `COMPLETE`   | never           | done           | `call_slow`, when the closure is done|
    state: AtomicU32,
}
// ANCHOR_END: type

impl Once {
    const_fn! {
        /// Not done.
        #[must_use]
        pub const fn new() -> Self {
            Self::named("")
        }
    }

    const_fn! {
        /// Not done, with a name for [reports of deadlocks](crate::deadlock). Without the feature `deadlock-detection`,
        /// the name is not kept.
        #[must_use]
        pub const fn named(name: &'static str) -> Self {
            Self { identity: Identity::new(Kind::Once, name), state: AtomicU32::new(INCOMPLETE) }
        }
    }

    /// Calls `f` unless it is done; if another thread is at it, blocks until that has ended.
    ///
    /// When this returns it is done, and what the closure did is seen. If the other thread's closure
    /// panics, this thread calls its own. Done: one load.
    ///
    /// # Panics
    ///
    /// Whatever `f` panics with goes on; it is not done then, and the next call tries again. A closure that calls this for
    /// the same `Once` waits for itself.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn call_once(&self, f: impl FnOnce()) {
        let Ok(()) = self.try_call_once(|| {
            f();
            Ok::<(), Infallible>(())
        });
    }

    /// [`call_once`](Self::call_once), with a closure that may fail.
    ///
    /// # Errors
    ///
    /// That of `f`; it is not done then, and the next call tries again.
    ///
    /// # Panics
    ///
    /// As [`call_once`](Self::call_once).
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_call_once<E>(&self, f: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        if self.is_completed() {
            return Ok(());
        }
        let (mut f, mut result) = (Some(f), Ok(()));
        self.call_slow(&mut || {
            result = f.take().expect("called once")();
            result.is_ok()
        });
        result
    }

    /// Whether it is done. One load. If it is, what the closure did is seen after this call.
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        // Acquire: pairs with the Release in `Running::drop`.
        self.state.load(Acquire) == COMPLETE
    }

    /// Waits until it is done, by another thread. Blocks; done: one load.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait(&self) {
        if !self.is_completed() {
            self.wait_slow(None);
        }
    }

    /// Waits until it is done, for at most `timeout`. Returns whether it is.
    ///
    /// Zero is one look; a timeout that overflows `Instant` never expires. Done: one load.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.is_completed() || !timeout.is_zero() && self.wait_slow(park::deadline_after(timeout))
    }

    /// Waits until it is done, or until `deadline`. Returns whether it is.
    ///
    /// A deadline that has passed is one look. Done: one load.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.is_completed() || self.wait_slow(Some(deadline))
    }

    // ANCHOR: call-slow
    /// Calls `f`, which returns whether it succeeded, unless it is done; waits for a thread that is at it.
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn call_slow(&self, f: &mut dyn FnMut() -> bool) {
        loop {
            // Acquire: pairs with the Release in `Running::drop`.
            let state = self.state.load(Acquire);
            match state & !SLEEPERS {
                COMPLETE => return,
                RUNNING => {
                    // Around the sleep alone: what the closure waits for is another matter.
                    let _waiting = self.identity.waiting_for_owner();
                    self.sleep(state, None);
                }
                _ => {
                    let running = RUNNING | state & SLEEPERS;
                    // Acquire: pairs with the Release in `Running::drop` of a closure that panicked: this one sees what
                    // that one left. Relaxed on failure: looked at again.
                    if self.state.compare_exchange(state, running, Acquire, Relaxed).is_ok() {
                        let mut this = Running::begin(self);
                        if f() {
                            this.ends_as = COMPLETE;
                        }
                        return;
                    }
                }
            }
        }
    }
    // ANCHOR_END: call-slow

    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait_slow(&self, deadline: Option<Instant>) -> bool {
        let _waiting = self.identity.waiting_for_anyone();
        loop {
            // Acquire: pairs with the Release in `Running::drop`.
            let state = self.state.load(Acquire);
            if state == COMPLETE {
                return true;
            }
            if self.sleep(state, deadline) == Wait::TimedOut {
                return self.is_completed();
            }
        }
    }

    // ANCHOR: sleep
    /// Sleeps while the word is `state`, which is not `COMPLETE`; may return early.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn sleep(&self, state: u32, deadline: Option<Instant>) -> Wait {
        // Relaxed: a hint only; the caller looks by Acquire.
        if spin::watch(|| self.state.load(Relaxed) != state) {
            return Wait::Woken;
        }
        let asleep = state | SLEEPERS;
        // Relaxed, both: the note says nothing but "wake".
        if state != asleep && self.state.compare_exchange(state, asleep, Relaxed, Relaxed).is_err()
        {
            return Wait::Woken;
        }
        park::wait(&self.state, asleep, deadline)
    }
    // ANCHOR_END: sleep
}

/// A closure that is being called. Its end, by a panic too, is the end of this.
struct Running<'a> {
    once: &'a Once,
    ends_as: u32,
}

impl<'a> Running<'a> {
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn begin(once: &'a Once) -> Self {
        once.identity.taken();
        Self { once, ends_as: INCOMPLETE }
    }
}

// ANCHOR: end
impl Drop for Running<'_> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        self.once.identity.released();
        // Release: pairs with the Acquire in `is_completed`, `call_slow` and `wait_slow`: what the closure did is seen.
        let before = self.once.state.swap(self.ends_as, Release);
        if before & SLEEPERS != 0 {
            park::wake_all(&raw const self.once.state);
        }
    }
}
// ANCHOR_END: end

impl Default for Once {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("completed", &self.is_completed()).finish()
    }
}
