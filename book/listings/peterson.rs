//! Peterson's lock for two threads, with the orderings of the spin lock: right in every order of
//! steps, and broken by one old value.

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
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
    // ANCHOR: calls
    /// Goes in, as thread `me`, when the other is out.
    pub fn lock(&self, me: usize) {
        let other = 1 - me;
        // Releases and Acquires: each hands what this thread
        // did to the other one, which sees the value.
        self.wants[me].store(true, Release);
        self.first.store(other, Release); // after you
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
