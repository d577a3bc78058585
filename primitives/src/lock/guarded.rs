//! [`Lock<T>`]: a [`RawLock`] and the data that it guards, so that neither can be forgotten.

mod mapped;
mod owned;

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

pub use self::mapped::MappedLockGuard;
pub use self::owned::OwnedLockGuard;
use super::RawLock;
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::deadlock::{self, Report};
use crate::deadlock::{Identity, Kind};
use crate::sync::cell::UnsafeCell;
use crate::sync::{const_fn, model_failed};

/// Data that one thread at a time may touch.
///
/// [`lock`](Self::lock) waits until it is free and returns a guard; the guard gives the data, and
/// unlocks when it is dropped. The data cannot be reached in any other way, so it cannot be touched
/// without the lock.
///
/// There is no poisoning: a panic while the guard is held unlocks, and the next thread finds the
/// data as the panic left it. Where a half-finished change would do harm, finish the change before
/// anything that can panic, or catch the panic. (std's `Mutex` marks the lock instead, and every
/// caller needs an `unwrap`.)
///
/// _Python_: a `threading.Lock` used in a `with` statement, except that Python does not know which
/// data the lock is for. Use `RLock` where the same thread may take the lock again, and [`RawLock`]
/// where another thread releases it.
///
/// ```
/// use primitives::Lock;
///
/// let total = Lock::new(0);
/// std::thread::scope(|s| {
///     for n in 1..=4 {
///         let total = &total;
///         s.spawn(move || *total.lock() += n);
///     }
/// });
/// assert_eq!(total.into_inner(), 10);
/// ```
// ANCHOR: lock-type
pub struct Lock<T: ?Sized> {
    identity: Identity,
    pub(super) raw: RawLock,
    data: UnsafeCell<T>,
}

// SAFETY: the owner of the lock owns the data, so it may move to another thread where the data may.
unsafe impl<T: ?Sized + Send> Send for Lock<T> {}
// SAFETY: `&Lock` hands the data out to one thread at a time, as `&mut T`: that moves it to that
// thread and back, which `Send` allows. `T: Sync` is not needed, because two threads never see it
// at once.
unsafe impl<T: ?Sized + Send> Sync for Lock<T> {}
// ANCHOR_END: lock-type

impl<T> Lock<T> {
    const_fn! {
        /// An unlocked lock around `value`.
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self {
                identity: Identity::new(Kind::Lock, ""),
                raw: RawLock::new(),
                data: UnsafeCell::new(value),
            }
        }
    }

    const_fn! {
        /// An unlocked lock around `value`, with a name for [reports of
        /// deadlocks](crate::deadlock). Without the feature `deadlock-detection`, the name is not
        /// kept.
        ///
        /// A name that is built at run time comes from [`deadlock::name`](crate::deadlock::name).
        ///
        /// ```
        /// use primitives::Lock;
        ///
        /// static BALANCE: Lock<i64> = Lock::named("balance", 100);
        /// *BALANCE.lock() -= 30;
        /// ```
        #[must_use]
        pub const fn named(name: &'static str, value: T) -> Self {
            Self {
                identity: Identity::new(Kind::Lock, name),
                raw: RawLock::new(),
                data: UnsafeCell::new(value),
            }
        }
    }

    /// The data, without locking: owning the lock proves that no other thread holds it.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Takes the lock; blocks until it is free.
    ///
    /// A thread that already holds the lock waits for itself and never returns. Uncontended: one
    /// compare-exchange, and a swap when the guard is dropped.
    // ANCHOR: lock-call
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock(&self) -> LockGuard<'_, T> {
        self.raw.acquire_as(&self.identity);
        LockGuard::new(self)
    }
    // ANCHOR_END: lock-call

    /// Takes the lock; blocks until it is free. In a deadlock it returns an error instead.
    ///
    /// # Errors
    ///
    /// A [`Report`], if the wait could never end: the threads that would have to release something
    /// wait for this one, or the owner has ended. Then nothing was taken; a caller that releases
    /// what it holds lets the others go on.
    ///
    /// ```
    /// use primitives::Lock;
    ///
    /// let lock = Lock::named("diary", "data");
    /// let guard = lock.lock();
    /// let report = lock.lock_checked().unwrap_err(); // this thread has it already
    /// assert_eq!(report.threads()[0].wants().unwrap().name(), "diary");
    /// drop(guard);
    /// assert!(lock.lock_checked().is_ok());
    /// ```
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn lock_checked(&self) -> Result<LockGuard<'_, T>, Box<Report>> {
        let taken = self.raw.acquire_for(self.identity.waiting_for_owner_checked());
        if taken { Ok(LockGuard::new(self)) } else { Err(deadlock::refused()) }
    }

    /// Takes the lock if it is free; never blocks. `None` if it is taken.
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        if self.raw.try_acquire() { Some(LockGuard::new(self)) } else { None }
    }

    /// Takes the lock; blocks for at most `timeout`, then `None`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Uncontended: costs what
    /// [`lock`](Self::lock) costs; the clock is not read.
    ///
    /// ```
    /// use primitives::Lock;
    /// use std::time::Duration;
    ///
    /// let lock = Lock::new("data");
    /// let guard = lock.lock();
    /// assert!(lock.lock_timeout(Duration::from_millis(1)).is_none());
    /// drop(guard);
    /// assert!(lock.lock_timeout(Duration::ZERO).is_some());
    /// ```
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock_timeout(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        if self.raw.acquire_timeout(timeout) { Some(LockGuard::new(self)) } else { None }
    }

    /// Takes the lock; blocks until `deadline` at most, then `None`.
    ///
    /// With a deadline that has passed it tries once.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock_deadline(&self, deadline: Instant) -> Option<LockGuard<'_, T>> {
        if self.raw.acquire_deadline(deadline) { Some(LockGuard::new(self)) } else { None }
    }

    /// Whether some thread has the lock at this moment. The answer may be out of date when you read
    /// it. Good for messages and tests, never for deciding.
    #[inline]
    #[must_use]
    #[doc(alias = "locked")]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// The data, without locking: `&mut self` proves that no other thread holds the lock.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: Default> Default for Lock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Lock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Shows the data if the lock is free, and `<locked>` if it is taken. Never blocks.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lock = f.debug_struct("Lock");
        match self.try_lock() {
            Some(guard) => lock.field("data", &&*guard),
            None => lock.field("data", &format_args!("<locked>")),
        };
        lock.finish()
    }
}

/// The held lock: gives the data, and unlocks when dropped.
///
/// Stays in the thread that locked (it is not `Send`), because a lock is a statement about _this_
/// thread.
// ANCHOR: guard-type
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct LockGuard<'a, T: ?Sized> {
    lock: &'a Lock<T>,
    /// Not `Send`.
    _here: PhantomData<*const ()>,
}
// ANCHOR_END: guard-type

// SAFETY: `&LockGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for LockGuard<'_, T> {}

impl<'a, T: ?Sized> LockGuard<'a, T> {
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn new(lock: &'a Lock<T>) -> Self {
        lock.identity.taken();
        Self { lock, _here: PhantomData }
    }

    /// The lock that a condition must release before it sleeps, and take again afterwards.
    pub(crate) fn raw(&self) -> (&'a Identity, &'a RawLock) {
        (&self.lock.identity, &self.lock.raw)
    }
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    #[inline]
    #[cfg_attr(model, track_caller)]
    fn deref(&self) -> &T {
        // SAFETY: this guard exists, so this thread holds the lock, so no other thread reaches the
        // data; the borrow of the guard ensures that, and excludes `deref_mut`, for as long as the
        // result lives.
        self.lock.data.with(|data| unsafe { &*data })
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    #[inline]
    #[cfg_attr(model, track_caller)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; `&mut self` keeps out any other borrow through this guard.
        self.lock.data.with_mut(|data| unsafe { &mut *data })
    }
}

// ANCHOR: guard-drop
impl<T: ?Sized> Drop for LockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !model_failed() {
            self.lock.identity.released();
            // Never `false`: this guard holds the lock. (`release` would check that and could
            // panic.)
            self.lock.raw.try_release();
        }
    }
}
// ANCHOR_END: guard-drop

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
