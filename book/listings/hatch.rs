//! A kitchen hatch: a dish is put through it, and a permit says that it is there.

use primitives::Semaphore;
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
use primitives::sync::const_fn;

// ANCHOR: hatch
/// A hatch between the kitchen and the dining room.
pub struct Hatch {
    dish: AtomicU32,
    dishes: Semaphore,
}

impl Hatch {
    /// Puts a dish in the hatch, and says so.
    pub fn serve(&self, dish: u32) {
        // Relaxed, here and below: the semaphore makes the order.
        self.dish.store(dish, Relaxed);
        self.dishes.release(1);
    }

    /// Waits for a dish, and takes it.
    pub fn take(&self) -> u32 {
        self.dishes.acquire().forget(); // eaten: this permit does not come back
        self.dish.load(Relaxed)
    }
}
// ANCHOR_END: hatch

impl Hatch {
    const_fn! {
        /// Nothing in it.
        #[must_use]
        pub const fn new() -> Self {
            Self { dish: AtomicU32::new(0), dishes: Semaphore::new(0) }
        }
    }
}

impl Default for Hatch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Hatch;
    use std::thread;

    #[test]
    fn the_dish_is_in_the_hatch_when_the_permit_comes() {
        let hatch = Hatch::new();
        thread::scope(|s| {
            s.spawn(|| assert_eq!(hatch.take(), 7));
            hatch.serve(7);
        });
    }
}
