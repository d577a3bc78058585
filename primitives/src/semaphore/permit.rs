//! [`Permit`]: a permit as a value, which goes back when it is dropped.

mod owned;

use std::fmt;
use std::mem;

pub use self::owned::OwnedPermit;
use super::Semaphore;
use crate::sync::{model_failed, panicking};

/// A permit that was taken from a [`Semaphore`] or a [`BoundedSemaphore`](crate::BoundedSemaphore),
/// or [several](Semaphore::acquire_many) as one.
///
/// It goes back when it is dropped, in any thread (it is `Send`), and wakes a waiter.
/// [`forget`](Self::forget) consumes it instead.
///
/// # Panics
///
/// Dropping it panics if the semaphore is already full, because a thread called `release` for a
/// permit that was still out. While the thread unwinds from another panic, the drop is silent: the
/// program learns of that panic, and the semaphore is full in either case.
///
/// _Python_: the scope of a `with semaphore:`.
#[must_use = "a permit that is dropped at once goes back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    /// The most permits that there may be.
    limit: u32,
    /// How many this is.
    number: u32,
}

impl<'a> Permit<'a> {
    /// For a permit that was just taken.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn new(semaphore: &'a Semaphore, limit: usize) -> Self {
        semaphore.identity.taken(&semaphore.known);
        Self { semaphore, limit: limit as u32, number: 1 }
    }

    /// For permits that were just taken, and noted.
    #[inline]
    pub(crate) fn of_many(semaphore: &'a Semaphore, number: u32, limit: usize) -> Self {
        Self { semaphore, limit: limit as u32, number }
    }

    /// How many permits this is: 1, or what was asked of
    /// [`acquire_many`](Semaphore::acquire_many).
    #[inline]
    #[must_use]
    pub fn permits(&self) -> usize {
        self.number as usize
    }

    /// Consumes the permit: it does not go back by itself. Never blocks; costs nothing.
    ///
    /// It is not lost: `release(1)` puts one back at any time, from any thread.
    ///
    /// ```
    /// use primitives::Semaphore;
    ///
    /// let semaphore = Semaphore::new(2);
    /// semaphore.acquire().forget();
    /// assert_eq!(semaphore.available(), 1);
    /// ```
    #[inline]
    pub fn forget(self) {
        if self.number > 0 {
            self.semaphore.identity.permits_wander(&self.semaphore.known);
        }
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        if self.number > 0 && !self.semaphore.put_back(self.number, self.limit as usize) {
            one_too_many(self.limit);
        }
    }
}

#[cold]
fn one_too_many(limit: u32) {
    assert!(
        panicking(),
        "dropped a permit of a semaphore that has all {limit} back: \
         `release` was called for a permit that was still out (`forget` it first)",
    );
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut permit = f.debug_struct("Permit");
        if self.number != 1 {
            permit.field("permits", &self.number);
        }
        permit.field("semaphore", &self.semaphore).finish()
    }
}
