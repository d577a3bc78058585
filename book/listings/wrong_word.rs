//! A lock whose waiters sleep as long as the word is what they have found, whatever that is.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// A word that says whether a thread is inside, and on which others sleep.
pub struct CuriousLock {
    state: AtomicU32,
}

impl CuriousLock {
    // ANCHOR: calls
    /// Goes in; sleeps while another thread is inside.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`.
        // Relaxed on failure: nothing was taken.
        while self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_err() {
            // Relaxed: only what the kernel is to compare with.
            let now = self.state.load(Relaxed);
            park::wait(&self.state, now, None);
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

impl CuriousLock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(FREE) }
        }
    }
}

impl Default for CuriousLock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &CuriousLock, balance: &AtomicU32) {
    lock.lock();
    // Relaxed, here and below: the lock makes the order.
    // ANCHOR: inside
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    // ANCHOR_END: inside
    lock.unlock();
}
// ANCHOR_END: deposit
