//! A lock of `lock_api`'s that the deadlock detector knows by name and by owner.
//!
//! A [`RawLock`] may be released by any thread, so the detector cannot say who has to release it. A
//! [`WatchedLock`] is a [`RawLock`] with an identity beside it, as a [`Lock`](crate::Lock) has; its
//! guards stay in their thread, so the thread that took it is the one that must release it.
//!
//! A lock of `lock_api`'s is made of a constant, `INIT`, which knows neither a name nor the line
//! that it is for. So the identity begins without a place, and takes the line of the first call of
//! `lock` or `try_lock`. Without the feature `deadlock-detection` all this takes no byte and no
//! instruction.

use std::fmt;
use std::time::{Duration, Instant};

use ::lock_api::{GuardNoSend, RawCondvar, RawCondvarTimed, RawMutex, RawMutexTimed};

use crate::condition::{Condition, ConditionLock};
use crate::deadlock::{Identity, Kind};
use crate::lock::RawLock;

/// The lock for `lock_api`'s mutex that [reports of deadlocks](crate::deadlock) name, with its
/// owner: blame, locks that are taken in both orders, JSON and graphs, as of a
/// [`Lock`](crate::Lock).
///
/// A program on `lock_api::Mutex<RawLock, T>`, or on another crate's raw mutex, changes one type.
/// Without the feature `deadlock-detection` it is a [`RawLock`] and costs what that costs; with it,
/// 24 bytes more, and what a [`Lock`](crate::Lock) costs.
///
/// A report calls it by its [name](Self::named), or by the line that took it first. Its guards are
/// not `Send`. Conditions for it are `lock_api::Condvar<`[`WatchedCondition`]`>`.
///
/// ```
/// use primitives::raw::WatchedLock;
///
/// type Mutex<T> = lock_api::Mutex<WatchedLock, T>;
///
/// static HITS: Mutex<u32> = Mutex::new(0);
/// static STOCK: Mutex<Vec<&str>> = Mutex::from_raw(WatchedLock::named("stock"), Vec::new());
///
/// STOCK.lock().push("a lamp");
/// *HITS.lock() += 1;
/// ```
pub struct WatchedLock {
    identity: Identity,
    raw: RawLock,
}

impl WatchedLock {
    /// An unlocked lock, which reports call by the line of this call.
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub const fn new() -> Self {
        Self::named("")
    }

    /// An unlocked lock with a name for reports; for `lock_api::Mutex::from_raw`.
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub const fn named(name: &'static str) -> Self {
        Self { identity: Identity::new(Kind::Lock, name), raw: RawLock::new() }
    }

    /// The guard, if the caller has taken it. (Not by a closure, which would not know the caller.)
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn taken_if(&self, taken: bool) -> Option<GuardNoSend> {
        if !taken {
            return None;
        }
        self.identity.taken();
        Some(GuardNoSend::new())
    }
}

// SAFETY: one thread at a time has the `RawLock`, taken with Acquire and released with Release. The
// detector may panic before it is taken, and not after. A lock that is moved or dropped while
// locked is only a word, and a name that is forgotten.
unsafe impl RawMutex for WatchedLock {
    const INIT: Self = Self { identity: Identity::of_a_constant(Kind::Lock), raw: RawLock::new() };

    type Guard = GuardNoSend;

    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn lock(&self) -> GuardNoSend {
        self.identity.is_used_here();
        self.raw.acquire_as(&self.identity);
        self.identity.taken();
        GuardNoSend::new()
    }

    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn try_lock(&self) -> Option<GuardNoSend> {
        self.identity.is_used_here();
        self.taken_if(self.raw.try_acquire())
    }

    #[inline]
    unsafe fn unlock(&self, _guard: GuardNoSend) {
        self.identity.released();
        self.raw.try_release(); // never `false`: the caller has it
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }
}

// SAFETY: as for `RawMutex`.
unsafe impl RawMutexTimed for WatchedLock {
    type Duration = Duration;
    type Instant = Instant;

    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn try_lock_for(&self, timeout: Duration) -> Option<GuardNoSend> {
        self.identity.is_used_here();
        self.taken_if(self.raw.acquire_timeout(timeout))
    }

    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn try_lock_until(&self, deadline: Instant) -> Option<GuardNoSend> {
        self.identity.is_used_here();
        self.taken_if(self.raw.acquire_deadline(deadline))
    }
}

impl Default for WatchedLock {
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WatchedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedLock").field("locked", &self.raw.is_locked()).finish()
    }
}

/// A [`WatchedLock`] that a guard holds. Not public: a condition must not release what its caller
/// does not hold.
struct Held<'a>(&'a WatchedLock);

impl ConditionLock for Held<'_> {
    type Saved = ();

    #[inline]
    fn release_all(&self) {
        self.0.identity.released();
        self.0.raw.try_release(); // never `false`: there is a guard
    }

    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn restore_all(&self, (): ()) {
        self.0.raw.acquire_for(self.0.identity.waiting_for_owner_again());
        self.0.identity.taken();
    }
}

/// The condition for a mutex made of a [`WatchedLock`]: `lock_api::Condvar<WatchedCondition>`.
///
/// It is a [`Condition`]: a wait may return without a notification, and the notifying calls do not
/// say how many they woke.
#[derive(Debug)]
pub struct WatchedCondition(Condition);

impl WatchedCondition {
    /// A condition without waiters.
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub const fn new() -> Self {
        Self(Condition::new())
    }

    /// A condition with a name for reports; for `lock_api::Condvar::from_raw`.
    #[must_use]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub const fn named(name: &'static str) -> Self {
        Self(Condition::named(name))
    }
}

impl Default for WatchedCondition {
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: `wait_raw` counts itself and notes the sequence before it releases the lock, so that it
// misses no later notification. It takes the lock again on every way out. The guard has no state.
unsafe impl RawCondvar for WatchedCondition {
    const INIT: Self = Self::new();

    type RawMutex = WatchedLock;

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    unsafe fn wait(&self, lock: &WatchedLock, _guard: &mut GuardNoSend) {
        self.0.wait_raw(&Held(lock));
    }

    fn notify_one(&self) -> bool {
        self.0.notify_one();
        false
    }

    fn notify_all(&self) -> usize {
        self.0.notify_all();
        0
    }
}

// SAFETY: as for `RawCondvar`.
unsafe impl RawCondvarTimed for WatchedCondition {
    fn checked_duration_to_instant(timeout: &Duration) -> Option<Instant> {
        Instant::now().checked_add(*timeout)
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    unsafe fn wait_until(
        &self,
        lock: &WatchedLock,
        _guard: &mut GuardNoSend,
        deadline: &Instant,
    ) -> bool {
        self.0.wait_raw_deadline(&Held(lock), *deadline).timed_out()
    }
}
