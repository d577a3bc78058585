//! [`ConditionLock`]: what a condition needs of a lock, and the locks that provide it.

use crate::deadlock::Identity;
use crate::lock::{LockGuard, RawLock};

/// A raw lock that a [`Condition`](super::Condition) can release entirely, and take again as often
/// as it was held.
///
/// _Python_: the private `_release_save` and `_acquire_restore` of `threading`'s locks.
pub trait ConditionLock {
    /// What [`restore_all`](Self::restore_all) needs to know: how often the lock was held.
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
            "waited on a condition with a lock that is not held: call `acquire` first",
        );
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn restore_all(&self, (): ()) {
        self.acquire();
    }
}

/// The lock of a guard, without the data. Not public: the guard still exists while the lock is
/// released.
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
        self.raw.acquire_for(self.identity.waiting_for_owner_again());
        self.identity.taken();
    }
}
