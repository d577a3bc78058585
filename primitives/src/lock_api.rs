//! The raw traits of the crate `lock_api`, on our locks. (Feature `lock_api`.)
//!
//! The module is private: a public one of this name would shadow the crate in a program that says
//! `use primitives::*`. What a user must know stands at [`ThreadNumber`].

#[cfg(test)]
mod tests;
mod watched;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use ::lock_api::{
    GetThreadId, GuardNoSend, GuardSend, RawCondvar, RawCondvarTimed, RawMutex, RawMutexTimed,
    RawRwLockDowngrade, RawRwLockTimed,
};

pub use self::watched::{WatchedCondition, WatchedLock};
use crate::condition::Condition;
use crate::lock::RawLock;
use crate::rlock::RawRLock;
use crate::rwlock::RawRwLock;
use crate::sync::thread;

// SAFETY: one thread at a time has a `RawLock`, taken with Acquire and released with Release;
// nothing here panics, and a lock that is moved or dropped while locked is only a word.
unsafe impl RawMutex for RawLock {
    const INIT: Self = Self::new();

    type Guard = GuardSend;

    #[inline]
    fn lock(&self) -> GuardSend {
        self.acquire();
        GuardSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardSend> {
        self.try_acquire().then(GuardSend::new)
    }

    #[inline]
    unsafe fn unlock(&self, _guard: GuardSend) {
        self.try_release(); // never `false`: the caller has it
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.is_locked()
    }
}

// SAFETY: as for `RawMutex`.
unsafe impl RawMutexTimed for RawLock {
    type Duration = Duration;
    type Instant = Instant;

    #[inline]
    fn try_lock_for(&self, timeout: Duration) -> Option<GuardSend> {
        self.acquire_timeout(timeout).then(GuardSend::new)
    }

    #[inline]
    fn try_lock_until(&self, deadline: Instant) -> Option<GuardSend> {
        self.acquire_deadline(deadline).then(GuardSend::new)
    }
}

// SAFETY: one thread at a time has a `RawRLock`, taken with Acquire and released with Release; and
// here that thread cannot take it a second time, so there is one guard at a time. `lock` panics
// before it takes anything. The guard stays with its thread, so the thread that unlocks is the
// owner.
unsafe impl RawMutex for RawRLock {
    const INIT: Self = Self::new();

    type Guard = GuardNoSend;

    /// # Panics
    ///
    /// If this thread already holds it.
    #[inline]
    fn lock(&self) -> GuardNoSend {
        assert!(
            !self.is_owned(),
            "locked a mutex that this thread already holds: it would wait for itself and never return",
        );
        self.acquire();
        GuardNoSend::new()
    }

    #[inline]
    fn try_lock(&self) -> Option<GuardNoSend> {
        self.acquire_once_by(RawLock::try_acquire).then(GuardNoSend::new)
    }

    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        self.try_release(); // never `false`: the caller has it
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.is_locked()
    }
}

// SAFETY: as for `RawMutex`; a thread that already holds it gets `None` when the time is up, as any
// other.
unsafe impl RawMutexTimed for RawRLock {
    type Duration = Duration;
    type Instant = Instant;

    #[inline]
    fn try_lock_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        self.acquire_once_by(|lock| lock.acquire_timeout(timeout)).then(GuardNoSend::new)
    }

    #[inline]
    fn try_lock_until(&self, deadline: Instant) -> Option<GuardNoSend> {
        self.acquire_once_by(|lock| lock.acquire_deadline(deadline)).then(GuardNoSend::new)
    }
}

// SAFETY: readers are inside together or a writer alone. Each goes in by Acquire and leaves by
// Release. Nothing here panics but for a billion leaked readers, before it takes anything; and a
// lock that is moved or dropped while locked is only words.
unsafe impl ::lock_api::RawRwLock for RawRwLock {
    const INIT: Self = Self::new();

    type SharedGuard = GuardSend;
    type ExclusiveGuard = GuardSend;

    #[inline]
    fn lock_shared(&self) -> GuardSend {
        self.acquire_shared();
        GuardSend::new()
    }

    #[inline]
    fn try_lock_shared(&self) -> Option<GuardSend> {
        self.try_acquire_shared().then(GuardSend::new)
    }

    #[inline]
    unsafe fn unlock_shared(&self, _guard: GuardSend) {
        self.release_shared();
    }

    #[inline]
    fn lock_exclusive(&self) -> GuardSend {
        self.acquire_exclusive();
        GuardSend::new()
    }

    #[inline]
    fn try_lock_exclusive(&self) -> Option<GuardSend> {
        self.try_acquire_exclusive().then(GuardSend::new)
    }

    #[inline]
    unsafe fn unlock_exclusive(&self, _guard: GuardSend) {
        self.release_exclusive();
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.is_locked()
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        self.is_locked_exclusive()
    }
}

// SAFETY: as for `RawRwLock`.
unsafe impl RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;

    #[inline]
    fn try_lock_shared_for(&self, timeout: Duration) -> Option<GuardSend> {
        self.acquire_shared_timeout(timeout).then(GuardSend::new)
    }

    #[inline]
    fn try_lock_shared_until(&self, deadline: Instant) -> Option<GuardSend> {
        self.acquire_shared_deadline(Some(deadline)).then(GuardSend::new)
    }

    #[inline]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> Option<GuardSend> {
        self.acquire_exclusive_timeout(timeout).then(GuardSend::new)
    }

    #[inline]
    fn try_lock_exclusive_until(&self, deadline: Instant) -> Option<GuardSend> {
        self.acquire_exclusive_deadline(Some(deadline)).then(GuardSend::new)
    }
}

// SAFETY: the writer becomes a reader in one step.
unsafe impl RawRwLockDowngrade for RawRwLock {
    #[inline]
    unsafe fn downgrade(&self, guard: GuardSend) -> GuardSend {
        self.downgrade();
        guard
    }
}

/// Tells threads apart, for [`lock_api::ReentrantMutex`]; and what else the feature `lock_api`
/// brings.
///
/// The numbers are never reused, so no new thread passes for the owner of a mutex that an ended
/// thread left locked.
///
/// # The locks under `lock_api`'s wrappers
///
/// | here                          | implements                       | for                              |
/// | ----------------------------- | -------------------------------- | -------------------------------- |
/// | [`RawLock`]                   | [`RawMutex`], [`RawMutexTimed`]  | `lock_api::Mutex<RawLock, T>`    |
/// | [`RawLock`] + [`ThreadNumber`]| [`GetThreadId`]                  | `lock_api::ReentrantMutex`       |
/// | [`RawRLock`]                  | [`RawMutex`], [`RawMutexTimed`]  | `lock_api::Mutex<RawRLock, T>`   |
/// | [`RawRwLock`]                 | `lock_api::RawRwLock`, timed, downgrade | `lock_api::RwLock<RawRwLock, T>` |
/// | [`Condition`]                 | [`RawCondvar`], timed            | `lock_api::Condvar<Condition>`   |
/// | [`WatchedLock`]               | [`RawMutex`], [`RawMutexTimed`]  | `lock_api::Mutex<WatchedLock, T>`, named in reports of deadlocks |
/// | [`WatchedCondition`]          | [`RawCondvar`], timed            | `lock_api::Condvar<WatchedCondition>` |
///
/// Any thread may release a [`RawLock`], so the guards of a mutex made of it may move to another
/// thread. Only its owner may release a [`RawRLock`], so the guards of a mutex made of that may
/// not.
///
/// A mutex hands out `&mut T`, so the same thread must not take it twice. **A mutex made of a
/// [`RawRLock`] knows its owner and refuses a second `lock`**: it panics where another mutex would
/// wait for itself without end. A mutex that the same thread may take again is `lock_api`'s
/// [`ReentrantMutex`](::lock_api::ReentrantMutex), which brings its own count and needs a
/// [`RawLock`] and a [`ThreadNumber`].
///
/// ```
/// use primitives::raw::{RawLock, ThreadNumber};
///
/// type Mutex<T> = lock_api::Mutex<RawLock, T>;
/// type ReentrantMutex<T> = lock_api::ReentrantMutex<RawLock, ThreadNumber, T>;
///
/// static TOTAL: Mutex<u32> = Mutex::new(0);
/// *TOTAL.lock() += 1;
///
/// let again = ReentrantMutex::new("data");
/// let (_outer, _inner) = (again.lock(), again.lock());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadNumber;

// SAFETY: `thread::id` gives each thread one number, which is not 0 and never given out again.
unsafe impl GetThreadId for ThreadNumber {
    const INIT: Self = Self;

    #[inline]
    fn nonzero_thread_id(&self) -> NonZeroUsize {
        usize::try_from(thread::id())
            .ok()
            .and_then(NonZeroUsize::new)
            .expect("fewer threads than a `usize` can count")
    }
}

/// May return without a notification, so the notifying calls do not say how many they woke.
// SAFETY: `wait_raw` counts itself and notes the sequence before it releases the lock, so that it
// misses no later notification. It takes the lock again before it returns. It panics only if the
// lock is not held. The guard has no state.
unsafe impl RawCondvar for Condition {
    const INIT: Self = Self::new();

    type RawMutex = RawLock;

    unsafe fn wait(&self, lock: &RawLock, _guard: &mut GuardSend) {
        self.wait_raw(lock);
    }

    fn notify_one(&self) -> bool {
        self.notify_one();
        false
    }

    fn notify_all(&self) -> usize {
        self.notify_all();
        0
    }
}

// SAFETY: as for `RawCondvar`.
unsafe impl RawCondvarTimed for Condition {
    fn checked_duration_to_instant(timeout: &Duration) -> Option<Instant> {
        Instant::now().checked_add(*timeout)
    }

    unsafe fn wait_until(
        &self,
        lock: &RawLock,
        _guard: &mut GuardSend,
        deadline: &Instant,
    ) -> bool {
        self.wait_raw_deadline(lock, *deadline).timed_out()
    }
}
