//! A lock whose waiters sleep, and may sleep through the call: they look, and then fall asleep.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// A word that says whether a thread is inside, and a place to sleep.
pub struct SleepyLock {
    state: AtomicU32,
    /// Always 0: a sleeper sleeps until a thread calls.
    bed: AtomicU32,
}

impl SleepyLock {
    // ANCHOR: calls
    /// Goes in; sleeps while another thread is inside.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`.
        // Relaxed on failure: nothing was taken.
        while self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_err() {
            self.sleep();
        }
    }

    /// Goes out, and wakes a sleeper.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.state.store(FREE, Release);
        self.wake_one();
    }

    /// Sleeps until a thread calls `wake_one`.
    fn sleep(&self) {
        park::wait(&self.bed, 0, None);
    }

    /// Wakes one of those that sleep.
    fn wake_one(&self) {
        park::wake_one(&raw const self.bed);
    }
    // ANCHOR_END: calls
}

impl SleepyLock {
    const_fn! {
        /// No thread is inside.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(FREE), bed: AtomicU32::new(0) }
        }
    }
}

impl Default for SleepyLock {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: deposit
/// What each of two threads does, once.
pub fn deposit(lock: &SleepyLock, balance: &AtomicU32) {
    lock.lock();
    // Relaxed, here and below: the lock makes the order.
    // ANCHOR: inside
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    // ANCHOR_END: inside
    lock.unlock();
}
// ANCHOR_END: deposit
