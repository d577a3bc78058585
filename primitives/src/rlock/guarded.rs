//! [`RLock<T>`]: a [`RawRLock`] and the data that it guards, so that neither can be forgotten.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::{Duration, Instant};

use super::RawRLock;
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::deadlock::Report;
use crate::sync::{const_fn, model_failed};

/// Data that one thread at a time may use; that thread may lock it again and again.
///
/// [`lock`](Self::lock) waits until no other thread holds it and returns a guard; the lock is free
/// when the last guard is dropped. Several guards can be alive in one thread at once, so a guard
/// lends the data only as `&T`: to change the data, put it in a [`Cell`](std::cell::Cell) or a
/// [`RefCell`](std::cell::RefCell), which need no further lock.
///
/// There is no poisoning, as with [`Lock`](crate::Lock). A [`Condition`](crate::Condition) cannot
/// wait with these guards: it would have to release the lock while another guard of this thread may
/// still lend the data. A condition can wait with a [`RawRLock`].
///
/// _Python_: a `threading.RLock` used in a `with` statement, except that Python does not know which
/// data the lock is for.
///
/// ```
/// use primitives::RLock;
/// use std::cell::Cell;
///
/// struct Account {
///     balance: RLock<Cell<i64>>,
/// }
///
/// impl Account {
///     fn deposit(&self, amount: i64) {
///         let balance = self.balance.lock();
///         balance.set(balance.get() + amount);
///     }
///
///     fn deposit_all(&self, amounts: &[i64]) {
///         let _nobody_sees_a_part_of_it = self.balance.lock();
///         for amount in amounts {
///             self.deposit(*amount); // locks again: the same thread may
///         }
///     }
/// }
///
/// let account = Account { balance: RLock::new(Cell::new(0)) };
/// std::thread::scope(|s| {
///     s.spawn(|| account.deposit_all(&[1, 2, 3]));
///     s.spawn(|| account.deposit(4));
/// });
/// assert_eq!(account.balance.into_inner().get(), 10);
/// ```
pub struct RLock<T: ?Sized> {
    pub(super) raw: RawRLock,
    /// Not in a cell: no thread gets more than `&T` of it.
    data: T,
}

// SAFETY: `&RLock` lends the data to one thread at a time, and takes it back before another gets
// it: that moves it to that thread and back, which `Send` allows. `T: Sync` is not needed, because
// two threads never see it at once. (`Send` for `T: Send` is the compiler's own conclusion.)
unsafe impl<T: ?Sized + Send> Sync for RLock<T> {}

impl<T> RLock<T> {
    const_fn! {
        /// An unlocked lock around `value`.
        ///
        /// _Python_: `RLock()`.
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self { raw: RawRLock::new(), data: value }
        }
    }

    const_fn! {
        /// An unlocked lock around `value`, with a name for [reports of
        /// deadlocks](crate::deadlock). Without the feature `deadlock-detection`, the name is not
        /// kept.
        #[must_use]
        pub const fn named(name: &'static str, value: T) -> Self {
            Self { raw: RawRLock::named(name), data: value }
        }
    }

    /// The data, without locking: owning the lock proves that no other thread holds it.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.data
    }
}

impl<T: ?Sized> RLock<T> {
    /// Takes the lock, once more if this thread already holds it; blocks while another thread holds
    /// it.
    ///
    /// Uncontended: one compare-exchange, and a swap when the guard is dropped. Nested: neither.
    ///
    /// _Python_: `with rlock:`, or `acquire()`.
    ///
    /// # Panics
    ///
    /// If this thread already holds it 4,294,967,295 times.
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock(&self) -> RLockGuard<'_, T> {
        self.raw.acquire();
        RLockGuard::new(self)
    }

    /// [`lock`](Self::lock). In a deadlock it returns an error instead.
    ///
    /// # Errors
    ///
    /// A [`Report`], if the wait could never end: the threads that would have to release something
    /// wait for this one, or the owner has ended. Then nothing was taken; a caller that releases
    /// what it holds lets the others go on.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    ///
    /// ```
    /// use primitives::RLock;
    ///
    /// let diary = RLock::named("diary", "data");
    /// let outer = diary.lock_checked().unwrap();
    /// let inner = diary.lock_checked().unwrap(); // the owner never waits for itself
    /// assert_eq!(*outer, *inner);
    /// ```
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn lock_checked(&self) -> Result<RLockGuard<'_, T>, Box<Report>> {
        self.raw.acquire_checked()?;
        Ok(RLockGuard::new(self))
    }

    /// Takes the lock unless another thread holds it; never blocks. `None` if another does.
    ///
    /// One load if another thread holds it; otherwise it costs what [`lock`](Self::lock) costs.
    ///
    /// _Python_: `acquire(blocking=False)`.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_lock(&self) -> Option<RLockGuard<'_, T>> {
        self.raw.try_acquire().then(|| RLockGuard::new(self))
    }

    /// Takes the lock; blocks for at most `timeout`, then `None`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Costs what
    /// [`lock`](Self::lock) costs; the clock is not read.
    ///
    /// _Python_: `acquire(timeout=t)`.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    ///
    /// ```
    /// use primitives::RLock;
    /// use std::time::Duration;
    ///
    /// let lock = RLock::new("data");
    /// let _outer = lock.lock();
    /// assert!(lock.lock_timeout(Duration::ZERO).is_some());
    /// std::thread::scope(|s| {
    ///     s.spawn(|| assert!(lock.lock_timeout(Duration::from_millis(1)).is_none()));
    /// });
    /// ```
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock_timeout(&self, timeout: Duration) -> Option<RLockGuard<'_, T>> {
        self.raw.acquire_timeout(timeout).then(|| RLockGuard::new(self))
    }

    /// Takes the lock; blocks until `deadline` at most, then `None`.
    ///
    /// With a deadline that has passed it tries once. Costs what [`lock`](Self::lock) costs.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn lock_deadline(&self, deadline: Instant) -> Option<RLockGuard<'_, T>> {
        self.raw.acquire_deadline(deadline).then(|| RLockGuard::new(self))
    }

    /// Whether some thread has the lock at this moment. The answer may be out of date when you read
    /// it, unless it is the calling thread. Good for messages and tests, never for deciding.
    #[inline]
    #[must_use]
    #[doc(alias = "locked")]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether the calling thread has the lock. One load.
    ///
    /// _Python_: `_is_owned()`.
    #[inline]
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.raw.is_owned()
    }

    /// How often the calling thread has the lock: 0 if another has it or it is free.
    ///
    /// _Python_: `_recursion_count()`.
    #[inline]
    #[must_use]
    pub fn recursion_count(&self) -> usize {
        self.raw.recursion_count()
    }

    /// The data, without locking: `&mut self` proves that no other thread holds the lock.
    #[inline]
    #[must_use]
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: Default> Default for RLock<T> {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Shows the data unless another thread has the lock, and `<locked>` if one has. Never blocks.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rlock = f.debug_struct("RLock");
        match self.try_lock() {
            Some(guard) => rlock.field("data", &&*guard),
            None => rlock.field("data", &format_args!("<locked>")),
        };
        rlock.finish()
    }
}

/// The lock, held once. It lends the data, and releases the lock once when dropped.
///
/// Stays in the thread that locked (it is not `Send`): only the owner may release.
#[must_use = "a guard that is dropped at once releases at once"]
pub struct RLockGuard<'a, T: ?Sized> {
    rlock: &'a RLock<T>,
    /// Not `Send`.
    _here: PhantomData<*const ()>,
}

// SAFETY: `&RLockGuard` gives `&T` and nothing else, so it may be shared where `&T` may.
unsafe impl<T: ?Sized + Sync> Sync for RLockGuard<'_, T> {}

impl<'a, T: ?Sized> RLockGuard<'a, T> {
    #[inline]
    fn new(rlock: &'a RLock<T>) -> Self {
        Self { rlock, _here: PhantomData }
    }
}

impl<T: ?Sized> Deref for RLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.rlock.data
    }
}

impl<T: ?Sized> Drop for RLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !model_failed() {
            // A guard never leaves the thread that made it, so this is the owner.
            self.rlock.raw.release_owned();
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
