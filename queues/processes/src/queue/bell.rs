//! The word on which threads sleep that find a queue full or empty.
//!
//! The lowest bit says that a thread may sleep; the rest counts. A ring adds one [and wakes one
//! sleeper in the same system call](crate::futex): that clears the bit and changes the count. The
//! woken thread sets the bit again, for the other sleepers.
//!
//! A process may be killed after it was woken and before it has set the bit. Then a sleeper stays
//! beside an item; so each sleeper also wakes by itself, after [`LOOK_EVERY`]. Only a look can find
//! that: the death of another process wakes no thread here, and one thread cannot sleep on a word
//! and on the pidfds of 256 processes at once. A [lone sleeper](Bell::sleep_alone) does not look.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use crate::futex::{self, Change, Deadline, Wait, change_and_wake};

/// A thread may sleep.
const SLEEPERS: u32 = 1;
/// How often a sleeper looks by itself.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// See the module.
#[repr(C, align(128))]
#[derive(Debug, Default)]
pub(crate) struct Bell {
    word: AtomicU32,
}

/// The word at the moment when a thread announced that it would sleep.
#[derive(Clone, Copy)]
pub(crate) struct Seen(u32);

impl Bell {
    /// Announces that this thread is about to sleep. It must look once more before it does.
    pub(crate) fn prepare(&self) -> Seen {
        // SeqCst: pairs with the load in `ring`. Either the next look finds what was done before
        // the ring, or the ring finds the bit.
        Seen(self.word.fetch_or(SLEEPERS, SeqCst) | SLEEPERS)
    }

    /// Sleeps until it rings, until `deadline`, or for a while. `TimedOut` means either of the last
    /// two.
    pub(crate) fn sleep(&self, seen: Seen, deadline: Deadline) -> Wait {
        futex::wait(&self.word, seen.0, futex::at_most(deadline, LOOK_EVERY))
    }

    /// Sleeps until it rings, or until `deadline`, however long that takes. For the only sleeper of
    /// a bell, so that no wake-up goes to another thread, which may die with it; and where the
    /// death of the one that rings is noticed otherwise.
    pub(crate) fn sleep_alone(&self, seen: Seen, deadline: Deadline) -> Wait {
        futex::wait(&self.word, seen.0, deadline)
    }

    /// Wakes a sleeper, if there may be one. One load if there is none. Returns whether a thread
    /// was woken.
    #[inline]
    pub(crate) fn ring(&self) -> bool {
        // SeqCst: pairs with the exchange in `prepare`.
        self.word.load(SeqCst) & SLEEPERS != 0 && self.ring_slow(1) > 0
    }

    /// Wakes all sleepers, if there may be one. One load if there is none.
    #[inline]
    pub(crate) fn ring_each(&self) {
        // SeqCst: as in `ring`.
        if self.word.load(SeqCst) & SLEEPERS != 0 {
            self.ring_slow(i32::MAX);
        }
    }

    /// Announces that no sleeper need be woken, because a thread looks by itself.
    /// [`prepare`](Self::prepare) revokes it.
    pub(crate) fn hush(&self) {
        // Relaxed: if a ring still finds the bit, it wakes a thread needlessly.
        self.word.fetch_and(!SLEEPERS, Relaxed);
    }

    /// Wakes all.
    pub(crate) fn ring_all(&self) {
        self.ring_slow(i32::MAX);
    }

    #[cold]
    fn ring_slow(&self, most: i32) -> usize {
        change_and_wake(&self.word, Change::AddOne, most)
    }
}
