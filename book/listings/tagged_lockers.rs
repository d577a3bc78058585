//! The list of free lockers again, and the word that is compared says more.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use primitives::sync::{const_fn, thread};

/// No locker.
pub const NONE: u32 = 999;

// ANCHOR: lockers
/// What is added to the top for each locker that is given back: thousands count, and the rest is
/// the locker.
const GIVEN_BACK: u32 = 1000;

/// The free lockers, one on top of the other.
pub struct TaggedLockers {
    /// How often a locker was given back, times a thousand, and the number of the first.
    top: AtomicU32,
    below: [AtomicU32; 3],
}

impl TaggedLockers {
    /// Takes a locker off the top; waits while there is none.
    pub fn take(&self) -> u32 {
        loop {
            // Acquire: pairs with the Release in `give_back`.
            let top = self.top.load(Acquire);
            let locker = top % GIVEN_BACK;
            if locker == NONE {
                thread::yield_now();
                continue;
            }
            // Relaxed: ordered by the load of the top.
            let next = self.below[locker as usize].load(Relaxed);
            // AcqRel: pairs with itself, and with the Release in `give_back`.
            if self.top.compare_exchange(top, top - locker + next, AcqRel, Relaxed).is_ok() {
                return locker;
            }
        }
    }

    /// Puts a locker on top.
    pub fn give_back(&self, locker: u32) {
        loop {
            // Relaxed: the exchange decides.
            let top = self.top.load(Relaxed);
            let first = top % GIVEN_BACK;
            self.below[locker as usize].store(first, Relaxed);
            let new = top - first + GIVEN_BACK + locker;
            // Release: pairs with the Acquire in `take`.
            if self.top.compare_exchange(top, new, Release, Relaxed).is_ok() {
                return;
            }
        }
    }
}
// ANCHOR_END: lockers

// ANCHOR: two-at-once
/// Takes two lockers, and gives the first one back.
pub fn take_two_give_one_back(lockers: &TaggedLockers) {
    let first = lockers.take();
    let _second = lockers.take(); // and keeps it
    lockers.give_back(first);
}
// ANCHOR_END: two-at-once

impl TaggedLockers {
    const_fn! {
        /// Three lockers, all free: 0 is on top, 2 at the bottom.
        #[must_use]
        pub const fn new() -> Self {
            let below_0 = AtomicU32::new(1);
            let below_1 = AtomicU32::new(2);
            let below_2 = AtomicU32::new(NONE);
            Self { top: AtomicU32::new(0), below: [below_0, below_1, below_2] }
        }
    }

    /// How many are free.
    #[must_use]
    pub fn free(&self) -> usize {
        // Acquire: pairs with the Release in `give_back`. Relaxed: as in `take`.
        let (mut free, mut next) = (0, self.top.load(Acquire) % GIVEN_BACK);
        while next != NONE {
            free += 1;
            next = self.below[next as usize].load(Relaxed);
        }
        free
    }
}

impl Default for TaggedLockers {
    fn default() -> Self {
        Self::new()
    }
}
