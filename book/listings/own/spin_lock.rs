//! A spin lock
#![allow(clippy::new_without_default)]

use std::thread;

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};

/// A flag: `true` while a thread is inside.
pub struct SpinLock {
    taken: AtomicBool,
}

impl SpinLock {
    /// No thread is inside.
    pub fn new() -> Self {
        Self { taken: AtomicBool::new(false) }
    }

    /// Waits until no thread is inside, then goes in.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`. Relaxed on failure: nothing was taken.
        while self.taken.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            thread::yield_now();
        }
    }

    /// Goes out.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.taken.store(false, Release);
    }
}

/// What each thread does.
pub fn deposit(lock: &SpinLock, balance: &AtomicU32) {
    lock.lock();
    // critical
    // Relaxed, both: the lock makes the order.
    let before = balance.load(Relaxed);
    balance.store(before + 1, Relaxed);
    // end
    lock.unlock();
}

/// Makes what the threads share, starts them, and checks the result.
pub fn main() {
    let lock = SpinLock::new();
    let balance = AtomicU32::new(0);
    thread::scope(|s| {
        s.spawn(|| deposit(&lock, &balance));
        s.spawn(|| deposit(&lock, &balance));
    });
    // Relaxed: both threads have ended.
    assert_eq!(balance.load(Relaxed), 2, "a deposit is lost");
}
