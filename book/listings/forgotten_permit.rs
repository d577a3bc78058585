//! A semaphore that keeps the rules of the lock, and one of them is not enough.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

/// The note, in the lowest bit: somebody may sleep.
const SLEEPERS: u32 = 1;
/// One permit, in the bits above it.
const PERMIT: u32 = 2;

/// A number of permits, handed out and given back.
pub struct Permits {
    /// `permits * PERMIT | note`
    word: AtomicU32,
}

// ANCHOR: semaphore
impl Permits {
    /// Takes a permit; sleeps while there is none.
    pub fn acquire(&self) {
        let mut note = 0;
        loop {
            let word = self.word.load(Relaxed);
            if word >= PERMIT {
                // Acquire: pairs with the Release in `release`.
                if self.replace(word, (word - PERMIT) | note, Acquire) {
                    return;
                }
            } else if word == SLEEPERS || self.replace(word, SLEEPERS, Relaxed) {
                park::wait(&self.word, SLEEPERS, None);
                note = SLEEPERS; // others may sleep, too
            }
        }
    }

    /// Puts a permit back, and wakes one sleeper if the note is there.
    pub fn release(&self) {
        loop {
            let word = self.word.load(Relaxed);
            // Release: pairs with the Acquire in `acquire`.
            if self.replace(word, (word & !SLEEPERS) + PERMIT, Release) {
                if word & SLEEPERS != 0 {
                    park::wake_one(&raw const self.word);
                }
                return;
            }
        }
    }
}
// ANCHOR_END: semaphore

impl Permits {
    const_fn! {
        /// No permit.
        #[must_use]
        pub const fn none() -> Self {
            Self { word: AtomicU32::new(0) }
        }
    }

    /// Puts `new` in if `old` is there, and says whether it was.
    #[cfg_attr(model, track_caller)]
    fn replace(&self, old: u32, new: u32, order: primitives::sync::atomic::Ordering) -> bool {
        // Relaxed on failure: nothing was changed, and the caller looks again.
        self.word.compare_exchange(old, new, order, Relaxed).is_ok()
    }
}
