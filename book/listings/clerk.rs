//! A clerk with two trays and one bell. It listens first, and then looks.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

/// Stands for an empty tray.
const EMPTY: u32 = 0;

/// Two queues, each with one place, and how often the bell has been rung.
pub struct Desk {
    trays: [AtomicU32; 2],
    bell: AtomicU32,
}

// ANCHOR: desk
impl Desk {
    /// Puts an item into a tray, and rings the bell.
    pub fn put(&self, tray: usize, item: u32) {
        // Release: pairs with the Acquire in `take`.
        self.trays[tray].store(item, Release);
        // Release: pairs with the Acquire in `take_any`.
        self.bell.fetch_add(1, Release);
        park::wake_one(&raw const self.bell);
    }

    /// Takes an item from any tray; sleeps while all are empty.
    pub fn take_any(&self) -> u32 {
        loop {
            // Acquire: pairs with the Release in `put`.
            let rung = self.bell.load(Acquire);
            if let Some(item) = self.take(0).or_else(|| self.take(1)) {
                return item;
            }
            park::wait(&self.bell, rung, None); // unless it was rung since
        }
    }

    fn take(&self, tray: usize) -> Option<u32> {
        // Acquire: pairs with the Release in `put`.
        let item = self.trays[tray].load(Acquire);
        if item == EMPTY {
            return None;
        }
        self.trays[tray].store(EMPTY, Relaxed); // Relaxed: it publishes nothing
        Some(item)
    }
}
// ANCHOR_END: desk

impl Desk {
    const_fn! {
        /// Both trays are empty.
        #[must_use]
        pub const fn new() -> Self {
            Self { trays: [AtomicU32::new(EMPTY), AtomicU32::new(EMPTY)], bell: AtomicU32::new(0) }
        }
    }
}

impl Default for Desk {
    fn default() -> Self {
        Self::new()
    }
}
