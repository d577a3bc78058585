//! [`OwnedLockGuard`]: a guard that keeps its lock alive.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Lock, LockGuard};
use crate::sync::model_failed;

impl<T: ?Sized> Lock<T> {
    /// [`lock`](Self::lock), for a lock in an `Arc`: the guard borrows nothing, and may be kept in
    /// a `struct` beside other things. Costs an increment more, and a decrement at the end.
    ///
    /// ```
    /// use primitives::{Lock, OwnedLockGuard};
    /// use std::sync::Arc;
    ///
    /// struct Session {
    ///     log: OwnedLockGuard<Vec<&'static str>>,
    /// }
    /// let log = Arc::new(Lock::new(Vec::new()));
    /// let mut session = Session { log: log.lock_owned() };
    /// session.log.push("hello");
    /// assert!(log.is_locked());
    /// drop(session);
    /// assert_eq!(*log.lock(), ["hello"]);
    /// ```
    #[doc(alias = "lock_arc")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock_owned(self: &Arc<Self>) -> OwnedLockGuard<T> {
        OwnedLockGuard::of(self, self.lock())
    }

    /// [`try_lock`](Self::try_lock), for a lock in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_lock_owned(self: &Arc<Self>) -> Option<OwnedLockGuard<T>> {
        Some(OwnedLockGuard::of(self, self.try_lock()?))
    }

    /// [`lock_timeout`](Self::lock_timeout), for a lock in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock_owned_timeout(self: &Arc<Self>, timeout: Duration) -> Option<OwnedLockGuard<T>> {
        Some(OwnedLockGuard::of(self, self.lock_timeout(timeout)?))
    }

    /// [`lock_deadline`](Self::lock_deadline), for a lock in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock_owned_deadline(self: &Arc<Self>, deadline: Instant) -> Option<OwnedLockGuard<T>> {
        Some(OwnedLockGuard::of(self, self.lock_deadline(deadline)?))
    }
}

/// A held lock, together with its `Arc`: made by [`Lock::lock_owned`].
///
/// Stays in the thread that locked, as a [`LockGuard`] does.
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct OwnedLockGuard<T: ?Sized> {
    lock: Arc<Lock<T>>,
    /// Not `Send`.
    _here: PhantomData<*const ()>,
}

// SAFETY: `&OwnedLockGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for OwnedLockGuard<T> {}

impl<T: ?Sized> OwnedLockGuard<T> {
    /// Takes over what the guard holds.
    fn of(lock: &Arc<Lock<T>>, guard: LockGuard<'_, T>) -> Self {
        std::mem::forget(guard);
        Self { lock: Arc::clone(lock), _here: PhantomData }
    }
}

impl<T: ?Sized> Deref for OwnedLockGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard exists, so this thread holds the lock, so no other thread reaches the
        // data; the borrow of the guard ensures that, and excludes `deref_mut`, for as long as the
        // result lives. The `Arc` keeps the data where it is.
        self.lock.data.with(|data| unsafe { &*data })
    }
}

impl<T: ?Sized> DerefMut for OwnedLockGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; `&mut self` keeps out any other borrow through this guard.
        self.lock.data.with_mut(|data| unsafe { &mut *data })
    }
}

/// It unlocks, and then gives its share of the lock back.
impl<T: ?Sized> Drop for OwnedLockGuard<T> {
    #[inline]
    fn drop(&mut self) {
        if !model_failed() {
            self.lock.identity.released();
            self.lock.raw.try_release(); // never `false`: this guard holds the lock
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedLockGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use crate::Lock;
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn it_holds_the_lock_and_keeps_it_alive() {
        let lock = Arc::new(Lock::new(vec![1]));
        let mut guard = lock.lock_owned();
        assert!(lock.try_lock_owned().is_none());
        assert!(lock.lock_owned_timeout(Duration::from_millis(1)).is_none());
        assert!(lock.lock_owned_deadline(Instant::now()).is_none());
        let weak = Arc::downgrade(&lock);
        drop(lock);
        guard.push(2);
        assert_eq!(format!("{guard:?}"), "[1, 2]");
        drop(guard);
        assert!(weak.upgrade().is_none(), "the guard was the last");
    }

    #[test]
    fn threads_that_own_their_guards_lose_nothing() {
        let lock = Arc::new(Lock::new(0));
        let adders: Vec<_> = (0..4)
            .map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || (0..1000).for_each(|_| *lock.lock_owned() += 1))
            })
            .collect();
        adders.into_iter().for_each(|adder| adder.join().unwrap());
        assert_eq!(*lock.try_lock_owned().expect("it is free"), 4000);
    }
}
