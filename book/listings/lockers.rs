//! A list of free lockers by compare-exchange, which compares too little.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use primitives::sync::{const_fn, thread};

/// No locker.
pub const NONE: u32 = 999;

// ANCHOR: lockers
/// The free lockers, one on top of the other: `top` is the first, and `below[n]` comes after locker
/// `n`.
pub struct Lockers {
    top: AtomicU32,
    below: [AtomicU32; 3],
}

impl Lockers {
    /// Takes a locker off the top; waits while there is none.
    pub fn take(&self) -> u32 {
        loop {
            // Acquire: pairs with the Release in `give_back`.
            let top = self.top.load(Acquire);
            if top == NONE {
                thread::yield_now();
                continue;
            }
            // Relaxed: ordered by the load of the top.
            let next = self.below[top as usize].load(Relaxed);
            // AcqRel: pairs with itself, and with the Release in `give_back`.
            if self.top.compare_exchange(top, next, AcqRel, Relaxed).is_ok() {
                return top;
            }
        }
    }

    /// Puts a locker on top.
    pub fn give_back(&self, locker: u32) {
        loop {
            // Relaxed: the exchange decides.
            let top = self.top.load(Relaxed);
            self.below[locker as usize].store(top, Relaxed);
            // Release: pairs with the Acquire in `take`.
            if self.top.compare_exchange(top, locker, Release, Relaxed).is_ok() {
                return;
            }
        }
    }
}
// ANCHOR_END: lockers

// ANCHOR: two-at-once
/// Takes two lockers, and gives the first one back.
pub fn take_two_give_one_back(lockers: &Lockers) {
    let first = lockers.take();
    let _second = lockers.take(); // and keeps it
    lockers.give_back(first);
}
// ANCHOR_END: two-at-once

impl Lockers {
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
        let (mut free, mut next) = (0, self.top.load(Acquire));
        while next != NONE {
            free += 1;
            next = self.below[next as usize].load(Relaxed);
        }
        free
    }
}

impl Default for Lockers {
    fn default() -> Self {
        Self::new()
    }
}
