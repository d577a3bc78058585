//! The reentrant lock: one thread at a time, and that thread as often as it likes.
//!
//! A thread that takes a plain lock twice waits for itself without end. That happens easily: a
//! public method locks, and calls another public method of the same object, which locks too. A
//! reentrant lock knows its owner. The owner takes it again at once, and the lock counts; it is
//! free when it has been released as often as it was taken.
//!
//! It is a [`RawLock`] with two fields, the owner's number and a count:
//!
//! ```text
//!     acquire                                 release
//!     owner == me?                            owner == me?  ── no ──▶ an error
//!      │      │ yes                            │ yes
//!      │ no   └──▶ nested += 1                nested == 0?  ── no ──▶ nested -= 1
//!      ▼                                       │ yes
//!     lock.acquire()                           ▼
//!     owner = me                              owner = NOBODY
//!                                             lock.release()
//! ```
//!
//! The nested case (left of the first question, right of the second) has no compare-exchange and no
//! swap, only a few plain loads and one store.
//!
//! A thread reads `owner` _without_ the lock, so the value may be out of date. That does no harm,
//! because the only question is "is it me?". Only this thread ever writes this thread's number, and
//! a thread sees its own writes in order. If it reads its own number, then that was its last write,
//! and it holds the lock. If its last write was `NOBODY`, then it may read that, or what others
//! wrote since, but never again the number that it wrote before.
//!
//! Only the owner reads and writes `nested`, so the lock itself protects it. (It is still an
//! atomic, because `Debug` shows it in other threads.)
//!
//! A thread that ends with the lock held leaves it locked. Its number is never reused
//! ([`thread::id`]), so no new thread passes for the owner.
//!
//! Source: the shape (a lock, an owner, a count) is that of CPython's `threading._RLock`; the owner
//! as a number that is never reused, and not an address, is that of std's `ReentrantLock`.

mod guarded;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

pub use self::guarded::{RLock, RLockGuard};
use crate::condition::ConditionLock;
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::deadlock::{self, Report};
use crate::deadlock::{Identity, Kind};
use crate::lock::RawLock;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use crate::sync::{const_fn, thread};

/// Stands for the owner's number while the lock is free.
const NOBODY: u64 = 0;

/// The largest value of `nested`, so that the count, with the outermost time, fits a `u32`.
const MAX_NESTED: u32 = u32::MAX - 1;

/// A reentrant lock that guards no data: Python's `threading.RLock`.
///
/// Use [`RLock`] where you can: it gives the data only to the thread that holds the lock, and it
/// cannot be left locked by an early return. `RawRLock` is for uses that do not nest in the source:
/// one call acquires, another releases. Every call is safe. Only the owner may release the lock,
/// and must do so as often as it acquired it.
///
/// _Python_: [`acquire`](Self::acquire) is `acquire()`, [`try_acquire`](Self::try_acquire) is
/// `acquire(blocking=False)`, [`acquire_timeout`](Self::acquire_timeout) is `acquire(timeout=t)`;
/// [`is_owned`](Self::is_owned) and [`recursion_count`](Self::recursion_count) are private there.
///
/// ```
/// use primitives::raw::RawRLock;
///
/// let door = RawRLock::new();
/// door.acquire();
/// door.acquire(); // the same thread may
/// assert_eq!(door.recursion_count(), 2);
/// std::thread::scope(|s| {
///     s.spawn(|| assert!(!door.try_acquire())); // another may not
/// });
/// door.release();
/// door.release();
/// assert!(!door.is_locked());
/// ```
// ANCHOR: raw-type
pub struct RawRLock {
    /// Held as long as a thread holds this lock, however often.
    lock: RawLock,
    identity: Identity,
    /// | the owner            | `lock`   | `owner`                             | `nested`          |
    /// | -------------------- | -------- | ----------------------------------- | ----------------- |
    /// | no thread            | unlocked | `NOBODY`                            | 0                 |
    /// | on the way in or out | locked   | `NOBODY`                            | 0                 |
    /// | a thread             | locked   | its number ([`thread::id`])         | times held less 1 |
    owner: AtomicU64,
    /// How often the owner holds the lock beyond the first time.
    nested: AtomicU32,
}
// ANCHOR_END: raw-type

impl RawRLock {
    const_fn! {
        /// An unlocked lock.
        ///
        /// _Python_: `RLock()`.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                lock: RawLock::new(),
                identity: Identity::new(Kind::RLock, ""),
                owner: AtomicU64::new(NOBODY),
                nested: AtomicU32::new(0),
            }
        }
    }

    const_fn! {
        /// An unlocked lock with a name for [reports of deadlocks](crate::deadlock). Without the
        /// feature `deadlock-detection`, the name is not kept.
        #[must_use]
        pub const fn named(name: &'static str) -> Self {
            Self {
                lock: RawLock::new(),
                identity: Identity::new(Kind::RLock, name),
                owner: AtomicU64::new(NOBODY),
                nested: AtomicU32::new(0),
            }
        }
    }

    /// Takes the lock, once more if this thread already holds it; blocks while another thread holds
    /// it.
    ///
    /// Uncontended: one compare-exchange. Nested: no atomic read-modify-write.
    ///
    /// # Panics
    ///
    /// If this thread already holds it 4,294,967,295 times.
    // ANCHOR: acquire
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire(&self) {
        let me = thread::id();
        if self.is_owner(me) {
            self.nest();
        } else {
            self.lock.acquire_as(&self.identity);
            self.set_owner(me);
            self.identity.taken();
        }
    }
    // ANCHOR_END: acquire

    /// [`acquire`](Self::acquire). In a deadlock it returns an error instead.
    ///
    /// # Errors
    ///
    /// A [`Report`], if the wait could never end; then nothing was taken.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn acquire_checked(&self) -> Result<(), Box<Report>> {
        if self.is_owned() {
            self.nest();
            return Ok(());
        }
        let target = self.identity.waiting_for_owner_checked();
        let taken = self.acquire_once_by(|lock| lock.acquire_for(target));
        if taken { Ok(()) } else { Err(deadlock::refused()) }
    }

    /// Takes the lock, once more if this thread already holds it, unless another thread holds it;
    /// never blocks. Returns whether it did.
    ///
    /// Held by another: one load; otherwise it costs what [`acquire`](Self::acquire) costs.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_acquire(&self) -> bool {
        self.acquire_by(RawLock::try_acquire)
    }

    /// Takes the lock, once more if this thread already holds it; blocks for at most `timeout`.
    /// Returns whether it did.
    ///
    /// Zero tries once; one that overflows `Instant` never expires. Costs what
    /// [`acquire`](Self::acquire) costs.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        self.acquire_by(|lock| lock.acquire_timeout(timeout))
    }

    /// Takes the lock, once more if this thread already holds it; blocks until `deadline` at most,
    /// and tries once if that has passed. Returns whether it did. Costs what `acquire` costs.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_deadline(&self, deadline: Instant) -> bool {
        self.acquire_by(|lock| lock.acquire_deadline(deadline))
    }

    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_by(&self, take: impl FnOnce(&RawLock) -> bool) -> bool {
        if self.is_owned() {
            self.nest();
            return true;
        }
        self.acquire_once_by(take)
    }

    /// Takes the lock as a plain lock does: its owner cannot take it a second time.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_once_by(&self, take: impl FnOnce(&RawLock) -> bool) -> bool {
        let taken = take(&self.lock);
        if taken {
            self.set_owner(thread::id());
            self.identity.taken();
        }
        taken
    }

    // ANCHOR: owner
    #[inline]
    fn is_owner(&self, me: u64) -> bool {
        // Relaxed: pairs with nothing, because only this thread's own writes matter here (see
        // above).
        self.owner.load(Relaxed) == me
    }

    #[inline]
    fn set_owner(&self, owner: u64) {
        // Relaxed: see `is_owner`. The next owner writes here after it has taken the lock, whose
        // Release and Acquire order the two writes.
        self.owner.store(owner, Relaxed);
    }

    /// Once more, by the owner.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn nest(&self) {
        // Relaxed, both: only the owner gets here, and the lock orders one owner after the other.
        let nested = self.nested.load(Relaxed);
        assert!(
            nested < MAX_NESTED,
            "took an rlock {} times without releasing it: the count has no room for more",
            u32::MAX,
        );
        self.nested.store(nested + 1, Relaxed); // Relaxed: as above
        self.identity.taken_again();
    }
    // ANCHOR_END: owner

    /// Releases the lock once. The last release frees it and wakes a thread that sleeps on it.
    /// Never blocks.
    ///
    /// Without a sleeper: one swap. Nested: no atomic read-modify-write.
    ///
    /// # Panics
    ///
    /// If this thread does not hold it. _Python_: `RuntimeError: cannot release un-acquired lock`.
    #[inline]
    #[cfg_attr(not(model), track_caller)]
    pub fn release(&self) {
        assert!(
            self.try_release(),
            "released an rlock that this thread does not hold: only the thread that called `acquire` may, \
             and as often as it called; or use `try_release`",
        );
    }

    /// Releases the lock once; `false` if this thread does not hold it.
    ///
    /// Never blocks. Costs what [`release`](Self::release) costs.
    #[inline]
    pub fn try_release(&self) -> bool {
        let owned = self.is_owned();
        if owned {
            self.release_owned();
        }
        owned
    }

    // ANCHOR: release
    /// Releases the lock once. Only for its owner.
    #[inline]
    fn release_owned(&self) {
        // Relaxed, both: as in `nest`.
        let nested = self.nested.load(Relaxed);
        if nested > 0 {
            self.nested.store(nested - 1, Relaxed);
        } else {
            // First the owner's number, then the lock: in the other order it could erase the next
            // owner's number.
            self.set_owner(NOBODY);
            self.identity.released();
            self.lock.try_release(); // never `false`: this thread has it
        }
    }
    // ANCHOR_END: release

    /// Whether some thread has the lock at this moment. The answer may be out of date when you read
    /// it, unless it is the calling thread. Good for messages and tests, never for deciding. One
    /// load.
    #[inline]
    #[must_use]
    #[doc(alias = "locked")]
    pub fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    /// Whether the calling thread has the lock. One load.
    ///
    /// _Python_: `_is_owned()`.
    #[inline]
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.is_owner(thread::id())
    }

    /// How often the calling thread has the lock: 0 if another has it or it is free. Two loads.
    ///
    /// _Python_: `_recursion_count()`.
    #[inline]
    #[must_use]
    pub fn recursion_count(&self) -> usize {
        // Relaxed: as in `nest`.
        if self.is_owned() { self.nested.load(Relaxed) as usize + 1 } else { 0 }
    }
}

/// A wait releases the lock however often it is held, so that another thread can notify, and takes
/// it as often again.
impl ConditionLock for RawRLock {
    /// How often beyond the first time.
    type Saved = u32;

    #[cfg_attr(not(model), track_caller)]
    fn release_all(&self) -> u32 {
        assert!(
            self.is_owned(),
            "waited on a condition with an rlock that this thread does not hold: call `acquire` first",
        );
        // Relaxed, both: as in `nest`.
        let nested = self.nested.load(Relaxed);
        self.nested.store(0, Relaxed);
        self.release_owned();
        nested
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn restore_all(&self, nested: u32) {
        // Not `acquire`: a thread that takes its lock back after a condition reports a deadlock,
        // and does not panic.
        self.lock.acquire_for(self.identity.waiting_for_owner_again());
        self.set_owner(thread::id());
        self.identity.taken();
        // Relaxed: as in `nest`.
        self.nested.store(nested, Relaxed);
    }
}

impl Default for RawRLock {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawRLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rlock = f.debug_struct("RawRLock");
        let locked = self.is_locked();
        rlock.field("locked", &locked);
        if locked {
            // Relaxed: for display only.
            rlock.field("count", &(u64::from(self.nested.load(Relaxed)) + 1));
        }
        rlock.finish()
    }
}
