//! A lock that looks, and then takes
#![allow(clippy::new_without_default)]

use std::thread;

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};

/// A flag: `true` while a thread is inside.
pub struct NotALock {
    taken: AtomicBool,
}

impl NotALock {
    /// No thread is inside.
    pub fn new() -> Self {
        Self { taken: AtomicBool::new(false) }
    }

    /// Waits until no thread is inside, then goes in. Or so it seems.
    pub fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`.
        while self.taken.load(Acquire) {
            thread::yield_now();
        }
        // Relaxed: going in has nothing to tell.
        self.taken.store(true, Relaxed);
    }

    /// Goes out.
    pub fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.taken.store(false, Release);
    }
}

/// What each thread does.
pub fn deposit(lock: &NotALock, balance: &AtomicU32) {
    lock.lock();
    // critical
    // Relaxed: one step, and only the sum matters.
    balance.fetch_add(1, Relaxed);
    // end
    lock.unlock();
}

/// Makes what the threads share, and starts them.
pub fn main() {
    let lock = NotALock::new();
    let balance = AtomicU32::new(0);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| deposit(&lock, &balance));
        }
    });
}
