//! A value that is made when it is first asked for: two threads both find that it is not there.

use primitives::sync::atomic::Ordering::Relaxed;
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::sync::const_fn;

/// A connection, by its number, and whether it is open.
pub struct Lazy {
    ready: AtomicBool,
    value: AtomicU32,
}

// ANCHOR: lazy
impl Lazy {
    /// The connection; opens it if it is not open.
    pub fn get(&self) -> u32 {
        // Relaxed, here and below: only the order of steps matters here.
        if !self.ready.load(Relaxed) {
            // ANCHOR: make
            self.value.fetch_add(42, Relaxed); // opens it
            // ANCHOR_END: make
            self.ready.store(true, Relaxed);
        }
        self.value.load(Relaxed)
    }
}
// ANCHOR_END: lazy

impl Lazy {
    const_fn! {
        /// Not open.
        #[must_use]
        pub const fn new() -> Self {
            Self { ready: AtomicBool::new(false), value: AtomicU32::new(0) }
        }
    }
}

impl Default for Lazy {
    fn default() -> Self {
        Self::new()
    }
}
