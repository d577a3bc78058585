//! [`RwLock<T>`]: a [`RawRwLock`] and the data that it guards.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use super::RawRwLock;
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::deadlock::{self, Report};
use crate::deadlock::{Identity, Kind};
use crate::sync::cell::UnsafeCell;
use crate::sync::{const_fn, model_failed};

/// Data that many threads may read at once, or one may change.
///
/// [`read`](Self::read) gives a guard with `&T`, [`write`](Self::write) one with `&mut T`; the lock
/// is released when the guard is dropped. A waiting writer keeps new readers out, so that it is not
/// starved. Therefore a thread that is reading must use [`read_recursive`](Self::read_recursive) to
/// read again.
///
/// A readers-writer lock pays only where reads take long or many threads read at once: each reader
/// writes the lock's word twice. For short sections a [`Lock`](crate::Lock) is as fast.
///
/// There is no poisoning: see [`Lock`](crate::Lock).
///
/// _Python_: the standard library has no such lock. _std_: `RwLock`, without timeouts and without
/// `read_recursive`.
///
/// ```
/// use primitives::RwLock;
///
/// let prices = RwLock::new(vec![("tea", 3)]);
/// std::thread::scope(|s| {
///     for _ in 0..3 {
///         s.spawn(|| prices.read().iter().map(|(_, price)| price).sum::<i32>());
///     }
///     s.spawn(|| prices.write().push(("cake", 4)));
/// });
/// assert_eq!(prices.into_inner().len(), 2);
/// ```
pub struct RwLock<T: ?Sized> {
    identity: Identity,
    pub(super) raw: RawRwLock,
    data: UnsafeCell<T>,
}

// SAFETY: the owner of the lock owns the data, so it may move to another thread where the data may.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: `&RwLock` hands the data to one thread at a time as `&mut T`, which needs `Send`, and to
// many at once as `&T`, which needs `Sync`.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    const_fn! {
        /// A lock around `value`, which no thread holds.
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self::named("", value)
        }
    }

    const_fn! {
        /// As [`new`](Self::new), with a name for [reports of deadlocks](crate::deadlock). Without
        /// the feature `deadlock-detection`, the name is not kept.
        #[must_use]
        pub const fn named(name: &'static str, value: T) -> Self {
            Self {
                identity: Identity::new(Kind::RwLock, name),
                raw: RawRwLock::new(),
                data: UnsafeCell::new(value),
            }
        }
    }

    /// The data, without locking: owning the lock proves that no other thread is inside.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock to read; blocks while a writer is inside, or waits.
    ///
    /// A thread that is already reading may wait for itself without end: use
    /// [`read_recursive`](Self::read_recursive) there. Uncontended: one load and one
    /// compare-exchange, and one subtraction when the guard is dropped.
    ///
    /// # Panics
    ///
    /// If 1,073,741,822 readers are inside: guards were leaked.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.raw.acquire_shared_as(&self.identity);
        RwLockReadGuard::new(self)
    }

    /// [`read`](Self::read). In a deadlock it returns an error instead.
    ///
    /// # Errors
    ///
    /// A [`Report`], if the wait could never end: a writer waits for this thread to stop reading,
    /// or the writer that is inside waits for it. Then nothing was taken.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn read_checked(&self) -> Result<RwLockReadGuard<'_, T>, Box<Report>> {
        let target = self.identity.waiting_for_writer_checked(super::door);
        if self.raw.acquire_shared_for(target) {
            Ok(RwLockReadGuard::new(self))
        } else {
            Err(deadlock::refused())
        }
    }

    /// Takes the lock to read, whether or not a writer waits; blocks while a writer is inside.
    ///
    /// For a thread that may already be reading. If all readers use this, writers may be starved.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    ///
    /// ```
    /// use primitives::RwLock;
    ///
    /// let tree = RwLock::new("leaf");
    /// let outer = tree.read();
    /// let inner = tree.read_recursive(); // a writer that waits meanwhile does not matter
    /// assert_eq!(*outer, *inner);
    /// ```
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_recursive(&self) -> RwLockReadGuard<'_, T> {
        self.raw.acquire_shared_recursive_as(&self.identity);
        RwLockReadGuard::new(self)
    }

    /// Takes the lock to read if no writer is inside or waits; never blocks.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        if self.raw.try_acquire_shared() { Some(RwLockReadGuard::new(self)) } else { None }
    }

    /// Takes the lock to read if no writer is inside, whether or not one waits; never blocks.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_read_recursive(&self) -> Option<RwLockReadGuard<'_, T>> {
        if self.raw.try_acquire_shared_recursive() {
            Some(RwLockReadGuard::new(self))
        } else {
            None
        }
    }

    /// Takes the lock to read; blocks for at most `timeout`, then `None`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_timeout(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, T>> {
        if self.raw.acquire_shared_timeout(timeout) {
            Some(RwLockReadGuard::new(self))
        } else {
            None
        }
    }

    /// Takes the lock to read; blocks until `deadline` at most, then `None`. With a deadline that
    /// has passed it tries once.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_deadline(&self, deadline: Instant) -> Option<RwLockReadGuard<'_, T>> {
        if self.raw.acquire_shared_deadline(Some(deadline)) {
            Some(RwLockReadGuard::new(self))
        } else {
            None
        }
    }

    /// [`read_recursive`](Self::read_recursive) for at most `timeout`, then `None`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_recursive_timeout(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, T>> {
        if self.raw.acquire_shared_recursive_timeout(timeout) {
            Some(RwLockReadGuard::new(self))
        } else {
            None
        }
    }

    /// [`read_recursive`](Self::read_recursive) until `deadline` at most, then `None`. With a
    /// deadline that has passed it tries once.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn read_recursive_deadline(&self, deadline: Instant) -> Option<RwLockReadGuard<'_, T>> {
        if self.raw.acquire_shared_recursive_deadline(Some(deadline)) {
            Some(RwLockReadGuard::new(self))
        } else {
            None
        }
    }

    /// Takes the lock to write; blocks while any other thread is inside.
    ///
    /// A thread that is already inside waits for itself without end. Uncontended: one
    /// compare-exchange, and one swap when the guard is dropped.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.raw.acquire_exclusive_as(&self.identity);
        RwLockWriteGuard::new(self)
    }

    /// [`write`](Self::write). In a deadlock it returns an error instead.
    ///
    /// # Errors
    ///
    /// A [`Report`], if the wait could never end: a thread that is inside waits for this one, or is
    /// this one. Then nothing was taken.
    ///
    /// ```
    /// use primitives::RwLock;
    ///
    /// let prices = RwLock::named("prices", [3, 4]);
    /// let reader = prices.read();
    /// let report = prices.write_checked().unwrap_err(); // it would wait for itself
    /// assert_eq!(report.threads()[0].wants().unwrap().name(), "prices");
    /// drop(reader);
    /// assert!(prices.write_checked().is_ok());
    /// ```
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn write_checked(&self) -> Result<RwLockWriteGuard<'_, T>, Box<Report>> {
        if self.raw.acquire_exclusive_for(self.identity.waiting_for_holders_checked()) {
            Ok(RwLockWriteGuard::new(self))
        } else {
            Err(deadlock::refused())
        }
    }

    /// Takes the lock to write if no thread is inside; never blocks.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        if self.raw.try_acquire_exclusive() { Some(RwLockWriteGuard::new(self)) } else { None }
    }

    /// Takes the lock to write; blocks for at most `timeout`, then `None`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    ///
    /// ```
    /// use primitives::RwLock;
    /// use std::time::Duration;
    ///
    /// let lock = RwLock::new("data");
    /// let reader = lock.read();
    /// assert!(lock.write_timeout(Duration::from_millis(1)).is_none());
    /// assert!(lock.try_read().is_some(), "the writer has given up, and keeps no reader out");
    /// drop(reader);
    /// assert!(lock.write_timeout(Duration::ZERO).is_some());
    /// ```
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn write_timeout(&self, timeout: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        if self.raw.acquire_exclusive_timeout(timeout) {
            Some(RwLockWriteGuard::new(self))
        } else {
            None
        }
    }

    /// Takes the lock to write; blocks until `deadline` at most, then `None`. With a deadline that
    /// has passed it tries once.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn write_deadline(&self, deadline: Instant) -> Option<RwLockWriteGuard<'_, T>> {
        if self.raw.acquire_exclusive_deadline(Some(deadline)) {
            Some(RwLockWriteGuard::new(self))
        } else {
            None
        }
    }

    /// Whether any thread is inside at this moment. The answer may be out of date when you read it.
    /// Good for messages and tests, never for deciding. One load.
    #[inline]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether a writer is inside at this moment. The answer may be out of date when you read it.
    /// One load.
    #[inline]
    #[must_use]
    pub fn is_locked_exclusive(&self) -> bool {
        self.raw.is_locked_exclusive()
    }

    /// How many readers are inside at this moment. The answer may be out of date when you read it.
    /// One load.
    #[inline]
    #[must_use]
    pub fn reader_count(&self) -> usize {
        self.raw.reader_count()
    }

    /// The data, without locking: `&mut self` proves that no other thread is inside.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Where the data is. What a guard does with it is the guard's responsibility.
    #[inline]
    pub(super) fn data(&self) -> &UnsafeCell<T> {
        &self.data
    }

    /// What a guard releases.
    #[inline]
    pub(super) fn hold(&self) -> Hold<'_> {
        Hold { identity: &self.identity, raw: &self.raw }
    }
}

/// The lock of a guard, without the data.
#[derive(Clone, Copy)]
pub(super) struct Hold<'a> {
    identity: &'a Identity,
    raw: &'a RawRwLock,
}

impl Hold<'_> {
    /// The end of a guard that reads, mapped or not.
    #[inline]
    pub(super) fn leave_as_reader(self) {
        if !model_failed() {
            self.identity.released();
            self.raw.leave_as_reader();
        }
    }

    /// The end of a guard that writes, mapped or not.
    #[inline]
    pub(super) fn leave_as_writer(self) {
        if !model_failed() {
            self.identity.released();
            self.raw.leave_as_writer();
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Shows the data if no writer is inside, and `<locked>` if one is. Never blocks.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lock = f.debug_struct("RwLock");
        match self.try_read_recursive() {
            Some(guard) => lock.field("data", &&*guard),
            None => lock.field("data", &format_args!("<locked>")),
        };
        lock.finish()
    }
}

/// The lock, held for reading: gives `&T`, and releases it when dropped.
///
/// Stays in the thread that took it (it is not `Send`).
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    pub(super) lock: &'a RwLock<T>,
    /// Not `Send`.
    _here: PhantomData<*const ()>,
}

// SAFETY: `&RwLockReadGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// For a reader that has just gone in.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn new(lock: &'a RwLock<T>) -> Self {
        lock.identity.taken();
        Self { lock, _here: PhantomData }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    #[cfg_attr(model, track_caller)]
    fn deref(&self) -> &T {
        // SAFETY: this guard exists, so a reader is inside and no writer is, and no thread changes
        // the data; the borrow of the guard ensures that for as long as the result lives.
        self.lock.data.with(|data| unsafe { &*data })
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.hold().leave_as_reader();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The lock, held for writing: gives `&mut T`, and releases it when dropped.
///
/// Stays in the thread that took it (it is not `Send`).
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    pub(super) lock: &'a RwLock<T>,
    /// Not `Send`.
    _here: PhantomData<*const ()>,
}

// SAFETY: `&RwLockWriteGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// For a writer that has just gone in.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn new(lock: &'a RwLock<T>) -> Self {
        lock.identity.taken();
        Self { lock, _here: PhantomData }
    }

    /// Becomes a reader and lets other readers in; no writer comes between. Never blocks.
    ///
    /// An associated function: `RwLockWriteGuard::downgrade(guard)`.
    ///
    /// ```
    /// use primitives::{RwLock, RwLockWriteGuard};
    ///
    /// let lock = RwLock::new(1);
    /// let mut writer = lock.write();
    /// *writer += 1;
    /// let reader = RwLockWriteGuard::downgrade(writer);
    /// assert_eq!((*reader, *lock.read()), (2, 2));
    /// ```
    #[inline]
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let lock = guard.lock;
        std::mem::forget(guard); // what it holds stays held, and noted
        lock.raw.downgrade();
        RwLockReadGuard { lock, _here: PhantomData }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    #[cfg_attr(model, track_caller)]
    fn deref(&self) -> &T {
        // SAFETY: this guard exists, so this thread is the writer, so no other reaches the data;
        // the borrow of the guard ensures that, and excludes `deref_mut`, for as long as the result
        // lives.
        self.lock.data.with(|data| unsafe { &*data })
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    #[cfg_attr(model, track_caller)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; `&mut self` keeps out any other borrow through this guard.
        self.lock.data.with_mut(|data| unsafe { &mut *data })
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.hold().leave_as_writer();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
