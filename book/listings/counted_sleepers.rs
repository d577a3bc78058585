//! A lock that calls the kernel only if a thread sleeps, and counts the sleepers in their own word:
//! right in every order of steps, and broken by one old value.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// A word that says whether a thread is inside, and a word that says how many sleep.
pub struct CountingLock {
    state: AtomicU32,
    sleepers: AtomicU32,
}

impl CountingLock {
    // ANCHOR: calls
    /// Goes in; sleeps while another thread is inside.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`.
        // Relaxed on failure: nothing was taken.
        while self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_err() {
            // Release, here and below: pairs with
            // the Acquire in `unlock`.
            self.sleepers.fetch_add(1, Release);
            // Sleeps only if it is still taken.
            park::wait(&self.state, TAKEN, None);
            self.sleepers.fetch_sub(1, Release);
        }
    }

    /// Goes out, and wakes a sleeper if there is one.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.state.store(FREE, Release);
        // Acquire: pairs with the Releases in `lock`.
        if self.sleepers.load(Acquire) > 0 {
            park::wake_one(&raw const self.state);
        }
    }
    // ANCHOR_END: calls
}

impl CountingLock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(FREE), sleepers: AtomicU32::new(0) }
        }
    }
}

impl Default for CountingLock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &CountingLock, balance: &AtomicU32) {
    lock.lock();
    // Relaxed, here and below: the lock makes the order.
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    lock.unlock();
}
// ANCHOR_END: deposit
