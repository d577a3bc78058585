//! A semaphore that calls a sleeper when the first permit comes, and forgets that there may be a
//! second one.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

/// A number of permits, handed out and given back.
pub struct Permits {
    permits: AtomicU32,
}

// ANCHOR: semaphore
impl Permits {
    /// Takes a permit; sleeps while there is none.
    pub fn acquire(&self) {
        loop {
            // Relaxed: a first guess; the compare-exchange decides.
            let n = self.permits.load(Relaxed);
            if n == 0 {
                park::wait(&self.permits, 0, None); // sleeps only if there is still none
                continue;
            }
            // Acquire: pairs with the Release in `release`.
            if self.permits.compare_exchange(n, n - 1, Acquire, Relaxed).is_ok() {
                return;
            }
        }
    }

    /// Puts a permit back. A sleeper found none, so if there was none, wakes a sleeper.
    pub fn release(&self) {
        // Release: pairs with the Acquire in `acquire`.
        if self.permits.fetch_add(1, Release) == 0 {
            park::wake_one(&raw const self.permits);
        }
    }
}
// ANCHOR_END: semaphore

impl Permits {
    const_fn! {
        /// No permit.
        #[must_use]
        pub const fn none() -> Self {
            Self { permits: AtomicU32::new(0) }
        }
    }
}
