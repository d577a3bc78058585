//! A task that looks whether it has begun, and then begins: so it may run twice.

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::sync::const_fn;

// ANCHOR: task
/// A task that several threads may find: a worker in the queue, and a thread that waits for its
/// result.
pub struct NaiveTask {
    begun: AtomicBool,
    runs: AtomicU32,
}

impl NaiveTask {
    /// Runs it, unless it has begun.
    pub fn run(&self) {
        // Acquire: pairs with the Release below.
        if !self.begun.load(Acquire) {
            // Release: pairs with the Acquire above.
            self.begun.store(true, Release);
            // ANCHOR: work
            self.runs.fetch_add(1, Relaxed); // the closure is called. Relaxed: a count
            // ANCHOR_END: work
        }
    }
}
// ANCHOR_END: task

impl NaiveTask {
    const_fn! {
        /// It has not begun.
        #[must_use]
        pub const fn new() -> Self {
            Self { begun: AtomicBool::new(false), runs: AtomicU32::new(0) }
        }
    }

    /// How often it was run.
    #[must_use]
    pub fn runs(&self) -> u32 {
        self.runs.load(Relaxed) // Relaxed: a count, read when the threads have ended
    }
}

impl Default for NaiveTask {
    fn default() -> Self {
        Self::new()
    }
}
