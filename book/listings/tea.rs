//! Tea that is either ready or cancelled, and every thread knows which.

use std::time::Instant;

use primitives::raw::CancellableSleep;
use primitives::sync::atomic::{AtomicBool, Ordering::Relaxed};
use primitives::sync::const_fn;

/// A pot of tea, and the time that it takes.
pub struct Tea {
    /// Until it is ready.
    pub sleep: CancellableSleep,
    /// Whether a thread was told that it is.
    pub served: AtomicBool,
    /// Whether a thread was told that it will not be.
    pub called_off: AtomicBool,
}

// ANCHOR: tea
impl Tea {
    /// Waits until it is ready.
    pub fn serve(&self, deadline: Instant) {
        if self.sleep.wait(Some(deadline)) {
            self.served.store(true, Relaxed); // Relaxed, here and below: read when both have ended
        }
    }

    /// Calls it off.
    pub fn call_off(&self) {
        if self.sleep.cancel() {
            self.called_off.store(true, Relaxed);
        }
    }
}
// ANCHOR_END: tea

impl Tea {
    const_fn! {
        /// Water in the pot.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                sleep: CancellableSleep::new(),
                served: AtomicBool::new(false),
                called_off: AtomicBool::new(false),
            }
        }
    }
}

impl Default for Tea {
    fn default() -> Self {
        Self::new()
    }
}
