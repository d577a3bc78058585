//! A timer that looks whether it was cancelled, and then rings; it may be cancelled in between.

use primitives::sync::atomic::AtomicBool;
use primitives::sync::atomic::Ordering::{Acquire, Release};
use primitives::sync::const_fn;

// ANCHOR: timer
/// A timer that a thread waits for, and that another one may cancel.
pub struct NaiveTimer {
    rang: AtomicBool,
    cancelled: AtomicBool,
}

impl NaiveTimer {
    /// What its thread does when the time is up.
    pub fn ring(&self) {
        // Acquire: pairs with the Release in `cancel`.
        if !self.cancelled.load(Acquire) {
            // Release: pairs with the Acquire in `cancel`.
            self.rang.store(true, Release); // … and calls the function
        }
    }

    /// Cancels it. Returns whether this call prevents it from ringing.
    pub fn cancel(&self) -> bool {
        // Acquire: pairs with the Release in `ring`.
        if self.rang.load(Acquire) {
            return false; // too late
        }
        // Release: pairs with the Acquire in `ring`.
        self.cancelled.store(true, Release);
        true
    }
}
// ANCHOR_END: timer

impl NaiveTimer {
    const_fn! {
        /// A timer that has not rung, and was not cancelled.
        #[must_use]
        pub const fn new() -> Self {
            Self { rang: AtomicBool::new(false), cancelled: AtomicBool::new(false) }
        }
    }

    /// Whether it rang, and `cancel` has said that it will not.
    #[must_use]
    pub fn did_both(&self) -> bool {
        // Acquire: pairs with the Release in `ring`, and the one in `cancel`.
        self.rang.load(Acquire) && self.cancelled.load(Acquire)
    }
}

impl Default for NaiveTimer {
    fn default() -> Self {
        Self::new()
    }
}
