//! A number that loom watches: two threads that touch it without an order between them are reported.

use primitives::sync::cell::UnsafeCell;

/// A plain number, shared by agreement: whoever touches it claims that the primitive under test has put it
/// in order with everybody else's touch.
#[derive(Debug)]
pub struct Watched(UnsafeCell<u32>);

// SAFETY: it is not, unless the primitive under test orders the accesses. loom checks each one before it is
// made, and to see it complain where an order is missing is what this is for.
unsafe impl Sync for Watched {}
// SAFETY: a number may move to another thread.
unsafe impl Send for Watched {}

impl Watched {
    /// So much to begin with.
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
