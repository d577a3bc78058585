//! The smallest lock whose waiters sleep: the look and the sleep are one step.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// A word that says whether a thread is inside, and on which others sleep.
pub struct SleepingLock {
    state: AtomicU32,
}

impl SleepingLock {
    // ANCHOR: calls
    /// Goes in; sleeps while another thread is inside.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`.
        // Relaxed on failure: nothing was taken.
        while self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_err() {
            // Sleeps only if it is still taken.
            park::wait(&self.state, TAKEN, None);
        }
    }

    /// Goes out, and wakes a sleeper.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.state.store(FREE, Release);
        park::wake_one(&raw const self.state);
    }
    // ANCHOR_END: calls
}

impl SleepingLock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(FREE) }
        }
    }
}

impl Default for SleepingLock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &SleepingLock, balance: &AtomicU32) {
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
    use super::{SleepingLock, deposit};
    use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::thread;

    #[test]
    fn no_deposit_is_lost() {
        let (lock, balance) = (SleepingLock::new(), AtomicU32::new(0));
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| (0..1000).for_each(|_| deposit(&lock, &balance)));
            }
        });
        assert_eq!(balance.load(Relaxed), 2000);
    }
}
