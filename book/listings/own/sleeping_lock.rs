//! A lock whose waiters sleep
#![allow(clippy::new_without_default)]

use std::thread;

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// No thread is inside.
const UNLOCKED: u32 = 0;
/// A thread is inside, and none sleeps.
const LOCKED: u32 = 1;
/// A thread is inside, and others may sleep.
const CONTENDED: u32 = 2;

/// A word that says whether a thread is inside, and whether others may sleep.
pub struct SleepingLock {
    state: AtomicU32,
}

impl SleepingLock {
    /// No thread is inside.
    pub fn new() -> Self {
        Self { state: AtomicU32::new(UNLOCKED) }
    }

    /// Goes in; sleeps while another thread is inside.
    pub fn lock(&self) {
        // Acquire, here and below: pairs with the Release in `unlock`. Relaxed: nothing was taken.
        if self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok() {
            return;
        }
        while self.state.swap(CONTENDED, Acquire) != UNLOCKED {
            park::wait(&self.state, CONTENDED, None);
        }
    }

    /// Goes out, and wakes a sleeper if there may be one.
    pub fn unlock(&self) {
        // Release: pairs with the Acquires in `lock`.
        if self.state.swap(UNLOCKED, Release) == CONTENDED {
            park::wake_one(&raw const self.state);
        }
    }
}

/// What each thread does.
pub fn deposit(lock: &SleepingLock, balance: &AtomicU32) {
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
    let lock = SleepingLock::new();
    let balance = AtomicU32::new(0);
    thread::scope(|s| {
        s.spawn(|| deposit(&lock, &balance));
        s.spawn(|| deposit(&lock, &balance));
    });
    // Relaxed: both threads have ended.
    assert_eq!(balance.load(Relaxed), 2, "a deposit is lost");
}
