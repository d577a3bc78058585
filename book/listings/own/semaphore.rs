//! A semaphore, and three threads
#![allow(clippy::new_without_default)]

use std::thread;

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A number of permits.
pub struct Semaphore {
    permits: AtomicU32,
}

impl Semaphore {
    /// No permit.
    pub fn new() -> Self {
        Self { permits: AtomicU32::new(0) }
    }

    /// Takes a permit; sleeps while there is none.
    pub fn acquire(&self) {
        // Relaxed: a first guess; the exchange decides.
        let mut n = self.permits.load(Relaxed);
        loop {
            if n == 0 {
                park::wait(&self.permits, 0, None);
                // Relaxed: as above.
                n = self.permits.load(Relaxed);
                continue;
            }
            // Acquire: pairs with the Release in `release`. Relaxed: nothing was taken.
            match self.permits.compare_exchange(n, n - 1, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => n = now,
            }
        }
    }

    /// Puts a permit back.
    pub fn release(&self) {
        // Release: pairs with the Acquire in `acquire`.
        self.permits.fetch_add(1, Release);
        park::wake_one(&raw const self.permits);
    }
}

/// Makes what the threads share, starts them, and checks the result.
pub fn main() {
    let semaphore = Semaphore::new();
    thread::scope(|s| {
        s.spawn(|| semaphore.acquire());
        s.spawn(|| semaphore.acquire());
        s.spawn(|| {
            semaphore.release();
            semaphore.release();
        });
    });
    // Relaxed: all threads have ended.
    assert_eq!(semaphore.permits.load(Relaxed), 0, "a permit is left");
}
