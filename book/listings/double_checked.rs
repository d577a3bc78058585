//! Double-checked locking: a look without the lock, and a second one with it. The
//! first look proves too little.

use primitives::sync::atomic::Ordering::Relaxed;
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::sync::const_fn;

use super::spin_lock::SpinLock;

/// A connection, by its number, and whether it is open.
pub struct Lazy {
    ready: AtomicBool,
    value: AtomicU32,
    lock: SpinLock,
}

// ANCHOR: lazy
impl Lazy {
    /// The connection; opens it if it is not open.
    pub fn get(&self) -> u32 {
        // Relaxed: only a flag, or so it seems.
        if !self.ready.load(Relaxed) {
            self.lock.lock();
            // Relaxed: the lock makes the order.
            if !self.ready.load(Relaxed) {
                // still not?
                // ANCHOR: make
                self.value.store(42, Relaxed); // opens it. Relaxed: the lock makes the order
                // ANCHOR_END: make
                // Relaxed: as above.
                self.ready.store(true, Relaxed);
            }
            self.lock.unlock();
        }
        self.value.load(Relaxed) // Relaxed: as above
    }
}
// ANCHOR_END: lazy

impl Lazy {
    const_fn! {
        /// Not open.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                ready: AtomicBool::new(false),
                value: AtomicU32::new(0),
                lock: SpinLock::new(),
            }
        }
    }
}

impl Default for Lazy {
    fn default() -> Self {
        Self::new()
    }
}
