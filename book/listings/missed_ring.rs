//! A condition that misses the call: it asks how often the bell has rung only after it has let the
//! lock go.

use primitives::park;
use primitives::raw::RawLock;
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
use primitives::sync::const_fn;

// ANCHOR: bell
/// Sleepers wait for it to ring.
pub struct Bell {
    /// How often it has rung.
    rings: AtomicU32,
}

impl Bell {
    /// Releases the lock, sleeps until the bell rings, takes the lock again.
    pub fn wait(&self, lock: &RawLock) {
        lock.release();
        // Relaxed, here and below: the lock makes the order.
        let heard = self.rings.load(Relaxed);
        park::wait(&self.rings, heard, None); // sleeps only if it has not rung since
        lock.acquire();
    }

    /// Wakes all waiters.
    pub fn ring(&self) {
        self.rings.fetch_add(1, Relaxed);
        park::wake_all(&raw const self.rings);
    }
}
// ANCHOR_END: bell

impl Bell {
    const_fn! {
        /// A bell that has not rung yet.
        #[must_use]
        pub const fn new() -> Self {
            Self { rings: AtomicU32::new(0) }
        }
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

/// A number of letters, a lock around it, and a bell.
pub struct Mailbox {
    lock: RawLock,
    letters: AtomicU32,
    arrived: Bell,
}

// ANCHOR: mailbox
impl Mailbox {
    /// Takes a letter out; waits until there is one.
    pub fn fetch(&self) {
        self.lock.acquire();
        while self.letters.load(Relaxed) == 0 {
            self.arrived.wait(&self.lock);
        }
        self.letters.fetch_sub(1, Relaxed);
        self.lock.release();
    }

    /// Puts a letter in, and rings.
    pub fn deliver(&self) {
        self.lock.acquire();
        self.letters.fetch_add(1, Relaxed);
        self.lock.release();
        self.arrived.ring();
    }
}
// ANCHOR_END: mailbox

impl Mailbox {
    const_fn! {
        /// An empty mailbox.
        #[must_use]
        pub const fn new() -> Self {
            Self { lock: RawLock::new(), letters: AtomicU32::new(0), arrived: Bell::new() }
        }
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}
