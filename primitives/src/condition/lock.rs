//! [`ConditionLock`]: what a condition must be able to do with a lock, and the locks that have it.

use crate::deadlock::Identity;
use crate::lock::{LockGuard, RawLock};

/// A raw lock that a [`Condition`](super::Condition) can let go of entirely, and take again as it was.
///
/// _Python_: the private `_release_save` and `_acquire_restore` of `threading`'s locks.
pub trait ConditionLock {
    /// What [`restore_all`](Self::restore_all) must know: how often the lock was held.
    type Saved;

    /// Releases the lock, however often the caller holds it.
    ///
    /// # Panics
    ///
    /// If the caller does not hold it.
    fn release_all(&self) -> Self::Saved;

    /// Takes the lock as often as it was held before; blocks until it can.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn restore_all(&self, saved: Self::Saved);
}

impl ConditionLock for RawLock {
    type Saved = ();

    #[cfg_attr(not(model), track_caller)]
    fn release_all(&self) {
        assert!(
            self.try_release(),
            "waited on a condition with a lock that nobody holds: call `acquire` first",
        );
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn restore_all(&self, (): ()) {
        self.acquire();
    }
}

/// The lock of a guard, without the data. Not for everybody: the guard is still there when it is released.
pub(super) struct Guarded<'a> {
    identity: &'a Identity,
    raw: &'a RawLock,
}

impl<'a> Guarded<'a> {
    pub(super) fn of<T: ?Sized>(guard: &LockGuard<'a, T>) -> Self {
        let (identity, raw) = guard.raw();
        Self { identity, raw }
    }
}

impl ConditionLock for Guarded<'_> {
    type Saved = ();

    #[inline]
    fn release_all(&self) {
        self.identity.released();
        self.raw.try_release(); // never `false`: there is a guard
    }

    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn restore_all(&self, (): ()) {
        let _waiting = self.identity.waiting_for_owner_again();
        self.raw.acquire();
        self.identity.taken();
    }
}
