//! Guards of a part of the data, and a guard that lets others in for a while.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::{Lock, LockGuard};
use crate::deadlock::Identity;
use crate::lock::RawLock;
use crate::sync::{model_failed, thread};

impl<'a, T: ?Sized> LockGuard<'a, T> {
    /// Narrows the guard to a part of the data; the lock stays held.
    ///
    /// An associated function, so that it hides no method of `T`. A [`Condition`](crate::Condition)
    /// cannot wait with the result: while it waits, others may replace what the part is a part of.
    ///
    /// ```
    /// use primitives::{Lock, LockGuard};
    ///
    /// let pair = Lock::new(("tea", 3));
    /// *LockGuard::map(pair.lock(), |pair| &mut pair.1) += 1;
    /// assert_eq!(pair.into_inner(), ("tea", 4));
    /// ```
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedLockGuard<'a, U> {
        let part = NonNull::from(part(&mut guard));
        MappedLockGuard::of(guard, part)
    }

    /// Narrows the guard to a part of the data, if there is such a part.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `part` returns `None`.
    ///
    /// ```
    /// use primitives::{Lock, LockGuard};
    ///
    /// let words = Lock::new(vec!["tea"]);
    /// let first = LockGuard::filter_map(words.lock(), |words| words.first_mut()).unwrap();
    /// assert_eq!(*first, "tea");
    /// ```
    pub fn filter_map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedLockGuard<'a, U>, Self> {
        match part(&mut guard).map(NonNull::from) {
            Some(part) => Ok(MappedLockGuard::of(guard, part)),
            None => Err(guard),
        }
    }

    /// Releases the lock while `f` runs, and takes it again, even if `f` panics. Blocks until the
    /// lock is free again.
    ///
    /// Others may change the data meanwhile: what was true of it before need not be true after.
    ///
    /// ```
    /// use primitives::{Lock, LockGuard};
    ///
    /// let lock = Lock::new(1);
    /// let mut guard = lock.lock();
    /// LockGuard::unlocked(&mut guard, || *lock.lock() += 1); // it would wait for itself otherwise
    /// assert_eq!(*guard, 2);
    /// ```
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn unlocked<R>(guard: &mut Self, f: impl FnOnce() -> R) -> R {
        let released = Released::new(guard);
        let result = f();
        released.take_back();
        result
    }

    /// Lets a thread in that waits for the lock, as far as the system runs it, and takes the lock
    /// again. One load if no thread has the chance: then it returns at once.
    ///
    /// For a long work under a lock that need not be done in one go. It is not a hand-over: the
    /// waiter must be running to be quicker than this thread. (A waiter that has been overtaken for
    /// a millisecond has the lock handed to it.)
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn bump(guard: &mut Self) {
        if guard.lock.raw.is_waited_for() {
            Self::unlocked(guard, thread::yield_now);
        }
    }
}

/// A lock that a guard has let go, and that it owes to its caller.
struct Released<'a> {
    identity: &'a Identity,
    raw: &'a RawLock,
}

impl<'a> Released<'a> {
    fn new<T: ?Sized>(guard: &LockGuard<'a, T>) -> Self {
        let (identity, raw) = guard.raw();
        identity.released();
        raw.try_release(); // never `false`: there is a guard
        Self { identity, raw }
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn take_back(self) {
        self.acquire();
        mem::forget(self);
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire(&self) {
        self.raw.acquire_for(self.identity.waiting_for_owner_again());
        self.identity.taken();
    }
}

/// The function has panicked.
impl Drop for Released<'_> {
    fn drop(&mut self) {
        if !model_failed() {
            self.acquire();
        }
    }
}

/// A part of the data of a lock that is held: made by [`LockGuard::map`].
#[must_use = "a guard that is dropped at once unlocks at once"]
pub struct MappedLockGuard<'a, T: ?Sized> {
    identity: &'a Identity,
    raw: &'a RawLock,
    part: NonNull<T>,
    /// It lends what `&'a mut T` would lend. With the pointer beside it, that keeps the guard in
    /// its thread.
    _part: PhantomData<&'a mut T>,
}

// SAFETY: `&MappedLockGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for MappedLockGuard<'_, T> {}

impl<'a, T: ?Sized> MappedLockGuard<'a, T> {
    /// Takes over what the guard holds.
    fn of<W: ?Sized>(guard: LockGuard<'a, W>, part: NonNull<T>) -> Self {
        let Lock { identity, raw, .. } = guard.lock;
        mem::forget(guard);
        Self { identity, raw, part, _part: PhantomData }
    }

    /// Narrows the guard once more.
    pub fn map<U: ?Sized>(
        mut guard: Self,
        part: impl FnOnce(&mut T) -> &mut U,
    ) -> MappedLockGuard<'a, U> {
        let part = NonNull::from(part(&mut guard));
        let (identity, raw) = (guard.identity, guard.raw);
        mem::forget(guard);
        MappedLockGuard { identity, raw, part, _part: PhantomData }
    }
}

impl<T: ?Sized> Deref for MappedLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: it points into the data of the lock, which is borrowed and held while this guard
        // lives; so the data stays where it is, and only this guard reaches it.
        unsafe { self.part.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedLockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`; it was made from `&mut T`, and `&mut self` keeps out any other
        // borrow through this guard.
        unsafe { self.part.as_mut() }
    }
}

impl<T: ?Sized> Drop for MappedLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !model_failed() {
            self.identity.released();
            self.raw.try_release(); // never `false`: this guard holds the lock
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{LockGuard, MappedLockGuard};
    use crate::{Condition, Lock};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::thread;

    #[test]
    fn a_part_keeps_the_lock_and_gives_it_back_with_all_changes() {
        let lock = Lock::new((vec![1, 2], 'a'));
        let mut list = LockGuard::map(lock.lock(), |pair| &mut pair.0);
        list.push(3);
        let mut last = MappedLockGuard::map(list, |list| list.last_mut().unwrap());
        *last += 1;
        assert!(lock.is_locked());
        assert_eq!(format!("{last} {last:?}"), "4 4");
        drop(last);
        assert!(!lock.is_locked());
        assert_eq!(lock.into_inner(), (vec![1, 2, 4], 'a'));
    }

    #[test]
    fn without_such_a_part_the_guard_comes_back_and_a_panic_unlocks() {
        let lock = Lock::new(Vec::<u8>::new());
        let guard = LockGuard::filter_map(lock.lock(), |list| list.first_mut()).unwrap_err();
        assert!(guard.is_empty() && lock.is_locked());
        drop(guard);
        let panics = || LockGuard::map(lock.lock(), |_| -> &mut u8 { panic!("no such part") });
        assert!(catch_unwind(AssertUnwindSafe(|| drop(panics()))).is_err());
        assert!(!lock.is_locked());
    }

    #[test]
    fn unlocked_lets_another_thread_in_and_holds_the_lock_again() {
        let lock = Lock::new(0);
        let mut guard = lock.lock();
        LockGuard::unlocked(&mut guard, || {
            thread::scope(|scope| scope.spawn(|| *lock.lock() += 1).join().unwrap());
        });
        *guard += 1;
        assert!(lock.try_lock().is_none());
        assert_eq!(*guard, 2);
    }

    #[test]
    fn unlocked_holds_the_lock_again_after_a_panic() {
        let lock = Lock::new(0);
        let mut guard = lock.lock();
        let panics = AssertUnwindSafe(|| LockGuard::unlocked(&mut guard, || panic!("inside")));
        assert!(catch_unwind(panics).is_err());
        assert!(lock.is_locked());
        *guard = 1;
        drop(guard);
        assert_eq!(lock.into_inner(), 1);
    }

    #[test]
    fn bump_lets_a_waiter_in_sooner_or_later_and_does_nothing_without_one() {
        let (lock, is_done) = (Lock::new(0), Condition::new());
        let mut guard = lock.lock();
        LockGuard::bump(&mut guard);
        thread::scope(|scope| {
            scope.spawn(|| {
                *lock.lock() += 1;
                is_done.notify_all();
            });
            while *guard == 0 {
                LockGuard::bump(&mut guard);
            }
        });
    }
}
