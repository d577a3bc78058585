//! Two threads that compute a half each, and then need the other's.

use primitives::Barrier;
use primitives::sync::cell::UnsafeCell;
use primitives::sync::const_fn;

// ANCHOR: half
/// Half of a picture, without a lock.
pub struct Half {
    pixels: UnsafeCell<u32>,
}

impl Half {
    fn draw(&self, pixels: u32) {
        // SAFETY: before the barrier only the thread whose half it is touches it.
        self.pixels.with_mut(|place| unsafe { *place = pixels });
    }

    fn look(&self) -> u32 {
        // SAFETY: after the barrier no thread draws.
        self.pixels.with(|place| unsafe { *place })
    }
}
// ANCHOR_END: half

// ANCHOR: compute
/// Draws one half, waits until both are done, and looks at the other.
pub fn compute(mine: &Half, other: &Half, done: &Barrier) -> u32 {
    mine.draw(1);
    done.wait().expect("no thread breaks it");
    other.look()
}
// ANCHOR_END: compute

impl Half {
    const_fn! {
        /// An empty one.
        #[must_use]
        pub const fn new() -> Self {
            Self { pixels: UnsafeCell::new(0) }
        }
    }
}

// SAFETY: `compute` draws before the barrier and looks after it, and so do all others.
unsafe impl Sync for Half {}

impl Default for Half {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{Half, compute};
    use primitives::Barrier;
    use std::thread;

    #[test]
    fn each_sees_the_half_of_the_other() {
        let (left, right, done) = (Half::new(), Half::new(), Barrier::new(2));
        thread::scope(|s| {
            s.spawn(|| assert_eq!(compute(&left, &right, &done), 1));
            s.spawn(|| assert_eq!(compute(&right, &left, &done), 1));
        });
    }
}
