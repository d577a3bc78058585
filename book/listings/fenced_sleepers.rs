//! As `counted_sleepers`, with the fences that mend it.

use primitives::park;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use primitives::sync::atomic::{AtomicU32, fence};
use primitives::sync::const_fn;

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// A word that says whether a thread is inside, and a word that says how many sleep.
pub struct FencedLock {
    state: AtomicU32,
    sleepers: AtomicU32,
}

impl FencedLock {
    // ANCHOR: calls
    /// Goes in; sleeps while another thread is inside.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`.
        // Relaxed on failure: nothing was taken.
        while self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_err() {
            // Relaxed, here and below: the fences make the order.
            self.sleepers.fetch_add(1, Relaxed);
            // SeqCst: pairs with the fence in `unlock`.
            fence(SeqCst); // so that it sees that we are coming
            // Sleeps only if it is still taken.
            park::wait(&self.state, TAKEN, None);
            self.sleepers.fetch_sub(1, Relaxed);
        }
    }

    /// Goes out, and wakes a sleeper if there is one.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.state.store(FREE, Release);
        // SeqCst: pairs with the fence in `lock`.
        fence(SeqCst); // so that we see who is coming
        if self.sleepers.load(Relaxed) > 0 {
            park::wake_one(&raw const self.state);
        }
    }
    // ANCHOR_END: calls
}

impl FencedLock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(FREE), sleepers: AtomicU32::new(0) }
        }
    }
}

impl Default for FencedLock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &FencedLock, balance: &AtomicU32) {
    lock.lock();
    // Relaxed, here and below: the lock makes the order.
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    lock.unlock();
}
// ANCHOR_END: deposit
