//! A reentrant lock that takes its note away too late.

use primitives::raw::RawLock;
use primitives::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use primitives::sync::{const_fn, thread};

/// In place of an owner's number: no thread has the lock.
const NOBODY: u64 = 0;

// ANCHOR: lock
/// A lock, its owner, and how often it is held beyond the first time.
pub struct Reentrant {
    lock: RawLock,
    owner: AtomicU64,
    nested: AtomicU32,
}

impl Reentrant {
    /// Takes the lock, once more if this thread has it already.
    pub fn acquire(&self) {
        let me = thread::id();
        // Relaxed, here and below: only the owner's own writes matter to it.
        if self.owner.load(Relaxed) == me {
            self.nested.store(self.nested.load(Relaxed) + 1, Relaxed);
        } else {
            self.lock.acquire();
            self.owner.store(me, Relaxed);
        }
    }

    /// Gives it back once. For the owner only.
    pub fn release(&self) {
        let nested = self.nested.load(Relaxed);
        if nested > 0 {
            self.nested.store(nested - 1, Relaxed);
        } else {
            self.lock.release();
            self.owner.store(NOBODY, Relaxed);
        }
    }
}
// ANCHOR_END: lock

impl Reentrant {
    const_fn! {
        /// No thread has it.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                lock: RawLock::new(),
                owner: AtomicU64::new(NOBODY),
                nested: AtomicU32::new(0),
            }
        }
    }
}

impl Default for Reentrant {
    fn default() -> Self {
        Self::new()
    }
}
