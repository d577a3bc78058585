//! A lock that looks again after it has taken, and still does not lock.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

const NOBODY: u32 = 0;

/// The number of the thread that is inside.
pub struct NumberedLock {
    owner: AtomicU32,
}

impl NumberedLock {
    // ANCHOR: calls
    /// Goes in, as thread `me`, unless another thread is inside. Or so it seems. Returns whether it
    /// did.
    pub fn try_lock(&self, me: u32) -> bool {
        // Acquire: pairs with the Release in `unlock`.
        if self.owner.load(Acquire) != NOBODY {
            return false;
        }
        // Relaxed, here and below: only between threads that try.
        self.owner.store(me, Relaxed);
        self.owner.load(Relaxed) == me // or another was faster
    }

    /// Goes out.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `try_lock`.
        self.owner.store(NOBODY, Release);
    }
    // ANCHOR_END: calls
}

impl NumberedLock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { owner: AtomicU32::new(NOBODY) }
        }
    }
}

impl Default for NumberedLock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What thread `me` does, if it gets in.
pub fn deposit(lock: &NumberedLock, me: u32, balance: &AtomicU32) {
    if lock.try_lock(me) {
        // Relaxed, here and below: the lock makes the order.
        // ANCHOR: inside
        let before = balance.load(Relaxed);
        balance.store(before + 1, Relaxed);
        // ANCHOR_END: inside
        lock.unlock();
    }
}
// ANCHOR_END: deposit
