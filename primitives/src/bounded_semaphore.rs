//! The bounded semaphore: a semaphore that refuses to exceed its first number of permits.
//!
//! A [`Semaphore`] lets any thread add permits, which is right where permits count items that are
//! produced and consumed. Where permits stand for a fixed number of places, one release too many is
//! a bug. Its consequence (eleven connections to a server that allows ten) appears far from its
//! cause. A bounded semaphore remembers how many permits there were at first, and refuses to have
//! more.
//!
//! The word and the algorithm are the same. Only the bound differs, and the compare-exchange
//! that adds the permits checks it. So a refused release changes nothing, not even for a
//! moment.

#[cfg(not(model))]
mod awaited;
mod error;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

pub use self::error::ReleaseError;
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::deadlock::Report;
use crate::semaphore::{Permit, Semaphore};
use crate::sync::const_fn;

/// A fixed number of permits, and threads that wait for one.
///
/// Like a [`Semaphore`] that never has more permits than at first: [`release`](Self::release) fails
/// and changes nothing if there would be more. A [`Permit`] goes back when it is dropped, so
/// `release` is only for permits that were [forgotten](Permit::forget).
///
/// _Python_: `threading.BoundedSemaphore`.
///
/// ```
/// use primitives::BoundedSemaphore;
///
/// let seats = BoundedSemaphore::new(2);
/// let seat = seats.acquire();
/// assert_eq!(seats.available(), 1);
/// drop(seat);
///
/// seats.acquire().forget(); // given back by hand, later
/// assert!(seats.release(1).is_ok());
/// let error = seats.release(1).unwrap_err(); // once too often
/// assert_eq!(error.to_string(), "released 1 permit too many: all 2 are back already");
/// assert_eq!(seats.available(), 2);
/// ```
pub struct BoundedSemaphore {
    semaphore: Semaphore,
    /// How many permits there are when all have been released.
    bound: u32,
}

impl BoundedSemaphore {
    const_fn! {
        /// A semaphore with `permits` permits, now and at most; zero is allowed, but hardly useful.
        ///
        /// _Python_: `BoundedSemaphore(value)`.
        ///
        /// # Panics
        ///
        /// If there are more than [`Semaphore::MAX_PERMITS`].
        #[must_use]
        pub const fn new(permits: usize) -> Self {
            Self { semaphore: Semaphore::new(permits), bound: permits as u32 }
        }
    }

    const_fn! {
        /// As [`new`](Self::new), with a name for [reports of deadlocks](crate::deadlock). Without
        /// the feature `deadlock-detection`, the name is not kept.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new).
        #[must_use]
        pub const fn named(name: &'static str, permits: usize) -> Self {
            Self { semaphore: Semaphore::named(name, permits), bound: permits as u32 }
        }
    }

    /// Says that a permit always goes back in the thread that took it, and that no thread adds one
    /// by [`release`](Self::release): so the [detector](crate::deadlock) knows which threads hold
    /// the permits, and can conclude that none of them will release one. Without this it must
    /// assume that any thread could. If it happens all the same, the detector notices and forgets
    /// the promise. Costs nothing without the feature `deadlock-detection`.
    ///
    /// ```
    /// use primitives::BoundedSemaphore;
    ///
    /// static SEATS: BoundedSemaphore = BoundedSemaphore::named("seats", 2).thread_bound();
    /// let _seat = SEATS.acquire();
    /// ```
    #[cfg(not(model))]
    #[must_use]
    pub const fn thread_bound(mut self) -> Self {
        self.semaphore.known.bind();
        self
    }

    /// Takes a permit; blocks until there is one.
    ///
    /// Uncontended: one load and one compare-exchange.
    ///
    /// _Python_: `acquire()`.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire(&self) -> Permit<'_> {
        self.semaphore.acquire_raw();
        Permit::new(&self.semaphore, self.bound())
    }

    /// Takes a permit; blocks until there is one, unless there would never be one.
    ///
    /// # Errors
    ///
    /// A [`Report`], if the wait could never end; then nothing was taken. For a semaphore that is
    /// not [`thread_bound`](Self::thread_bound), that is known only when all threads sleep.
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn acquire_checked(&self) -> Result<Permit<'_>, Box<Report>> {
        self.semaphore.acquire_raw_checked()?;
        Ok(Permit::new(&self.semaphore, self.bound()))
    }

    /// Takes a permit if there is one; never blocks. `None` if there is none.
    ///
    /// One load if there is none; a compare-exchange more if there is one.
    ///
    /// _Python_: `acquire(blocking=False)`.
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let taken = self.semaphore.take();
        if taken { Some(Permit::new(&self.semaphore, self.bound())) } else { None }
    }

    /// Takes a permit; blocks for at most `timeout`, then `None`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Costs what
    /// [`acquire`](Self::acquire) costs; the clock is not read.
    ///
    /// _Python_: `acquire(timeout=t)`.
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        let taken = self.semaphore.acquire_raw_timeout(timeout);
        if taken { Some(Permit::new(&self.semaphore, self.bound())) } else { None }
    }

    /// Takes a permit; blocks until `deadline` at most, then `None`.
    ///
    /// With a deadline that has passed it tries once. Costs what [`acquire`](Self::acquire) costs.
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_deadline(&self, deadline: Instant) -> Option<Permit<'_>> {
        let taken = self.semaphore.acquire_raw_deadline(deadline);
        if taken { Some(Permit::new(&self.semaphore, self.bound())) } else { None }
    }

    /// Takes `n` permits together; blocks until it has them:
    /// [`Semaphore::acquire_many`] says how threads that do this take turns.
    ///
    /// # Panics
    ///
    /// If `n` is more than [`bound`](Self::bound): the wait would never end.
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many(&self, n: usize) -> Permit<'_> {
        let n = self.semaphore.checked_number(n, self.bound());
        self.semaphore.acquire_many_raw(n, self.bound());
        Permit::of_many(&self.semaphore, n, self.bound())
    }

    /// [`acquire_many`](Self::acquire_many), unless the permits would never be there.
    ///
    /// # Errors
    ///
    /// A [`Report`], as with [`acquire_checked`](Self::acquire_checked); then nothing was taken.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn acquire_many_checked(&self, n: usize) -> Result<Permit<'_>, Box<Report>> {
        let n = self.semaphore.checked_number(n, self.bound());
        self.semaphore.acquire_many_raw_checked(n, self.bound())?;
        Ok(Permit::of_many(&self.semaphore, n, self.bound()))
    }

    /// Takes `n` permits if there are so many and no thread waits for several; never blocks. `None`
    /// if not, and always if `n` is more than [`bound`](Self::bound).
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_acquire_many(&self, n: usize) -> Option<Permit<'_>> {
        if n > self.bound() || !self.semaphore.take_many(n as u32) {
            return None;
        }
        Some(Permit::of_many(&self.semaphore, n as u32, self.bound()))
    }

    /// [`acquire_many`](Self::acquire_many) for at most `timeout`, then `None`, and nothing was
    /// taken.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many_timeout(&self, n: usize, timeout: Duration) -> Option<Permit<'_>> {
        let n = self.semaphore.checked_number(n, self.bound());
        let taken = self.semaphore.acquire_many_raw_timeout(n, self.bound(), timeout);
        taken.then(|| Permit::of_many(&self.semaphore, n, self.bound()))
    }

    /// [`acquire_many_timeout`](Self::acquire_many_timeout), until `deadline` at most. With a
    /// deadline that has passed it tries once.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many_deadline(&self, n: usize, deadline: Instant) -> Option<Permit<'_>> {
        let n = self.semaphore.checked_number(n, self.bound());
        let taken = self.semaphore.acquire_many_raw_deadline(n, self.bound(), deadline);
        taken.then(|| Permit::of_many(&self.semaphore, n, self.bound()))
    }

    /// Puts `n` permits back, and wakes up to `n` waiters. Never blocks.
    ///
    /// Any thread may call it. Without a sleeper: one load and one compare-exchange.
    ///
    /// # Errors
    ///
    /// If there would be more permits than at first; then none is put back. _Python_:
    /// `ValueError: Semaphore released too many times`.
    ///
    /// # Panics
    ///
    /// If `n` is zero. _Python_: `ValueError: n must be one or more`.
    #[inline]
    #[cfg_attr(not(model), track_caller)]
    pub fn release(&self, n: usize) -> Result<(), ReleaseError> {
        self.semaphore.identity.permits_wander(&self.semaphore.known);
        assert!(n > 0, "released 0 permits: `n` must be one or more");
        self.semaphore
            .add(n, self.bound())
            .map_err(|available| ReleaseError::new(n, available, self.bound()))
    }

    /// How many permits there are at this moment. The answer may be out of date when you read it.
    /// Good for messages and tests, never for deciding. One load.
    #[inline]
    #[must_use]
    pub fn available(&self) -> usize {
        self.semaphore.available()
    }

    /// How many permits there are when all have been released. Never changes; costs nothing.
    #[inline]
    #[must_use]
    #[doc(alias = "_initial_value")]
    pub fn bound(&self) -> usize {
        self.bound as usize
    }
}

/// One permit, as in Python.
impl Default for BoundedSemaphore {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphore")
            .field("available", &self.available())
            .field("bound", &self.bound)
            .finish()
    }
}
