//! An event that is a bare flag: a sleeper may miss that it was set.

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

const CLOSED: u32 = 0;
const OPEN: u32 = 1;

/// A gate, open or closed.
pub struct Gate {
    word: AtomicU32,
}

// ANCHOR: gate
impl Gate {
    /// Opens the gate for all waiters.
    pub fn set(&self) {
        // Release: pairs with the Acquire in `wait`.
        self.word.store(OPEN, Release);
        park::wake_all(&raw const self.word);
    }

    /// Closes it again.
    pub fn clear(&self) {
        // Relaxed: a closed gate publishes no data.
        self.word.store(CLOSED, Relaxed);
    }

    /// Waits until the gate is open.
    pub fn wait(&self) {
        // Acquire: pairs with the Release in `set`.
        while self.word.load(Acquire) == CLOSED {
            park::wait(&self.word, CLOSED, None); // sleeps only if it is still closed
        }
    }
}
// ANCHOR_END: gate

impl Gate {
    const_fn! {
        /// A closed gate.
        #[must_use]
        pub const fn new() -> Self {
            Self { word: AtomicU32::new(CLOSED) }
        }
    }

    /// Wakes a sleeper spuriously, as the kernel may at any time, and so finds out whether there is
    /// one.
    pub fn somebody_sleeps(&self) -> bool {
        park::wake_one(&raw const self.word)
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
