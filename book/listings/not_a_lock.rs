//! A lock that does not lock: it looks and takes in two steps, and another thread fits in between.

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::sync::{const_fn, thread};

// ANCHOR: lock
/// A flag: `true` while a thread is inside.
pub struct NotALock {
    taken: AtomicBool,
}

impl NotALock {
    // ANCHOR: calls
    /// Waits until no thread is inside, then goes in. Or so it seems.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`.
        while self.taken.load(Acquire) {
            thread::yield_now(); // let others run
        }
        // Relaxed: going in publishes no data.
        self.taken.store(true, Relaxed);
    }

    /// Goes out.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.taken.store(false, Release);
    }
    // ANCHOR_END: calls
}
// ANCHOR_END: lock

impl NotALock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { taken: AtomicBool::new(false) }
        }
    }
}

impl Default for NotALock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &NotALock, balance: &AtomicU32) {
    lock.lock();
    // Relaxed, here and below: the lock makes the order.
    // ANCHOR: inside
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    // ANCHOR_END: inside
    lock.unlock();
}
// ANCHOR_END: deposit
