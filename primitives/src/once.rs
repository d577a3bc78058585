//! Once: an initialisation that runs one time. The first thread runs it, and the others wait for
//! it.
//!
//! One word holds the progress. The first thread sets it to `RUNNING`, and a thread that comes
//! meanwhile sleeps until it is `COMPLETE`. From then on a call is one load, which is the purpose
//! of the type.
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
//! With two words, "is it done" and "the value", the reader must see the second whenever it sees
//! the first. Double-checked locking often gets this wrong: without an Acquire on the load and a
//! Release on the final store, the reader may see `COMPLETE` and a value that is not there yet.
//!
//! **A panic does not poison.** The word goes back to `INCOMPLETE`, and the next caller, or a
//! thread that slept, tries with its own closure. A [`LazyLock`] has only one closure, so there a
//! panic is final.
//!
//! **A closure that asks for its own result waits for itself.** The feature `deadlock-detection`
//! reports that instead of sleeping.
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
use crate::deadlock::{Identity, Kind, WaitTarget};
use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{const_fn, model_failed, spin};

// ANCHOR: states
/// No thread has begun, or the thread that began panicked.
const INCOMPLETE: u32 = 0;
/// A thread is running its closure.
const RUNNING: u32 = 1;
/// It is done. No note stands beside it.
const COMPLETE: u32 = 2;
/// The note: a thread may sleep.
const SLEEPERS: u32 = 4;
// ANCHOR_END: states

/// An initialisation that runs one time.
///
/// _Python_: has no such type; a module's top level runs once. _std_: `Once`, which poisons.
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
pub struct Once {
    identity: Identity,
    /// | value        | with `SLEEPERS` | it is          | written by                           |
    /// | ------------ | --------------- | -------------- | ------------------------------------ |
    /// | `INCOMPLETE` | maybe           | not begun      | `new`, a closure that panics         |
    /// | `RUNNING`    | maybe           | at work        | `call_slow`                          |
    /// | `COMPLETE`   | never           | done           | `call_slow`, when the closure is done|
    state: AtomicU32,
}

impl Once {
    const_fn! {
        /// Not done.
        #[must_use]
        pub const fn new() -> Self {
            Self::named("")
        }
    }

    const_fn! {
        /// Not done, with a name for [reports of deadlocks](crate::deadlock). Without the feature
        /// `deadlock-detection`, the name is not kept.
        #[must_use]
        pub const fn named(name: &'static str) -> Self {
            Self { identity: Identity::new(Kind::Once, name), state: AtomicU32::new(INCOMPLETE) }
        }
    }

    /// Calls `f` unless it is done; blocks while another thread runs its closure.
    ///
    /// When this returns it is done, and the caller sees what the closure did. If the other
    /// thread's closure panics, this thread calls its own. Done: one load.
    ///
    /// # Panics
    ///
    /// If `f` panics, the panic continues; it is not done then, and the next call tries again. A
    /// closure that calls this for the same `Once` waits for itself.
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
    /// The error of `f`; it is not done then, and the next call tries again.
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

    // ANCHOR: is-completed
    /// Whether it is done. One load. If it is, the caller sees what the closure did.
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        // Acquire: pairs with the Release in `Running::drop`.
        self.state.load(Acquire) == COMPLETE
    }
    // ANCHOR_END: is-completed

    /// Waits until another thread has done it. Blocks; done: one load.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait(&self) {
        if !self.is_completed() {
            self.wait_slow(None);
        }
    }

    /// Waits until it is done, for at most `timeout`. Returns whether it is.
    ///
    /// Zero looks once; a timeout that overflows `Instant` never expires. Done: one load.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.is_completed() || !timeout.is_zero() && self.wait_slow(park::deadline_after(timeout))
    }

    /// Waits until it is done, or until `deadline`. Returns whether it is.
    ///
    /// With a deadline that has passed it looks once. Done: one load.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.is_completed() || self.wait_slow(Some(deadline))
    }

    // ANCHOR: call-slow
    /// Unless it is done, calls `f`, which returns whether it succeeded. Waits for a thread that is
    /// running its closure.
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn call_slow(&self, f: &mut dyn FnMut() -> bool) {
        loop {
            // Acquire: pairs with the Release in `Running::drop`.
            let state = self.state.load(Acquire);
            match state & !SLEEPERS {
                COMPLETE => return,
                RUNNING => {
                    self.sleep(state, None, self.identity.waiting_for_owner());
                }
                _ => {
                    let running = RUNNING | state & SLEEPERS;
                    // Acquire: pairs with the Release in `Running::drop` of a closure that
                    // panicked: this closure sees what that one left. Relaxed on failure: the loop
                    // looks again.
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
        let target = self.identity.waiting_for_anyone();
        loop {
            // Acquire: pairs with the Release in `Running::drop`.
            let state = self.state.load(Acquire);
            if state == COMPLETE {
                return true;
            }
            if self.sleep(state, deadline, target) == Wait::TimedOut {
                return self.is_completed();
            }
        }
    }

    /// Sleeps while the word is `state`, which is not `COMPLETE`; may return early.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn sleep(&self, state: u32, deadline: Option<Instant>, target: WaitTarget<'_>) -> Wait {
        // Relaxed: a hint only; the caller looks by Acquire.
        if spin::watch(|| self.state.load(Relaxed) != state) {
            return Wait::Woken;
        }
        let asleep = state | SLEEPERS;
        // Relaxed, both: the note carries no data.
        if state != asleep && self.state.compare_exchange(state, asleep, Relaxed, Relaxed).is_err()
        {
            return Wait::Woken;
        }
        park::wait_for(&self.state, asleep, deadline, target)
    }
}

/// A closure that is being called. This is dropped when the closure ends, also by a panic.
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

// ANCHOR: running-drop
impl Drop for Running<'_> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        self.once.identity.released();
        // Release: pairs with the Acquire in `is_completed`, `call_slow` and `wait_slow`: they see
        // what the closure did.
        let before = self.once.state.swap(self.ends_as, Release);
        if before & SLEEPERS != 0 {
            park::wake_all(&raw const self.once.state);
        }
    }
}
// ANCHOR_END: running-drop

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
