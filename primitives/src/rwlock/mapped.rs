//! Guards of a part of the data, which `map` and `filter_map` make.
//!
//! The whole lock stays held; the guard gives a field, an element or a slice.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::guarded::Hold;
use super::{RwLockReadGuard, RwLockWriteGuard};

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// Narrows the guard to a part of the data; the lock stays held.
    ///
    /// An associated function, so that it hides no method of `T`.
    ///
    /// ```
    /// use primitives::{RwLock, RwLockReadGuard};
    ///
    /// let pair = RwLock::new(("tea", 3));
    /// let price = RwLockReadGuard::map(pair.read(), |pair| &pair.1);
    /// assert_eq!(*price, 3);
    /// ```
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&T) -> &U,
    ) -> MappedRwLockReadGuard<'a, U> {
        let part = NonNull::from(part(&guard));
        MappedRwLockReadGuard::of(guard, part)
    }

    /// Narrows the guard to a part of the data, if there is such a part.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `part` returns `None`.
    pub fn filter_map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<MappedRwLockReadGuard<'a, U>, Self> {
        match part(&guard).map(NonNull::from) {
            Some(part) => Ok(MappedRwLockReadGuard::of(guard, part)),
            None => Err(guard),
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Narrows the guard to a part of the data; the lock stays held.
    ///
    /// An associated function, so that it hides no method of `T`.
    ///
    /// ```
    /// use primitives::{RwLock, RwLockWriteGuard};
    ///
    /// let pair = RwLock::new(("tea", 3));
    /// *RwLockWriteGuard::map(pair.write(), |pair| &mut pair.1) += 1;
    /// assert_eq!(pair.into_inner(), ("tea", 4));
    /// ```
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedRwLockWriteGuard<'a, U> {
        let part = NonNull::from(part(&mut guard));
        MappedRwLockWriteGuard::of(guard, part)
    }

    /// Narrows the guard to a part of the data, if there is such a part.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `part` returns `None`.
    pub fn filter_map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedRwLockWriteGuard<'a, U>, Self> {
        match part(&mut guard).map(NonNull::from) {
            Some(part) => Ok(MappedRwLockWriteGuard::of(guard, part)),
            None => Err(guard),
        }
    }
}

/// A part of the data of a lock that is held for reading: made by [`RwLockReadGuard::map`].
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct MappedRwLockReadGuard<'a, T: ?Sized> {
    hold: Hold<'a>,
    part: NonNull<T>,
    /// It lends what `&'a T` would lend. With the pointer beside it, that keeps the guard in its
    /// thread.
    _part: PhantomData<&'a T>,
}

// SAFETY: `&MappedRwLockReadGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> MappedRwLockReadGuard<'a, T> {
    /// Takes over what the guard holds.
    fn of<W: ?Sized>(guard: RwLockReadGuard<'a, W>, part: NonNull<T>) -> Self {
        let hold = guard.lock.hold();
        mem::forget(guard);
        Self { hold, part, _part: PhantomData }
    }

    /// Narrows the guard once more.
    pub fn map<U: ?Sized>(
        guard: Self,
        part: impl FnOnce(&T) -> &U,
    ) -> MappedRwLockReadGuard<'a, U> {
        let part = NonNull::from(part(&guard));
        let hold = guard.hold;
        mem::forget(guard);
        MappedRwLockReadGuard { hold, part, _part: PhantomData }
    }
}

impl<T: ?Sized> Deref for MappedRwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it points into the data of the lock, which `hold` borrows, and the lock is held
        // while this guard lives; so the data stays where it is, and no thread changes it.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized> Drop for MappedRwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.hold.leave_as_reader();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedRwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A part of the data of a lock that is held for writing: made by [`RwLockWriteGuard::map`].
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct MappedRwLockWriteGuard<'a, T: ?Sized> {
    hold: Hold<'a>,
    part: NonNull<T>,
    /// It lends what `&'a mut T` would lend. With the pointer beside it, that keeps the guard in
    /// its thread.
    _part: PhantomData<&'a mut T>,
}

// SAFETY: `&MappedRwLockWriteGuard` gives `&T` and nothing else, so it may be shared where `&T`
// may.
unsafe impl<T: ?Sized + Sync> Sync for MappedRwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> MappedRwLockWriteGuard<'a, T> {
    /// Takes over what the guard holds.
    fn of<W: ?Sized>(guard: RwLockWriteGuard<'a, W>, part: NonNull<T>) -> Self {
        let hold = guard.lock.hold();
        mem::forget(guard);
        Self { hold, part, _part: PhantomData }
    }

    /// Narrows the guard once more.
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedRwLockWriteGuard<'a, U> {
        let part = NonNull::from(part(&mut guard));
        let hold = guard.hold;
        mem::forget(guard);
        MappedRwLockWriteGuard { hold, part, _part: PhantomData }
    }
}

impl<T: ?Sized> Deref for MappedRwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it points into the data of the lock, which `hold` borrows, and the lock is held
        // while this guard lives; so the data stays where it is, and only this guard reaches it.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedRwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; it was made from `&mut T`, and `&mut self` keeps out any other
        // borrow through this guard.
        unsafe { self.part.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedRwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.hold.leave_as_writer();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedRwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
