//! A number that loom watches: unordered accesses by two threads are reported.

use primitives::sync::cell::UnsafeCell;

/// A plain number, shared by convention: each access claims that the primitive under test orders it
/// with all others.
#[derive(Debug)]
pub struct Watched(UnsafeCell<u32>);

// SAFETY: it is unsound, unless the primitive under test orders the accesses. loom checks each
// access before it happens, and reports a missing ordering; that is the purpose.
unsafe impl Sync for Watched {}
// SAFETY: a number may move to another thread.
unsafe impl Send for Watched {}

impl Watched {
    /// A number with this first value.
    #[must_use]
    #[track_caller]
    pub fn new(number: u32) -> Self {
        Self(UnsafeCell::new(number))
    }

    /// The number, read.
    #[must_use]
    #[track_caller]
    pub fn get(&self) -> u32 {
        // SAFETY: no two model threads run at once, and loom has checked the access.
        self.0.with(|number| unsafe { *number })
    }

    /// Writes the number.
    #[track_caller]
    pub fn set(&self, number: u32) {
        // SAFETY: as in `get`.
        self.0.with_mut(|place| unsafe { *place = number });
    }

    /// Reads the number and writes it.
    #[track_caller]
    pub fn add(&self, n: u32) {
        // SAFETY: as in `get`.
        self.0.with_mut(|place| unsafe { *place += n });
    }
}
