//! Guards that keep their lock alive.

use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{RwLock, RwLockReadGuard, RwLockWriteGuard};

impl<T: ?Sized> RwLock<T> {
    /// [`read`](Self::read), for a lock in an `Arc`: the guard borrows nothing, and may be kept in
    /// a `struct` beside other things. Costs an increment more, and a decrement at the end.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// ```
    /// use primitives::{OwnedRwLockReadGuard, RwLock};
    /// use std::sync::Arc;
    ///
    /// struct Report {
    ///     prices: OwnedRwLockReadGuard<Vec<u32>>, // no price changes while it is written
    /// }
    /// let prices = Arc::new(RwLock::new(vec![3, 4]));
    /// let report = Report { prices: prices.read_owned() };
    /// assert!(prices.try_write().is_none());
    /// assert_eq!(report.prices.iter().sum::<u32>(), 7);
    /// drop(report);
    /// assert!(prices.try_write().is_some());
    /// ```
    #[doc(alias = "read_arc")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_owned(self: &Arc<Self>) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard::of(self, self.read())
    }

    /// [`try_read`](Self::try_read), for a lock in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_read_owned(self: &Arc<Self>) -> Option<OwnedRwLockReadGuard<T>> {
        Some(OwnedRwLockReadGuard::of(self, self.try_read()?))
    }

    /// [`read_timeout`](Self::read_timeout), for a lock in an `Arc`.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_owned_timeout(
        self: &Arc<Self>,
        timeout: Duration,
    ) -> Option<OwnedRwLockReadGuard<T>> {
        Some(OwnedRwLockReadGuard::of(self, self.read_timeout(timeout)?))
    }

    /// [`read_deadline`](Self::read_deadline), for a lock in an `Arc`.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_owned_deadline(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Option<OwnedRwLockReadGuard<T>> {
        Some(OwnedRwLockReadGuard::of(self, self.read_deadline(deadline)?))
    }

    /// [`write`](Self::write), for a lock in an `Arc`.
    #[doc(alias = "write_arc")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn write_owned(self: &Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        OwnedRwLockWriteGuard::of(self, self.write())
    }

    /// [`try_write`](Self::try_write), for a lock in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_write_owned(self: &Arc<Self>) -> Option<OwnedRwLockWriteGuard<T>> {
        Some(OwnedRwLockWriteGuard::of(self, self.try_write()?))
    }

    /// [`write_timeout`](Self::write_timeout), for a lock in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn write_owned_timeout(
        self: &Arc<Self>,
        timeout: Duration,
    ) -> Option<OwnedRwLockWriteGuard<T>> {
        Some(OwnedRwLockWriteGuard::of(self, self.write_timeout(timeout)?))
    }

    /// [`write_deadline`](Self::write_deadline), for a lock in an `Arc`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn write_owned_deadline(
        self: &Arc<Self>,
        deadline: Instant,
    ) -> Option<OwnedRwLockWriteGuard<T>> {
        Some(OwnedRwLockWriteGuard::of(self, self.write_deadline(deadline)?))
    }
}

/// A lock that is held for reading, together with its `Arc`: made by [`RwLock::read_owned`].
///
/// Stays in the thread that took it, as a [`RwLockReadGuard`] does.
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct OwnedRwLockReadGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
    /// Not `Send`.
    _here: PhantomData<*const ()>,
}

// SAFETY: `&OwnedRwLockReadGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for OwnedRwLockReadGuard<T> {}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// Takes over what the guard holds.
    fn of(lock: &Arc<RwLock<T>>, guard: RwLockReadGuard<'_, T>) -> Self {
        mem::forget(guard);
        Self { lock: Arc::clone(lock), _here: PhantomData }
    }
}

impl<T: ?Sized> Deref for OwnedRwLockReadGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard exists, so a reader is inside and no writer is, and no thread changes
        // the data; the borrow of the guard ensures that for as long as the result lives. The `Arc`
        // keeps the data where it is.
        self.lock.data().with(|data| unsafe { &*data })
    }
}

/// It unlocks, and then gives its share of the lock back.
impl<T: ?Sized> Drop for OwnedRwLockReadGuard<T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.hold().leave_as_reader();
    }
}

/// A lock that is held for writing, together with its `Arc`: made by [`RwLock::write_owned`].
///
/// Stays in the thread that took it, as a [`RwLockWriteGuard`] does.
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    lock: Arc<RwLock<T>>,
    /// Not `Send`.
    _here: PhantomData<*const ()>,
}

// SAFETY: `&OwnedRwLockWriteGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for OwnedRwLockWriteGuard<T> {}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// Takes over what the guard holds.
    fn of(lock: &Arc<RwLock<T>>, guard: RwLockWriteGuard<'_, T>) -> Self {
        mem::forget(guard);
        Self { lock: Arc::clone(lock), _here: PhantomData }
    }

    /// Becomes a reader and lets other readers in; no writer comes between. Never blocks.
    ///
    /// An associated function: `OwnedRwLockWriteGuard::downgrade(guard)`.
    pub fn downgrade(guard: Self) -> OwnedRwLockReadGuard<T> {
        let guard = ManuallyDrop::new(guard); // what it holds stays held, and noted
        guard.lock.raw.downgrade();
        // SAFETY: `guard` is neither used nor dropped after it.
        let lock = unsafe { std::ptr::read(&raw const guard.lock) };
        OwnedRwLockReadGuard { lock, _here: PhantomData }
    }
}

impl<T: ?Sized> Deref for OwnedRwLockWriteGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard exists, so this thread is the writer, so no other reaches the data;
        // the borrow of the guard ensures that, and excludes `deref_mut`, for as long as the result
        // lives. The `Arc` keeps the data where it is.
        self.lock.data().with(|data| unsafe { &*data })
    }
}

impl<T: ?Sized> DerefMut for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; `&mut self` keeps out any other borrow through this guard.
        self.lock.data().with_mut(|data| unsafe { &mut *data })
    }
}

/// It unlocks, and then gives its share of the lock back.
impl<T: ?Sized> Drop for OwnedRwLockWriteGuard<T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.hold().leave_as_writer();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedRwLockReadGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedRwLockWriteGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::OwnedRwLockWriteGuard;
    use crate::RwLock;
    use std::sync::Arc;
    use std::thread;
    use std::time::{Duration, Instant};

    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn readers_share_it_a_writer_does_not_and_each_keeps_it_alive() {
        let lock = Arc::new(RwLock::new(vec![1]));
        let (one, other) = (lock.read_owned(), lock.try_read_owned().expect("both read"));
        assert!(lock.try_write_owned().is_none());
        assert!(lock.write_owned_timeout(SHORT).is_none());
        assert!(lock.write_owned_deadline(Instant::now()).is_none());
        assert_eq!(format!("{one:?}"), "[1]");
        drop((one, other));
        let mut writer = lock.write_owned();
        assert!(lock.try_read_owned().is_none());
        assert!(lock.read_owned_timeout(SHORT).is_none());
        assert!(lock.read_owned_deadline(Instant::now()).is_none());
        writer.push(2);
        let reader = OwnedRwLockWriteGuard::downgrade(writer);
        assert_eq!(lock.read_owned_timeout(SHORT).as_deref(), Some(&vec![1, 2]));
        let weak = Arc::downgrade(&lock);
        drop(lock);
        assert_eq!(*reader, [1, 2]);
        drop(reader);
        assert!(weak.upgrade().is_none(), "the guard was the last");
    }

    #[test]
    fn threads_that_own_their_guards_lose_nothing() {
        let lock = Arc::new(RwLock::new((0, 0)));
        let crew: Vec<_> = (0..4)
            .map(|number| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || {
                    for _ in 0..1000 {
                        if number % 2 == 0 {
                            let mut pair = lock.write_owned();
                            pair.0 += 1;
                            pair.1 += 1;
                        } else {
                            let pair = lock.read_owned();
                            assert_eq!(pair.0, pair.1, "half of a change");
                        }
                    }
                })
            })
            .collect();
        crew.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*lock.read_owned(), (2000, 2000));
    }
}
