//! The latch: a count that goes down to zero once, and threads that wait for zero.
//!
//! A [barrier](crate::barrier) is used again and again, by threads that all wait. A latch is used
//! once. A thread that counts down need not wait, and a waiter need not count down: workers report
//! that they are ready, and one thread waits for all of them.
//!
//! One word holds the count and, in its lowest bit, a note: a thread may sleep. The last thread to
//! count down removes count and note in one step, and wakes all sleepers if there was a note.
//!
//! ```text
//!      ┌───────┐ count_down  ┌───────┐ count_down  ┌───────┐
//!      │   2   │────────────▶│   1   │────────────▶│   0   │  open, and stays so
//!      └───────┘             └───────┘             └───────┘
//!          │ a waiter            │ a waiter            ▲
//!          ▼ leaves a note       ▼ leaves a note       │ count_down, then wake all
//!      ┌───────────┐ count_down ┌───────────┐          │
//!      │ 2, SLEEPERS│──────────▶│ 1, SLEEPERS│─────────┘
//!      └───────────┘            └───────────┘
//! ```
//!
//! The thread that opens the latch uses only the address of the word afterwards, so a waiter may
//! free the latch as soon as it has seen zero.
//!
//! Source: Java's `CountDownLatch` and C++20's `std::latch`
//! ([P0666](https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2018/p0666r2.pdf)).

#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

use crate::deadlock::{Identity, Kind};
use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{const_fn, spin};

/// The note, in the lowest bit: a thread may sleep.
const SLEEPERS: u32 = 1;
/// One count, in the bits above it.
const ONE: u32 = 2;
/// The count is zero. No note stands beside it.
const OPEN: u32 = 0;

/// A count that goes down to zero once, and threads that wait for it.
///
/// All that a thread did before it [counted down](Self::count_down) is seen by a thread after its
/// [`wait`](Self::wait).
///
/// _Python_: the standard library has no latch; a `Barrier` makes the workers wait too. _C++_:
/// `std::latch`.
///
/// ```
/// use primitives::Latch;
///
/// let ready = Latch::new(3);
/// std::thread::scope(|s| {
///     for _ in 0..3 {
///         s.spawn(|| ready.count_down()); // and goes on at once
///     }
///     ready.wait(); // until all three have
///     assert_eq!(ready.count(), 0);
/// });
/// ```
pub struct Latch {
    identity: Identity,
    /// `count * ONE | note`
    ///
    /// | count    | `SLEEPERS` | a thread sleeps      | written by                         |
    /// | -------- | ---------- | -------------------- | ---------------------------------- |
    /// | any      | no         | no                   | `new`, `count_down_by`             |
    /// | 1 … max  | yes        | maybe                | `wait_slow`, before it sleeps      |
    /// | 0        | no         | no, or all are woken | `count_down_by`, the last one      |
    word: AtomicU32,
}

impl Latch {
    /// The largest count: 2,147,483,647.
    pub const MAX_COUNT: usize = (u32::MAX / ONE) as usize;

    const_fn! {
        /// A latch that opens after `count` counts; with zero it is open at once.
        ///
        /// # Panics
        ///
        /// If `count` is greater than [`MAX_COUNT`](Self::MAX_COUNT).
        #[must_use]
        pub const fn new(count: usize) -> Self {
            Self::named("", count)
        }
    }

    const_fn! {
        /// As [`new`](Self::new), with a name for [reports of deadlocks](crate::deadlock). Without
        /// the feature `deadlock-detection`, the name is not kept.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new).
        #[must_use]
        pub const fn named(name: &'static str, count: usize) -> Self {
            assert!(
                count <= Self::MAX_COUNT,
                "too large a count for a latch: at most 2147483647 (`Latch::MAX_COUNT`) are allowed",
            );
            Self {
                identity: Identity::new(Kind::Latch, name),
                word: AtomicU32::new(count as u32 * ONE),
            }
        }
    }

    /// Counts one down; the last one opens the latch and wakes every thread that waits. Never
    /// blocks.
    ///
    /// One load and one compare-exchange. If it opens the latch and a thread sleeps, also a system
    /// call.
    ///
    /// # Panics
    ///
    /// If the latch is open; it stays open then.
    #[inline]
    #[cfg_attr(not(model), track_caller)]
    pub fn count_down(&self) {
        self.count_down_by(1);
    }

    /// Counts `n` down in one step; zero changes nothing. Never blocks.
    ///
    /// # Panics
    ///
    /// If `n` is greater than the count; nothing is counted then.
    #[cfg_attr(not(model), track_caller)]
    pub fn count_down_by(&self, n: usize) {
        if n == 0 {
            return;
        }
        // Relaxed: a first guess; the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        loop {
            let count = (word / ONE) as usize;
            assert!(
                n <= count,
                "counted {n} down on a latch whose count is {count}: it must not go below zero",
            );
            let left = word - n as u32 * ONE;
            let opens = left / ONE == 0;
            // Release: pairs with the Acquire in `is_open` and `wait_slow`; the earlier ones are
            // seen too, because a read-modify-write continues the release sequence. Relaxed on
            // failure: the loop looks again.
            let after = if opens { OPEN } else { left };
            match self.word.compare_exchange_weak(word, after, Release, Relaxed) {
                Ok(_) => {
                    // From here on a waiter may return, and the latch's memory may be gone.
                    if opens && word & SLEEPERS != 0 {
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

    /// Counts one down, then waits until the latch is open. Blocks.
    ///
    /// # Panics
    ///
    /// If the latch is open.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn arrive_and_wait(&self) {
        self.count_down();
        self.wait();
    }

    /// Waits until the latch is open. Blocks; open: one load.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait(&self) {
        if !self.is_open() {
            self.wait_slow(None);
        }
    }

    /// Waits until the latch is open, for at most `timeout`. Returns whether it is.
    ///
    /// Zero looks once; a timeout that overflows `Instant` never expires. Open: one load.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.is_open() || !timeout.is_zero() && self.wait_slow(park::deadline_after(timeout))
    }

    /// Waits until the latch is open, or until `deadline`. Returns whether it is.
    ///
    /// With a deadline that has passed it looks once. Open: one load.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.is_open() || self.wait_slow(Some(deadline))
    }

    /// Whether the count is zero. One load. If it is, it stays so, and the caller sees what was
    /// done before each count.
    #[inline]
    #[must_use]
    pub fn is_open(&self) -> bool {
        // Acquire: pairs with the Release in `count_down_by`.
        self.word.load(Acquire) == OPEN
    }

    /// How many are left at this moment. The answer may be out of date when you read it. One load.
    #[inline]
    #[must_use]
    pub fn count(&self) -> usize {
        // Relaxed: the count says nothing about data, so no data is read after it.
        (self.word.load(Relaxed) / ONE) as usize
    }

    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait_slow(&self, deadline: Option<Instant>) -> bool {
        let target = self.identity.waiting_for_anyone();
        if spin::watch(|| self.is_open()) {
            return true;
        }
        // Acquire, here and below: pairs with the Release in `count_down_by`.
        let mut word = self.word.load(Acquire);
        while word != OPEN {
            let asleep = word | SLEEPERS;
            if word != asleep {
                // Leave the note before sleeping. Relaxed on success: the note carries no data.
                match self.word.compare_exchange(word, asleep, Relaxed, Acquire) {
                    Ok(_) => {}
                    Err(now) => {
                        word = now;
                        continue;
                    }
                }
            }
            let ended = park::wait_for(&self.word, asleep, deadline, target);
            word = self.word.load(Acquire); // Acquire: pairs with the Release that opens
            if ended == Wait::TimedOut {
                return word == OPEN;
            }
        }
        true
    }
}

/// What a [`WaitGroup`](crate::WaitGroup) needs besides.
impl Latch {
    /// Counts one up, if the latch is not open. Returns whether it did.
    ///
    /// A sleeper compares the word with its old value, so it may wake up and sleep again; it misses
    /// nothing.
    pub(crate) fn count_up(&self) -> bool {
        // Relaxed: a first guess; the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        while word != OPEN {
            assert!(
                word / ONE < Self::MAX_COUNT as u32,
                "too many members of a wait group: at most 2147483647 are allowed",
            );
            // Relaxed, both: counting up orders nothing. It is a read-modify-write, so earlier
            // counts stay in the release sequence.
            match self.word.compare_exchange_weak(word, word + ONE, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latch").field("count", &self.count()).finish()
    }
}
