//! The lock between processes: a value in shared memory, whose next owner learns when an owner was
//! killed.
//!
//! The lock itself is a [robust](crate::robust) one. The value follows it in the same memory. If
//! the owner is killed in the middle of a change, the value is as the last store left it: perhaps
//! half old and half new. A lock cannot know. So the next owner gets the lock **and** the notice
//! [`OwnerDied`], looks at the value, and calls [`repair`](OwnerDied::repair) when it is sound.
//! Until then each owner gets that notice.
//!
//! ```text
//!     process 1               process 2                        process 3
//!     lock ─▶ Ok(guard)       lock ····sleeps
//!     half a change                  ·
//!     ✝ SIGKILL ─── kernel ─────────▶ Err(OwnerDied(guard))
//!                                     looks, mends, repair()    lock ─▶ Ok(guard)
//! ```
//!
//! A panic is not a death: unwinding drops the guard, which releases the lock, as with
//! [`primitives::Lock`].

use std::alloc::Layout;
use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytemuck::Pod;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::futex::{self, Deadline};
use crate::robust::{Found, NotTaken, RobustLock};
use crate::segment::{Segment, Shared};

// SAFETY: a free lock is all zeros, contains no address that another process follows, and consists
// only of atomics.
unsafe impl Shared for RobustLock {
    const KIND: u32 = 2;
}

/// A value that one thread at a time, of all processes, may touch.
///
/// A clone is another handle of the same lock. A [`Process`](crate::Process) that gets the lock has
/// another handle too. Threads of one process also exclude each other.
///
/// The value is plain bytes ([`Pod`]): any bytes are a valid value, it contains no addresses, and
/// nothing must be dropped. Derive the trait for your own type with [`bytemuck`](crate::bytemuck).
///
/// _Uncontended_: one compare-exchange to lock and one to unlock, and a few plain stores for the
/// kernel's list; no system call. A thread can hold at most 2,048 of these locks.
///
/// _Python_: `multiprocessing.Lock`, and `multiprocessing.Value` with its lock. If its owner is
/// killed, that lock is lost.
///
/// ```
/// use processes::SharedLock;
///
/// let total = SharedLock::new(0u64)?;
/// let the_same = total.clone();
/// *total.lock().expect("the owner lives") += 2;
/// *the_same.lock().expect("the owner lives") += 3;
/// assert_eq!(*total.lock().expect("the owner lives"), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SharedLock<T> {
    segment: Arc<ManuallyDrop<Segment<RobustLock>>>,
    value: PhantomData<Box<T>>,
}

// SAFETY: the value is reached only through the lock, by one thread at a time; plain bytes may move
// to any thread.
unsafe impl<T: Pod + Send> Send for SharedLock<T> {}
// SAFETY: as above.
unsafe impl<T: Pod + Send> Sync for SharedLock<T> {}

impl<T: Pod> SharedLock<T> {
    const ITEM: Layout = Layout::new::<T>();

    /// A lock, unlocked, around a value. Costs about 20 µs and a file descriptor.
    ///
    /// # Errors
    ///
    /// The system's error: no file descriptor or no memory is left.
    pub fn new(value: T) -> io::Result<Self> {
        let segment = Segment::create(Self::ITEM, Self::ITEM.size())?;
        let lock = Self::from_segment(segment);
        // SAFETY: there is room for it, aligned, and no other has the lock yet.
        unsafe { lock.place().write(value) };
        Ok(lock)
    }

    fn from_segment(segment: Segment<RobustLock>) -> Self {
        Self { segment: Arc::new(ManuallyDrop::new(segment)), value: PhantomData }
    }

    /// Takes the lock; blocks until it is free.
    ///
    /// Contended, it spins for a few µs before it sleeps. A lock whose owner is killed is free
    /// within a fraction of a millisecond.
    ///
    /// _Python_: `acquire()`, `with lock:`.
    ///
    /// # Errors
    ///
    /// [`OwnerDied`], with the guard: the lock is taken, but an owner died and the value may be
    /// half changed.
    ///
    /// # Panics
    ///
    /// If this thread already holds the lock, or holds 2,048 others.
    #[inline]
    #[doc(alias = "acquire")]
    pub fn lock(&self) -> Result<SharedLockGuard<'_, T>, OwnerDied<SharedLockGuard<'_, T>>> {
        match self.lock_until(None) {
            Ok(guard) => Ok(guard),
            Err(LockTimeoutError::OwnerDied(died)) => Err(died),
            Err(LockTimeoutError::Timeout) => unreachable!("no deadline"),
        }
    }

    /// Takes the lock if it is free; never blocks.
    ///
    /// One load if it is taken.
    ///
    /// _Python_: `acquire(block=False)`.
    ///
    /// # Errors
    ///
    /// [`TryLockError::Locked`], also if this thread holds it; or [`TryLockError::OwnerDied`], with
    /// the guard.
    ///
    /// # Panics
    ///
    /// If this thread holds 2,048 others.
    #[doc(alias = "acquire")]
    pub fn try_lock(&self) -> Result<SharedLockGuard<'_, T>, TryLockError<SharedLockGuard<'_, T>>> {
        match self.segment.try_acquire() {
            Ok(Found::Whole) => Ok(SharedLockGuard::new(self)),
            Ok(Found::Damaged) => {
                Err(TryLockError::OwnerDied(OwnerDied(SharedLockGuard::new(self))))
            }
            Err(NotTaken) => Err(TryLockError::Locked),
        }
    }

    /// Takes the lock; blocks for at most `timeout`. Zero tries once; a timeout that overflows the
    /// clock never expires.
    ///
    /// _Python_: `acquire(timeout=t)`.
    ///
    /// # Errors
    ///
    /// [`LockTimeoutError::Timeout`]; or [`LockTimeoutError::OwnerDied`], with the guard.
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    #[doc(alias = "acquire")]
    pub fn lock_timeout(
        &self,
        timeout: Duration,
    ) -> Result<SharedLockGuard<'_, T>, LockTimeoutError<SharedLockGuard<'_, T>>> {
        self.lock_until(futex::after(timeout))
    }

    /// Takes the lock; blocks until `deadline` at most. With a deadline that has passed it tries
    /// once.
    ///
    /// # Errors
    ///
    /// As [`lock_timeout`](Self::lock_timeout).
    ///
    /// # Panics
    ///
    /// As [`lock`](Self::lock).
    #[doc(alias = "acquire")]
    pub fn lock_deadline(
        &self,
        deadline: Instant,
    ) -> Result<SharedLockGuard<'_, T>, LockTimeoutError<SharedLockGuard<'_, T>>> {
        self.lock_until(Some(deadline))
    }

    #[inline]
    fn lock_until(
        &self,
        deadline: Deadline,
    ) -> Result<SharedLockGuard<'_, T>, LockTimeoutError<SharedLockGuard<'_, T>>> {
        match self.segment.acquire(deadline) {
            Ok(Found::Whole) => Ok(SharedLockGuard::new(self)),
            Ok(Found::Damaged) => {
                Err(LockTimeoutError::OwnerDied(OwnerDied(SharedLockGuard::new(self))))
            }
            Err(NotTaken) => Err(LockTimeoutError::Timeout),
        }
    }

    /// Whether a thread of any process holds the lock. The answer may be out of date when you read
    /// it. Good for messages.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.segment.is_locked()
    }

    fn place(&self) -> NonNull<T> {
        self.segment.items(Self::ITEM).cast()
    }
}

impl<T> Clone for SharedLock<T> {
    fn clone(&self) -> Self {
        Self { segment: Arc::clone(&self.segment), value: PhantomData }
    }
}

impl<T> Drop for SharedLock<T> {
    fn drop(&mut self) {
        if let Some(segment) = Arc::get_mut(&mut self.segment)
            && !segment.is_held_here()
        {
            // SAFETY: this is the last handle, so no other code uses it, and it is not used below.
            unsafe { ManuallyDrop::drop(segment) };
        }
        // The kernel still has the address of a forgotten guard's lock: that memory stays mapped.
    }
}

impl<T: Pod> Serialize for SharedLock<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.segment.give(serializer)
    }
}

impl<'de, T: Pod> Deserialize<'de> for SharedLock<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let segment: Segment<RobustLock> = Segment::take(Self::ITEM, deserializer)?;
        segment.check_room(Self::ITEM, Self::ITEM.size()).map_err(serde::de::Error::custom)?;
        Ok(Self::from_segment(segment))
    }
}

impl<T> fmt::Debug for SharedLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLock").field("locked", &self.segment.is_locked()).finish()
    }
}

/// Holds the lock while it lives.
#[must_use = "the lock is released at once if the guard is dropped"]
pub struct SharedLockGuard<'a, T: Pod> {
    lock: &'a SharedLock<T>,
    /// The kernel's list belongs to the thread: only the thread that took the lock can release it.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives `&T`, and says whether the value is whole.
unsafe impl<T: Pod + Sync> Sync for SharedLockGuard<'_, T> {}

impl<'a, T: Pod> SharedLockGuard<'a, T> {
    #[inline]
    fn new(lock: &'a SharedLock<T>) -> Self {
        Self { lock, not_send: PhantomData }
    }

    /// Declares the value sound after an owner died: the next owner finds the lock as usual.
    pub fn repair(&self) {
        self.raw().set_repaired();
    }

    #[inline]
    pub(crate) fn raw(&self) -> &'a RobustLock {
        self.lock.segment.deref()
    }
}

impl<T: Pod> Deref for SharedLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: any bytes are a valid value, aligned; the lock keeps all others away.
        unsafe { self.lock.place().as_ref() }
    }
}

impl<T: Pod> DerefMut for SharedLockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { self.lock.place().as_mut() }
    }
}

impl<T: Pod> Drop for SharedLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.segment.release();
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for SharedLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The lock was taken, but an owner died while it held the lock: the value may be half changed.
#[must_use = "the lock is released at once, still damaged"]
pub struct OwnerDied<G>(pub G);

impl<'a, T: Pod> OwnerDied<SharedLockGuard<'a, T>> {
    /// Declares the value sound and returns the guard. Check the value first, through `.0`.
    ///
    /// ```
    /// # use processes::SharedLock;
    /// # let lock = SharedLock::new(0u64).unwrap();
    /// // A counter is whole after any store.
    /// *lock.lock().unwrap_or_else(|died| died.repair()) += 1;
    /// ```
    pub fn repair(self) -> SharedLockGuard<'a, T> {
        self.0.repair();
        self.0
    }
}

impl<G> fmt::Debug for OwnerDied<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerDied(..)")
    }
}

impl<G> fmt::Display for OwnerDied<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "an owner of the lock died while it had it; the value may be halfway through a change",
        )
    }
}

impl<G> Error for OwnerDied<G> {}

/// `try_lock` gave up, or an owner died.
#[derive(Debug)]
pub enum TryLockError<G> {
    /// A thread holds the lock.
    Locked,
    /// Taken, but an owner died.
    OwnerDied(OwnerDied<G>),
}

impl<G> fmt::Display for TryLockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("the lock is taken"),
            Self::OwnerDied(died) => died.fmt(f),
        }
    }
}

impl<G: fmt::Debug> Error for TryLockError<G> {}

/// `lock_timeout` or `lock_deadline` gave up, or an owner died.
#[derive(Debug)]
pub enum LockTimeoutError<G> {
    /// The lock stayed taken until the time was up.
    Timeout,
    /// Taken, but an owner died.
    OwnerDied(OwnerDied<G>),
}

impl<G> fmt::Display for LockTimeoutError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the lock stayed taken until the time was up"),
            Self::OwnerDied(died) => died.fmt(f),
        }
    }
}

impl<G: fmt::Debug> Error for LockTimeoutError<G> {}

#[cfg(test)]
mod tests;
