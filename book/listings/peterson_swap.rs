//! Peterson's lock for two threads, in which a swap does the work of both fences.

use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize};
use primitives::sync::{const_fn, thread};

/// A lock for two threads, number 0 and number 1.
pub struct Peterson {
    /// Which threads want to go in, or are inside.
    wants: [AtomicBool; 2],
    /// Which thread goes first if both want to.
    first: AtomicUsize,
}

impl Peterson {
    // The orderings of `lock` are an exercise in the book, so what they are for stands here,
    // outside of what it shows. Relaxed: the swap hands it on. AcqRel: pairs with itself, in the
    // other thread; whichever is second finds the first, and sees what it wants. Acquires: pair
    // with the Release in `unlock` and with the swap.
    // ANCHOR: calls
    /// Goes in, as thread `me`, when the other is out.
    pub fn lock(&self, me: usize) {
        let other = 1 - me;
        self.wants[me].store(true, Relaxed);
        self.first.swap(other, AcqRel); // after you
        while self.wants[other].load(Acquire) && self.first.load(Acquire) == other {
            thread::yield_now(); // let the other one go on
        }
    }

    /// Goes out, as thread `me`.
    pub fn unlock(&self, me: usize) {
        // Release: pairs with the Acquire in `lock`.
        self.wants[me].store(false, Release);
    }
    // ANCHOR_END: calls
}

impl Peterson {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                wants: [AtomicBool::new(false), AtomicBool::new(false)],
                first: AtomicUsize::new(0),
            }
        }
    }
}

impl Default for Peterson {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &Peterson, me: usize, balance: &AtomicU32) {
    lock.lock(me);
    // Relaxed, here and below: the lock makes the order.
    // ANCHOR: inside
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    // ANCHOR_END: inside
    lock.unlock(me);
}
// ANCHOR_END: deposit

#[cfg(all(test, not(model)))]
mod tests {
    use super::{Peterson, deposit};
    use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::thread;

    #[test]
    fn no_deposit_is_lost() {
        let (lock, balance) = (&Peterson::new(), &AtomicU32::new(0));
        thread::scope(|s| {
            for me in 0..2 {
                s.spawn(move || (0..1000).for_each(|_| deposit(lock, me, balance)));
            }
        });
        assert_eq!(balance.load(Relaxed), 2000);
    }
}
