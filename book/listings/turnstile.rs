//! A barrier that counts and nothing else: a fast thread laps the others.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use primitives::sync::const_fn;

/// A place where `parties` threads wait for each other. Or so it seems.
pub struct Turnstile {
    parties: u32,
    arrived: AtomicU32,
}

// ANCHOR: turnstile
impl Turnstile {
    /// Waits until all have come.
    pub fn wait(&self) {
        // Acquire and Release: pair with each other, so that each thread sees what all did before
        // they came.
        let before = self.arrived.fetch_add(1, AcqRel);
        if before + 1 == self.parties {
            self.arrived.store(0, Release); // for the next round
            park::wake_all(&raw const self.arrived);
            return;
        }
        loop {
            // Acquire: pairs with the Release above.
            let arrived = self.arrived.load(Acquire);
            if arrived == 0 {
                return; // the last one has been here
            }
            park::wait(&self.arrived, arrived, None);
        }
    }
}
// ANCHOR_END: turnstile

impl Turnstile {
    const_fn! {
        /// A turnstile for `parties` threads.
        #[must_use]
        pub const fn new(parties: u32) -> Self {
            Self { parties, arrived: AtomicU32::new(0) }
        }
    }
}
