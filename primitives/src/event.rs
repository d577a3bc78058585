//! The event: a gate that one thread opens for all.
//!
//! An event is set or not set. A waiter sleeps until the event is set, and from then on no thread
//! waits until it is cleared. So it suits what happens once (ready, stop). It also suits what
//! happens now and then, if one thread clears it.
//!
//! A single bit would not be enough. A sleeper takes 30 µs to wake up, and a `clear` may follow the
//! `set` at once:
//!
//! ```text
//!    sleeper                     another thread
//!    asleep: not set
//!                                set, wakes it
//!                                clear
//!    awake: not set, sleeps on
//! ```
//!
//! The event was set while the sleeper waited, and yet the sleeper sleeps on. Therefore the word
//! also counts how often the event has been set, its _generation_. A waiter remembers the word from
//! its arrival. It returns as soon as it finds another generation, whether or not the event is
//! still set.
//!
//! The third part of the word is the note that a thread sleeps, as in the [lock](crate::lock):
//! without it, `set` makes no system call.
//!
//! ```text
//!                        set
//!      ┌─────────────────────────────────────────┐
//!      │                                         ▼
//! ┌─────────┐                               ┌─────────┐
//! │ clear   │            clear              │ set     │
//! │ g       │◀──────────────────────────────│ g + 1   │   (and there its generation is g + 1)
//! └─────────┘                               └─────────┘
//!      │ a thread is about to sleep              ▲
//!      ▼                                         │
//! ┌─────────┐            set, then wake all      │
//! │ clear   │────────────────────────────────────┘
//! │ g, note │
//! └─────────┘
//! ```
//!
//! The usual cases are one load each: `is_set`, and `wait` and `set` on an event that is set. The
//! last one has a price. **A `set` that finds the event set writes nothing**, so it does not make
//! visible what its thread did before. That matters to a thread that clears and then looks:
//!
//! ```text
//!    worker                      another thread
//!    wait                        changes the data
//!    clear                       set: finds it set, or sets it
//!    looks at the data
//! ```
//!
//! If `set` comes too early to see the `clear`, then the look must see the change. With **data
//! under a lock** it does. Either the change comes before the look; or the look comes before the
//! change, and then the `clear` came before it too, and `set` sees it. A bare atomic does not
//! guarantee this: the processor may delay its store past the load in `set`, and the change goes
//! unnoticed. Put it under a lock, or a `fence(SeqCst)` before the `set` and another after the
//! `clear`.
//!
//! The generation has 30 bits. A waiter would miss a `set` only if it found exactly 1,073,741,824
//! of them (or a multiple) between two of its loads.
//!
//! Source: the eventcount of Reed and Kanodia, [_Synchronization with Eventcounts
//! and Sequencers_](https://doi.org/10.1145/359060.359076), with a bit to keep it
//! open.

#[cfg(not(explore))]
mod awaited;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

use crate::deadlock::{Identity, Kind};
use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{const_fn, spin};

// ANCHOR: states
/// The event is set.
const SET: u32 = 1;
/// The event is not set, and threads may sleep: the thread that sets the event must wake them.
const SLEEPERS: u32 = 2;
/// One generation, in the bits above.
const GENERATION: u32 = 4;
// ANCHOR_END: states

/// A gate that one thread opens for all waiters.
///
/// [`wait`](Self::wait) sleeps until the event is set; once it is, no thread waits. Each thread
/// that passes sees all that the setting thread did before its [`set`](Self::set).
///
/// _Python_: `threading.Event`.
///
/// ```
/// use primitives::Event;
/// use std::sync::OnceLock;
///
/// let (answer, ready) = (OnceLock::new(), Event::new());
/// std::thread::scope(|s| {
///     for _ in 0..3 {
///         s.spawn(|| {
///             ready.wait();
///             assert_eq!(answer.get(), Some(&42));
///         });
///     }
///     answer.set(42).unwrap();
///     ready.set(); // all three go
/// });
/// ```
// ANCHOR: type
pub struct Event {
    identity: Identity,
    /// `generation * GENERATION | SLEEPERS or SET, or neither`
    ///
    /// | `SET` | `SLEEPERS` | the event is | a thread may sleep   | written by               |
    /// | ----- | ---------- | ------------ | -------------------- | ------------------------ |
    /// | no    | no         | not set      | no                   | `new`, `clear`           |
    /// | no    | yes        | not set      | yes                  | `wait_slow`              |
    /// | yes   | no         | set          | no, or all are woken | `set`, a generation later|
    word: AtomicU32,
}
// ANCHOR_END: type

impl Event {
    const_fn! {
        /// An event that is not set.
        ///
        /// _Python_: `Event()`.
        #[must_use]
        pub const fn new() -> Self {
            Self { identity: Identity::new(Kind::Event, ""), word: AtomicU32::new(0) }
        }
    }

    const_fn! {
        /// As [`new`](Self::new), with a name for [reports of deadlocks](crate::deadlock). Without
        /// the feature `deadlock-detection`, the name is not kept.
        #[must_use]
        pub const fn named(name: &'static str) -> Self {
            Self { identity: Identity::new(Kind::Event, name), word: AtomicU32::new(0) }
        }
    }

    /// Whether the event is set at this moment. One load.
    ///
    /// If it is, the caller sees everything that was done before the [`set`](Self::set).
    ///
    /// _Python_: `is_set()`.
    #[inline]
    #[must_use]
    #[doc(alias = "isSet")]
    pub fn is_set(&self) -> bool {
        // Acquire: pairs with the Release in `set_slow`.
        self.word.load(Acquire) & SET != 0
    }

    // ANCHOR: set
    /// Sets the event, and wakes every thread that waits for it. Never blocks.
    ///
    /// A present waiter returns even if [`clear`](Self::clear) follows at once. If the event is set
    /// already, nothing happens: one load. Otherwise one load and one compare-exchange, and with
    /// sleepers a call to the kernel.
    ///
    /// _Python_: `set()`. Here a second `set` orders nothing: the page of [this module](self) says
    /// what that means.
    #[inline]
    pub fn set(&self) {
        // Relaxed: if it is set, this call does nothing that a thread could see (see above).
        let word = self.word.load(Relaxed);
        if word & SET == 0 {
            self.set_slow(word);
        }
    }

    fn set_slow(&self, mut word: u32) {
        while word & SET == 0 {
            let set = (word & !SLEEPERS).wrapping_add(GENERATION) | SET;
            // Release: pairs with the Acquire in `is_set`, `wait`, `wait_slow` and `clear`: a
            // thread that finds the new generation, set or cleared since, sees all that this thread
            // did. Relaxed on failure: another thread has set it, or a waiter left its note.
            match self.word.compare_exchange_weak(word, set, Release, Relaxed) {
                Ok(_) => {
                    // From here on waiters may return, and the event's memory may be gone.
                    if word & SLEEPERS != 0 {
                        Self::wake(&raw const self.word);
                    }
                    return;
                }
                Err(now) => word = now,
            }
        }
    }

    #[cold]
    fn wake(word: *const AtomicU32) {
        park::wake_all(word);
    }
    // ANCHOR_END: set

    // ANCHOR: clear
    /// Clears the event: from now on `wait` waits again. Never blocks; one atomic operation.
    ///
    /// Waiters that a [`set`](Self::set) has reached still return. Data that a thread looks at
    /// after it clears should be under a lock: the page of [this module](self) says why.
    ///
    /// _Python_: `clear()`.
    #[inline]
    pub fn clear(&self) {
        // Acquire: pairs with the Release in `set_slow`: a thread that clears sees what was done
        // before the `set`. It is an operation on the old value and not a store. So a waiter that
        // finds the next generation still pairs with that `set`.
        self.word.fetch_and(!SET, Acquire);
    }
    // ANCHOR_END: clear

    // ANCHOR: wait
    /// Waits until the event is set; returns at once if it is.
    ///
    /// Blocks. Set: one load. Otherwise it spins for about two microseconds before it sleeps.
    ///
    /// _Python_: `wait()`.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait(&self) {
        // Acquire: pairs with the Release in `set_slow`.
        let word = self.word.load(Acquire);
        if word & SET == 0 {
            self.wait_slow(word, None);
        }
    }
    // ANCHOR_END: wait

    /// Waits until the event is set, for at most `timeout`. Returns whether it was set.
    ///
    /// Zero looks once; a timeout that overflows `Instant` never expires. Set: one load, and the
    /// clock is not read.
    ///
    /// _Python_: `wait(timeout)`.
    ///
    /// ```
    /// use primitives::Event;
    /// use std::time::Duration;
    ///
    /// let stop = Event::new();
    /// while !stop.wait_timeout(Duration::from_millis(1)) {
    ///     // once a millisecond, until a thread says stop
    ///     stop.set();
    /// }
    /// ```
    #[inline]
    #[doc(alias = "wait")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        // Acquire: pairs with the Release in `set_slow`.
        let word = self.word.load(Acquire);
        word & SET != 0 || !timeout.is_zero() && self.wait_slow(word, park::deadline_after(timeout))
    }

    /// Waits until the event is set, or until `deadline`. Returns whether it was set.
    ///
    /// With a deadline that has passed it looks once. Set: one load.
    #[inline]
    #[doc(alias = "wait")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        // Acquire: pairs with the Release in `set_slow`.
        let word = self.word.load(Acquire);
        word & SET != 0 || self.wait_slow(word, Some(deadline))
    }

    // ANCHOR: wait-slow
    /// Waits for a `set` after the moment when the word was `found`, which is not set. Returns
    /// `false` if the deadline came first.
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait_slow(&self, found: u32, deadline: Option<Instant>) -> bool {
        let target = self.identity.waiting_for_anyone();
        // Until a thread sets the event, the word can only be this, with or without the note.
        let clear = found & !SLEEPERS;
        let asleep = clear | SLEEPERS;
        let reached = |word: u32| word & !SLEEPERS != clear;

        // Acquire, here and below: pairs with the Release in `set_slow`.
        if spin::watch(|| reached(self.word.load(Acquire))) {
            return true;
        }
        loop {
            // Leave the note before sleeping. Relaxed on success: the note carries no data.
            match self.word.compare_exchange(clear, asleep, Relaxed, Acquire) {
                Err(word) if reached(word) => return true,
                _ => {}
            }
            if park::wait_for(&self.word, asleep, deadline, target) == Wait::TimedOut {
                return reached(self.word.load(Acquire)); // Acquire: as above, with `set`
            }
        }
    }
    // ANCHOR_END: wait-slow
}

impl Default for Event {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.is_set()).finish()
    }
}
