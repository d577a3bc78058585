//! A task that is claimed in one step, run once, and hands its result over.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::const_fn;

// ANCHOR: task
/// It has not begun.
const QUEUED: u32 = 0;
/// A thread runs it.
const RUNNING: u32 = 1;
/// It has returned, and its result is there.
const RETURNED: u32 = 2;

/// A task that several threads may find, and its result.
pub struct Task {
    state: AtomicU32,
    result: AtomicU32,
}

impl Task {
    /// Runs it, unless it has begun.
    pub fn run(&self) {
        // Relaxed, both: the claim only decides.
        if self.state.compare_exchange(QUEUED, RUNNING, Relaxed, Relaxed).is_ok() {
            // ANCHOR: work
            self.result.store(42, Relaxed); // the closure is called. Relaxed: the state makes the order
            // ANCHOR_END: work
            // Release: pairs with the Acquire in `result`.
            self.state.store(RETURNED, Release);
        }
    }

    /// Its result, if it is over.
    pub fn result(&self) -> Option<u32> {
        // Acquire: pairs with the Release in `run`.
        if self.state.load(Acquire) != RETURNED {
            return None;
        }
        Some(self.result.load(Relaxed)) // Relaxed: as above
    }
}
// ANCHOR_END: task

impl Task {
    const_fn! {
        /// A task that has not begun.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(QUEUED), result: AtomicU32::new(0) }
        }
    }
}

impl Default for Task {
    fn default() -> Self {
        Self::new()
    }
}
