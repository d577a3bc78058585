//! The smallest lock that locks: it looks and takes in one step. It never sleeps.

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::sync::{const_fn, thread};

// ANCHOR: lock
/// A flag: `true` while a thread is inside.
pub struct SpinLock {
    taken: AtomicBool,
}

impl SpinLock {
    // ANCHOR: calls
    /// Waits until no thread is inside, then goes in.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`. Relaxed on failure: nothing was taken.
        while self.taken.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            thread::yield_now(); // let others run
        }
    }

    /// Goes out.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.taken.store(false, Release);
    }
    // ANCHOR_END: calls
}
// ANCHOR_END: lock

impl SpinLock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { taken: AtomicBool::new(false) }
        }
    }
}

impl Default for SpinLock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &SpinLock, balance: &AtomicU32) {
    lock.lock();
    // Relaxed, here and below: the lock makes the order.
    // ANCHOR: inside
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    // ANCHOR_END: inside
    lock.unlock();
}
// ANCHOR_END: deposit

#[cfg(all(test, not(model)))]
mod tests {
    use super::{SpinLock, deposit};
    use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::thread;

    #[test]
    fn no_deposit_is_lost() {
        let (lock, balance) = (SpinLock::new(), AtomicU32::new(0));
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| (0..1000).for_each(|_| deposit(&lock, &balance)));
            }
        });
        assert_eq!(balance.load(Relaxed), 2000);
    }
}
