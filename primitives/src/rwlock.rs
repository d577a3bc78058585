//! The readers-writer lock: many threads may read, or one may write.
//!
//! One word holds the whole state: how many readers are inside, or that a writer is, and two notes.
//! A reader that finds no writer and no note counts itself in; that is one load and one
//! compare-exchange, and no reader waits for another. A writer that finds 0 in the word sets it to
//! `WRITER`. A thread that must wait spins for a short time, leaves its note, and sleeps.
//!
//! ```text
//!                  read: +1            read: +1
//!              ┌────────────▶┌─────────┐────────────▶┌─────────┐
//!              │             │ 1 reads │             │ n read  │  ⋯
//!              │ ◀───────────└─────────┘◀────────────└─────────┘
//!         ┌────────┐  leave: -1     ▲        leave: -1
//!         │   0    │                │ downgrade
//!         └────────┘ ◀──────────┌────────┐
//!              │     leave: 0   │ WRITER │
//!              └───────────────▶└────────┘
//!                  write: compare-exchange
//!
//!     beside each of them:  READERS_WAIT   a reader may sleep on the word
//!                           WRITERS_WAIT   a writer may sleep on its own word
//! ```
//!
//! **A writer is not starved.** While a note is set, no new reader may go in. So the readers inside
//! leave one after the other, and the last one wakes a writer. Readers that came meanwhile sleep,
//! and their own note keeps later readers out until the writer has had its turn.
//!
//! **Readers are not starved either.** A writer that leaves clears both notes, wakes all sleeping
//! readers, and then one writer. The threads that are woken compete, and a thread that loses leaves
//! its note again.
//!
//! **Readers sleep on the word, and a writer on a word of its own**, because the last reader wakes
//! one writer, and among sleepers of both kinds a wake-up could reach the wrong one. The writers'
//! word counts calls. A writer reads it, checks that its note is still in the state, and sleeps
//! while the count is the same. A call that comes between changes the count, so the writer does not
//! miss it.
//!
//! **A writer that gives up** clears the notes and wakes the threads that may have left them; these
//! leave them again. Otherwise an absent writer would keep readers out. A writer that was woken
//! goes round once more before it gives up, as with the [lock](crate::lock), because the last
//! reader relies on it.
//!
//! **A reader that reads again may wait for itself**: a writer may have left its note between the
//! two reads, and waits for the first to end. [`read_recursive`](RwLock::read_recursive) only
//! checks whether a writer is _inside_. With the feature `deadlock-detection` such a wait is a
//! report: a reader at the door waits for the writer that waits there, and that for all readers.
//!
//! Source: the two notes and the two words are those of many futex locks of this kind, std's among
//! them; Brandenburg and Anderson compare the fairness rules of such locks in [_Spin-Based
//! Reader-Writer Synchronization for Multiprocessor Real-Time
//! Systems_](https://doi.org/10.1007/s11241-010-9097-2).

mod guarded;
mod mapped;
mod owned;
#[cfg(all(test, not(model)))]
mod tests;
mod waiting;

use std::fmt;
use std::time::{Duration, Instant};

pub use self::guarded::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use self::mapped::{MappedRwLockReadGuard, MappedRwLockWriteGuard};
pub use self::owned::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
use crate::deadlock::{Door, Identity, Kind, WaitTarget};
use crate::park;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::const_fn;

// ANCHOR: states
/// No thread is inside, and none waits.
const FREE: u32 = 0;
/// One reader, in the lower 30 bits.
const READER: u32 = 1;
/// The lower 30 bits, all set: a writer is inside.
const WRITER: u32 = (1 << 30) - 1;
/// The most readers that may be inside at once.
const MAX_READERS: u32 = WRITER - 1;
/// The note of a reader that may sleep on the state.
const READERS_WAIT: u32 = 1 << 30;
/// The note of a writer that may sleep on the writers' word.
const WRITERS_WAIT: u32 = 1 << 31;
// ANCHOR_END: states

/// Which threads are inside, without the notes.
const fn inside(state: u32) -> u32 {
    state & WRITER
}

/// Whether a reader may go in: no writer is inside, and no note is set. A note makes the word
/// larger than any number of readers.
const fn is_readable(state: u32) -> bool {
    state < MAX_READERS
}

/// What keeps a reader out.
fn door(state: u32) -> Door {
    match inside(state) {
        WRITER => Door::Writing,
        _ if is_readable(state) => Door::Open,
        _ => Door::KeptForAWriter,
    }
}

/// What keeps a reader out that ignores the notes.
fn door_again(state: u32) -> Door {
    if inside(state) == WRITER { Door::Writing } else { Door::Open }
}

/// Whether a reader that ignores the notes may go in.
const fn is_readable_again(state: u32) -> bool {
    inside(state) < MAX_READERS
}

/// What a thread waits for at a lock without an identity.
#[inline]
#[cfg_attr(feature = "deadlock-detection", track_caller)]
fn nameless<'a>() -> WaitTarget<'a> {
    WaitTarget::nameless(Kind::RwLock)
}

/// A readers-writer lock that guards no data.
///
/// Use [`RwLock`] where you can: its guards give access to the data, and they release the lock.
/// This is for a lock around something that is not a value (a file, a table of foreign code).
///
/// _Python_: the standard library has no such lock.
///
/// ```
/// use primitives::raw::RawRwLock;
///
/// let lock = RawRwLock::new();
/// lock.acquire_shared();
/// assert!(lock.try_acquire_shared(), "readers go in together");
/// assert!(!lock.try_acquire_exclusive(), "a writer does not");
/// lock.release_shared();
/// lock.release_shared();
/// assert!(lock.try_acquire_exclusive());
/// lock.release_exclusive();
/// ```
pub struct RawRwLock {
    /// | lower 30 bits  | inside            | written by                                         |
    /// | -------------- | ----------------- | -------------------------------------------------- |
    /// | 0              | no thread         | `release_exclusive`, the last `release_shared`     |
    /// | 1 … 2³⁰ - 2    | so many readers   | `enter_as_reader`, `release_shared`, `downgrade`   |
    /// | `WRITER`       | one writer        | `enter_as_writer`                                  |
    ///
    /// | note           | what it asks for                                    | cleared by                  |
    /// | -------------- | --------------------------------------------------- | --------------------------- |
    /// | `READERS_WAIT` | wake all that sleep on this word                    | a thread that leaves, or a  |
    /// | `WRITERS_WAIT` | wake one that sleeps on `writers`; no reader enters | writer that gives up        |
    state: AtomicU32,
    /// How many times a writer was called, modulo 2³².
    writers: AtomicU32,
}

impl RawRwLock {
    const_fn! {
        /// A lock that no thread holds.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(FREE), writers: AtomicU32::new(0) }
        }
    }

    /// Goes in as a reader; blocks while a writer is inside, or waits.
    ///
    /// A thread that is already reading may wait for itself: see
    /// [`acquire_shared_recursive`](Self::acquire_shared_recursive). Uncontended: one load and one
    /// compare-exchange.
    ///
    /// # Panics
    ///
    /// If 1,073,741,822 readers are inside: guards were leaked.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_shared(&self) {
        if !self.enter_as_reader(is_readable) {
            self.read_slow(is_readable, None, nameless());
        }
    }

    /// [`acquire_shared`](Self::acquire_shared), for a lock that contains this one and has an
    /// identity.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_shared_as(&self, identity: &Identity) {
        identity.note_order();
        if !self.enter_as_reader(is_readable) {
            self.read_slow(is_readable, None, identity.waiting_for_writer(door));
        }
    }

    /// Goes in as a reader, whether or not a writer waits; blocks while a writer is inside.
    ///
    /// For a thread that may already be reading. If all readers use this, writers may be starved.
    ///
    /// # Panics
    ///
    /// As [`acquire_shared`](Self::acquire_shared).
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_shared_recursive(&self) {
        if !self.enter_as_reader(is_readable_again) {
            self.read_slow(is_readable_again, None, nameless());
        }
    }

    /// [`acquire_shared_recursive`](Self::acquire_shared_recursive), for a lock that contains this
    /// one and has an identity.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_shared_recursive_as(&self, identity: &Identity) {
        if !self.enter_as_reader(is_readable_again) {
            self.read_slow(is_readable_again, None, identity.waiting_for_writer(door_again));
        }
    }

    /// [`acquire_shared`](Self::acquire_shared), or `false` if the wait would never end.
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    fn acquire_shared_for(&self, target: WaitTarget<'_>) -> bool {
        self.enter_as_reader(is_readable) || self.read_slow(is_readable, None, target)
    }

    /// [`acquire_exclusive`](Self::acquire_exclusive), or `false` if the wait would never end.
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    fn acquire_exclusive_for(&self, target: WaitTarget<'_>) -> bool {
        self.enter_as_writer() || self.write_slow(None, target)
    }

    /// Goes in as a reader if no writer is inside or waits; never blocks. Returns whether it did.
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn try_acquire_shared(&self) -> bool {
        self.enter_as_reader(is_readable)
    }

    /// [`try_acquire_shared`](Self::try_acquire_shared), whether or not a writer waits.
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn try_acquire_shared_recursive(&self) -> bool {
        self.enter_as_reader(is_readable_again)
    }

    /// [`acquire_shared_recursive`](Self::acquire_shared_recursive), until `deadline` at most.
    /// Returns whether it did.
    ///
    /// `None` never expires. With a deadline that has passed it tries once.
    ///
    /// # Panics
    ///
    /// As [`acquire_shared`](Self::acquire_shared).
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn acquire_shared_recursive_deadline(&self, deadline: Option<Instant>) -> bool {
        self.enter_as_reader(is_readable_again)
            || self.read_slow(is_readable_again, deadline, nameless())
    }

    /// [`acquire_shared_recursive`](Self::acquire_shared_recursive), for at most `timeout`. Returns
    /// whether it did.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    ///
    /// # Panics
    ///
    /// As [`acquire_shared`](Self::acquire_shared).
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn acquire_shared_recursive_timeout(&self, timeout: Duration) -> bool {
        self.enter_as_reader(is_readable_again)
            || !timeout.is_zero()
                && self.read_slow(is_readable_again, park::deadline_after(timeout), nameless())
    }

    /// Goes in as a reader; blocks until `deadline` at most. Returns whether it did.
    ///
    /// `None` never expires. With a deadline that has passed it tries once.
    ///
    /// # Panics
    ///
    /// As [`acquire_shared`](Self::acquire_shared).
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn acquire_shared_deadline(&self, deadline: Option<Instant>) -> bool {
        self.enter_as_reader(is_readable) || self.read_slow(is_readable, deadline, nameless())
    }

    /// Goes in as a reader; blocks for at most `timeout`. Returns whether it did.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    ///
    /// # Panics
    ///
    /// As [`acquire_shared`](Self::acquire_shared).
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn acquire_shared_timeout(&self, timeout: Duration) -> bool {
        self.enter_as_reader(is_readable)
            || !timeout.is_zero()
                && self.read_slow(is_readable, park::deadline_after(timeout), nameless())
    }

    /// Goes in as the writer; blocks while any thread is inside.
    ///
    /// Uncontended: one compare-exchange.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_exclusive(&self) {
        if !self.enter_as_writer() {
            self.write_slow(None, nameless());
        }
    }

    /// [`acquire_exclusive`](Self::acquire_exclusive), for a lock that contains this one and has an
    /// identity.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_exclusive_as(&self, identity: &Identity) {
        identity.note_order();
        if !self.enter_as_writer() {
            self.write_slow(None, identity.waiting_for_holders());
        }
    }

    /// Goes in as the writer if no thread is inside; never blocks. Returns whether it did.
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn try_acquire_exclusive(&self) -> bool {
        self.enter_as_writer()
    }

    /// Goes in as the writer; blocks until `deadline` at most. Returns whether it did.
    ///
    /// `None` never expires. With a deadline that has passed it tries once.
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn acquire_exclusive_deadline(&self, deadline: Option<Instant>) -> bool {
        self.enter_as_writer() || self.write_slow(deadline, nameless())
    }

    /// Goes in as the writer; blocks for at most `timeout`. Returns whether it did.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    #[inline]
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    pub fn acquire_exclusive_timeout(&self, timeout: Duration) -> bool {
        self.enter_as_writer()
            || !timeout.is_zero() && self.write_slow(park::deadline_after(timeout), nameless())
    }

    // ANCHOR: enter
    #[inline]
    fn enter_as_reader(&self, is_readable: fn(u32) -> bool) -> bool {
        // Relaxed: a first guess; the compare-exchange decides.
        let mut state = self.state.load(Relaxed);
        while is_readable(state) {
            // Acquire: pairs with the Release in `release_exclusive` and `downgrade`, so that this
            // reader sees all that the last writer did. Relaxed on failure: nothing was taken.
            match self.state.compare_exchange_weak(state, state + READER, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    #[inline]
    fn enter_as_writer(&self) -> bool {
        // Acquire: pairs with the Release in `release_exclusive`, so that this writer sees all that
        // the last one did. Acquire: pairs also with the Release in `release_shared`, so that no
        // reader still reads what this one writes. Relaxed on failure: nothing was taken.
        self.state.compare_exchange(FREE, WRITER, Acquire, Relaxed).is_ok()
    }
    // ANCHOR_END: enter

    /// Leaves as a reader; the last one wakes a writer. Never blocks.
    ///
    /// Uncontended: one load and one compare-exchange.
    ///
    /// # Panics
    ///
    /// If no reader is inside; the lock is unchanged then.
    #[inline]
    #[cfg_attr(not(model), track_caller)]
    pub fn release_shared(&self) {
        // Relaxed: a first guess; the compare-exchange decides.
        let mut state = self.state.load(Relaxed);
        loop {
            assert!(
                !matches!(inside(state), FREE | WRITER),
                "released a readers-writer lock that no reader holds: call `acquire_shared` first",
            );
            // Release: as in `leave_as_reader`. Relaxed on failure: the loop looks again.
            match self.state.compare_exchange_weak(state, state - READER, Release, Relaxed) {
                Ok(_) => return self.left_as_reader(state - READER),
                Err(now) => state = now,
            }
        }
    }

    /// [`release_shared`](Self::release_shared), for a guard, which proves that a reader is inside.
    #[inline]
    fn leave_as_reader(&self) {
        // Release: pairs with the Acquire in `enter_as_writer`: this reader has finished reading.
        let before = self.state.fetch_sub(READER, Release);
        self.left_as_reader(before - READER);
    }

    #[inline]
    fn left_as_reader(&self, state: u32) {
        if inside(state) == FREE && state != FREE {
            self.wake_after_readers(state);
        }
    }

    /// Leaves as the writer, and wakes those that wait. Never blocks.
    ///
    /// Uncontended: one load and one swap.
    ///
    /// # Panics
    ///
    /// If no writer is inside.
    #[inline]
    #[cfg_attr(not(model), track_caller)]
    pub fn release_exclusive(&self) {
        self.assert_writer();
        self.leave_as_writer();
    }

    #[inline]
    fn leave_as_writer(&self) {
        // Release: pairs with the Acquire in `enter_as_reader` and `enter_as_writer`: all that this
        // writer did is seen by the next thread. The notes go with it.
        let before = self.state.swap(FREE, Release);
        if before != WRITER {
            self.wake_after_writer(before);
        }
    }

    /// The writer becomes a reader and lets other readers in; no writer comes between. Never
    /// blocks.
    ///
    /// # Panics
    ///
    /// If no writer is inside.
    #[cfg_attr(not(model), track_caller)]
    pub fn downgrade(&self) {
        self.assert_writer();
        // Release: pairs with the Acquire in `enter_as_reader`, as in `release_exclusive`.
        let before = self.state.swap(READER, Release);
        if before != WRITER {
            self.wake_after_writer(before);
        }
    }

    #[inline]
    #[cfg_attr(not(model), track_caller)]
    fn assert_writer(&self) {
        // Relaxed: a writer sees its own entry; a thread that is not the writer must not call this.
        assert!(
            inside(self.state.load(Relaxed)) == WRITER,
            "released a readers-writer lock that no writer holds: call `acquire_exclusive` first",
        );
    }

    /// Whether any thread is inside at this moment. The answer may be out of date when you read it.
    /// One load.
    #[inline]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        // Relaxed: the answer says nothing about the data, so no data is read after it.
        inside(self.state.load(Relaxed)) != FREE
    }

    /// Whether a writer is inside at this moment. The answer may be out of date when you read it.
    /// One load.
    #[inline]
    #[must_use]
    pub fn is_locked_exclusive(&self) -> bool {
        // Relaxed: as in `is_locked`.
        inside(self.state.load(Relaxed)) == WRITER
    }

    /// How many readers are inside at this moment. The answer may be out of date when you read it.
    /// One load.
    #[must_use]
    pub fn reader_count(&self) -> usize {
        // Relaxed: as in `is_locked`.
        match inside(self.state.load(Relaxed)) {
            WRITER => 0,
            readers => readers as usize,
        }
    }
}

impl Default for RawRwLock {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawRwLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lock = f.debug_struct("RawRwLock");
        lock.field("readers", &self.reader_count());
        lock.field("writer", &self.is_locked_exclusive()).finish()
    }
}
