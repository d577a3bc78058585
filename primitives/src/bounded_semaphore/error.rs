//! [`ReleaseError`]: more permits than there can be.

use std::error::Error;
use std::fmt;

/// A [`release`](crate::BoundedSemaphore::release) of more permits than were out; none was put
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseError {
    released: usize,
    available: usize,
    bound: usize,
}

impl ReleaseError {
    pub(super) fn new(released: usize, available: usize, bound: usize) -> Self {
        Self { released, available, bound }
    }

    /// How many permits the call wanted to put back.
    #[must_use]
    pub fn released(&self) -> usize {
        self.released
    }

    /// How many permits there were at that moment.
    #[must_use]
    pub fn available(&self) -> usize {
        self.available
    }

    /// How many permits there can be.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.bound
    }
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { released, available, bound } = self;
        let permits = if *released == 1 { "permit" } else { "permits" };
        if available == bound {
            write!(f, "released {released} {permits} too many: all {bound} are back already")
        } else {
            let out = bound - available;
            write!(f, "released {released} {permits} where only {out} of {bound} were out")
        }
    }
}

impl Error for ReleaseError {}
