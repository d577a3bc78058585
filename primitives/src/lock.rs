//! The lock: one thread at a time.
//!
//! One 32-bit word holds the whole state. A thread that finds it `UNLOCKED` makes it `LOCKED` and
//! goes on; that is one compare-exchange, and no other thread takes part. A thread that finds it
//! taken spins for a short time, and then asks the kernel to put it to sleep until the word
//! changes. Before it sleeps it writes `CONTENDED`. That is the only purpose of the third state: a
//! note to the owner that it must call the kernel. Without a sleeper there is no note and no call.
//!
//! ```text
//!                    acquire: compare-exchange
//!             ┌───────────────────────────────────────┐
//!             │                                       ▼
//!        ┌──────────┐          release           ┌──────────┐
//!        │ UNLOCKED │◀───────────────────────────│  LOCKED  │
//!        └──────────┘                            └──────────┘
//!             ▲  │                                    │
//!             │  │ a sleeper woke up: swap            │ a thread is about to sleep: swap
//!             │  ▼                                    ▼
//!             │ ┌──────────────────────────────────────┐
//!             └─│              CONTENDED               │◀──────────┐
//!   release,    └──────────────────────────────────────┘           │
//!   then wake one         │ a sleeper has waited                   │ a sleeper takes it;
//!                         ▼ for too long                           │ no other thread can
//!                  ┌─────────────┐  release, then wake one   ┌──────────┐
//!                  │   STARVED   │──────────────────────────▶│  HANDED  │
//!                  └─────────────┘                           └──────────┘
//! ```
//!
//! A thread that has slept cannot know whether it was the only one, so it takes the lock as
//! `CONTENDED`, not as `LOCKED`. At worst that costs one kernel call that wakes no thread. With
//! `LOCKED`, a second sleeper would be forgotten.
//!
//! For the same reason a timed waiter must go round the loop once more after every wake-up, even
//! when its time is over: the others may depend on that wake-up too. It first swaps in `CONTENDED`,
//! which either takes the lock or leaves the note for the thread that has barged in meanwhile. It
//! may give up only after a wait that timed out, because [`park`] promises that such a wait
//! consumed no wake-up.
//!
//! # A sleeper does not starve
//!
//! A running thread may take the lock while one that was woken is on its way. That is on purpose. A
//! hand-over to a sleeping thread would keep the lock idle for the 30 µs that it takes to wake up.
//! But an owner that takes the lock again at once could go on like that permanently: each time the
//! sleeper is there, the lock is taken. So a sleeper that was woken in vain and has waited for a
//! millisecond (`sync::wait_time`) makes its note `STARVED`. The owner then does not unlock. It
//! makes the word `HANDED`, which only a thread that has slept can take; all others find it locked.
//!
//! `HANDED` would lock the lock permanently if no such thread came. One always does. The thread
//! that wrote `STARVED` is asleep, awake, or its time is up:
//!
//! - If it is asleep, then the owner's wake reaches it or another sleeper.
//! - If it is awake, then it looks at the word before it sleeps.
//! - If its time is up, then it **takes its note along**: it makes `STARVED` `CONTENDED`. If it
//!   finds `HANDED` instead, it has the lock, and must not give up.
//!
//! Source: Ulrich Drepper, [_Futexes Are Tricky_](https://www.akkadia.org/drepper/futex.pdf), the
//! third mutex; the deadline rule and the blind back-off are this crate's.

mod guarded;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

pub use self::guarded::{Lock, LockGuard, MappedLockGuard, OwnedLockGuard};
use crate::deadlock::{Identity, Kind, WaitTarget};
use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::wait_time::WaitTime;
use crate::sync::{const_fn, shortcut, spin};

// ANCHOR: states
/// The lock is free.
const UNLOCKED: u32 = 0;
/// A thread holds the lock, and there is no sleeper to wake.
const LOCKED: u32 = 1;
/// A thread holds the lock, and others may sleep: the owner must wake one when it unlocks.
const CONTENDED: u32 = 2;
// ANCHOR_END: states
// ANCHOR: starved-states
/// As `CONTENDED`, and a sleeper has waited for too long: the owner must hand the lock to a
/// sleeper.
const STARVED: u32 = CONTENDED | HANDED;
/// No thread has the lock, and only one that has slept may take it. Such a thread is on its way.
const HANDED: u32 = 4;
// ANCHOR_END: starved-states

/// A lock that guards no data: Python's `threading.Lock`.
///
/// Use [`Lock`] where you can: it gives the data only to the thread that holds the lock, and it
/// cannot be left locked by an early return. `RawLock` is for uses that do not nest: one function
/// acquires, another releases, perhaps in another thread. Every call is safe. Types cannot check
/// these uses, so the word does: releasing a free lock panics.
///
/// _Python_: [`acquire`](Self::acquire) is `acquire()`, [`try_acquire`](Self::try_acquire) is
/// `acquire(blocking=False)`, [`acquire_timeout`](Self::acquire_timeout) is `acquire(timeout=t)`,
/// [`is_locked`](Self::is_locked) is `locked()`.
///
/// ```
/// use primitives::raw::RawLock;
///
/// let door = RawLock::new();
/// door.acquire();
/// assert!(!door.try_acquire());
/// std::thread::scope(|s| {
///     s.spawn(|| door.release()); // another thread may
/// });
/// assert!(!door.is_locked());
/// ```
// ANCHOR: raw-type
pub struct RawLock {
    /// | value       | a thread has the lock | a thread may sleep  | written by           |
    /// | ----------- | --------------------- | ------------------- | -------------------- |
    /// | `UNLOCKED`  | no                    | no, or one is woken | `try_release`        |
    /// | `LOCKED`    | yes                   | no, or one is woken | `acquire_fast`       |
    /// | `CONTENDED` | yes                   | yes                 | `acquire_slow`       |
    /// | `STARVED`   | yes                   | yes                 | `acquire_slow`       |
    /// | `HANDED`    | no                    | yes; one is woken   | `release_slow`       |
    state: AtomicU32,
}
// ANCHOR_END: raw-type

impl RawLock {
    const_fn! {
        /// An unlocked lock.
        #[must_use]
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(UNLOCKED) }
        }
    }

    /// Takes the lock; blocks until it is free.
    ///
    /// A thread that already holds the lock waits for itself and never returns. Uncontended: one
    /// compare-exchange.
    // ANCHOR: acquire
    // ANCHOR: acquire-call
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire(&self) {
        if !self.acquire_fast() {
            self.acquire_slow(None, WaitTarget::nameless(Kind::RawLock));
        }
    }
    // ANCHOR_END: acquire-call

    /// [`acquire`](Self::acquire), for a lock that contains this one and has an identity.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_as(&self, identity: &Identity) {
        identity.note_order();
        if !self.acquire_fast() {
            self.acquire_slow(None, identity.waiting_for_owner());
        }
    }

    /// [`acquire`](Self::acquire), or `false` if the wait would never end.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_for(&self, target: WaitTarget<'_>) -> bool {
        self.acquire_fast() || self.acquire_slow(None, target)
    }

    // ANCHOR: acquire-fast
    #[inline]
    fn acquire_fast(&self) -> bool {
        // Acquire: pairs with the Release in `try_release`, so that this thread sees all that the
        // last owner did. Relaxed on failure: nothing was taken, so no data may be read.
        self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok()
    }
    // ANCHOR_END: acquire-fast
    // ANCHOR_END: acquire

    /// Takes the lock if it is free; never blocks. Returns whether it did.
    ///
    /// Taken: one load, which does not disturb its owner. Free: also a compare-exchange.
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    #[inline]
    pub fn try_acquire(&self) -> bool {
        // Relaxed: a hint only; the compare-exchange decides.
        self.state.load(Relaxed) == UNLOCKED && self.acquire_fast()
    }

    /// Takes the lock; blocks for at most `timeout`. Returns whether it did.
    ///
    /// Zero tries once; one that overflows `Instant` never expires. Free: a compare-exchange.
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    #[inline]
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        self.acquire_fast()
            || !timeout.is_zero() && self.acquire_until(park::deadline_after(timeout))
    }

    /// Takes the lock; blocks until `deadline` at most, and tries once if that has passed. Returns
    /// whether it did. Uncontended: one compare-exchange.
    #[must_use = "if it is `true`, the lock is held, and must be released"]
    #[inline]
    pub fn acquire_deadline(&self, deadline: Instant) -> bool {
        self.acquire_fast() || self.acquire_until(Some(deadline))
    }

    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_until(&self, deadline: Option<Instant>) -> bool {
        self.acquire_slow(deadline, WaitTarget::nameless(Kind::RawLock))
    }

    // ANCHOR: acquire-slow
    /// Waits for the lock; `false` if the deadline came first. (The `target` is for reports of
    /// deadlocks alone.)
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_slow(&self, deadline: Option<Instant>, target: WaitTarget<'_>) -> bool {
        let mut slept = WaitTime::new();
        let mut state = self.look_for_a_while();
        if state == UNLOCKED && self.acquire_fast() {
            return true; // and no thread needs to be told that we ever waited
        }
        loop {
            match state {
                // The note of another thread is there, and one note is enough.
                STARVED => {}
                // On its way to a thread that has slept. This one has not.
                HANDED if !slept.has_begun() => {}
                LOCKED | CONTENDED if slept.is_too_long() => {
                    // Relaxed: this takes nothing, whatever comes of it.
                    if let Err(now) = self.state.compare_exchange(state, STARVED, Relaxed, Relaxed)
                    {
                        state = now;
                        continue;
                    }
                    state = STARVED;
                }
                CONTENDED => {}
                // Leave the note before sleeping; if the lock turns out to be free, the note has
                // taken it. It says CONTENDED and not LOCKED because there may be other sleepers
                // beside us. Acquire: pairs with the Release in `try_release` and `release_slow`,
                // as in `acquire_fast`.
                _ => match self.state.swap(CONTENDED, Acquire) {
                    UNLOCKED | HANDED => return true,
                    _ => state = CONTENDED,
                },
            }
            slept.begin();
            match park::wait_for(&self.state, state, deadline, target) {
                // No wake-up was used up: no thread depends on this one, so it may go.
                Wait::TimedOut => return self.is_handed_to_one_that_gives_up(),
                // Whatever the clock says, go round: the note may have to be left again.
                Wait::Woken => state = self.look_for_a_while(),
            }
        }
    }

    /// Looks at the word until the lock is free or a thread sleeps, for a limited time.
    fn look_for_a_while(&self) -> u32 {
        let mut state = LOCKED;
        spin::back_off(|| {
            // Relaxed: a hint only; whatever it says, the lock is taken by an Acquire operation.
            state = self.state.load(Relaxed);
            // Once others sleep, spinning would only let this thread overtake them.
            state != LOCKED
        });
        state
    }

    /// Takes the note of a sleeper along whose time is up. Returns whether it has the lock all the
    /// same, because it was handed over just now.
    fn is_handed_to_one_that_gives_up(&self) -> bool {
        // Relaxed: the compare-exchange decides.
        let mut state = self.state.load(Relaxed);
        // A note that says CONTENDED stays. It costs the owner at most one needless call.
        while matches!(state, STARVED | HANDED) {
            // Acquire: pairs with the Release in `release_slow`, as in `acquire_fast`.
            match self.state.compare_exchange(state, CONTENDED, Acquire, Relaxed) {
                Ok(_) => break,
                Err(now) => state = now,
            }
        }
        state == HANDED
    }
    // ANCHOR_END: acquire-slow

    /// Releases the lock, and wakes a thread that sleeps on it. Any thread may call it. Never
    /// blocks.
    ///
    /// Without a sleeper: one compare-exchange.
    ///
    /// # Panics
    ///
    /// If the lock is free. _Python_: `RuntimeError: release unlocked lock`.
    #[inline]
    #[cfg_attr(not(model), track_caller)]
    pub fn release(&self) {
        assert!(
            self.try_release(),
            "released a lock that is not held: call `acquire` before `release`, or use `try_release`",
        );
    }

    /// Releases the lock, and wakes a thread that sleeps on it; `false` if the lock is free.
    ///
    /// Never blocks. Without a sleeper: one compare-exchange.
    // ANCHOR: release
    #[inline]
    pub fn try_release(&self) -> bool {
        // Release: pairs with the Acquire in `acquire_fast` and `acquire_slow`: all that this
        // thread did is seen by the next owner. From here on the lock may be another thread's, and
        // its memory gone.
        shortcut(|| self.state.compare_exchange(LOCKED, UNLOCKED, Release, Relaxed).is_ok())
            || self.release_slow()
    }

    /// Gives the lock back, whatever the word says.
    #[cold]
    fn release_slow(&self) -> bool {
        // Makes LOCKED and CONTENDED UNLOCKED, and STARVED HANDED; the other two stay as they are.
        // Release: as in `try_release`; pairs with the Acquire in `is_handed_to_one_that_gives_up`,
        // too.
        match self.state.fetch_and(HANDED, Release) {
            LOCKED => true,
            CONTENDED | STARVED => {
                Self::wake(&raw const self.state);
                true
            }
            _ => false,
        }
    }

    #[cold]
    fn wake(state: *const AtomicU32) {
        park::wake_one(state);
    }
    // ANCHOR_END: release

    /// Whether some thread has the lock at this moment. The answer may be out of date when you read
    /// it. Good for messages and tests, never for deciding. One load.
    #[inline]
    #[must_use]
    #[doc(alias = "locked")]
    pub fn is_locked(&self) -> bool {
        // Relaxed: the answer says nothing about the data, so no data is read after it.
        self.state.load(Relaxed) != UNLOCKED
    }

    /// [`acquire_for`](Self::acquire_for), until `deadline` at most.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_until_for(
        &self,
        deadline: Option<Instant>,
        target: WaitTarget<'_>,
    ) -> bool {
        self.acquire_fast() || self.acquire_slow(deadline, target)
    }

    /// Whether a thread may sleep on it; a hint.
    fn is_waited_for(&self) -> bool {
        // Relaxed: as in `is_locked`.
        !matches!(self.state.load(Relaxed), UNLOCKED | LOCKED)
    }
}

impl Default for RawLock {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawLock").field("locked", &self.is_locked()).finish()
    }
}
