//! The semaphore: a number of permits, handed out and given back.
//!
//! A lock lets one thread in; a semaphore lets in as many as it has permits. `acquire` takes a
//! permit, and sleeps while there is none; `release` puts one or several back. A thread may release
//! without having acquired: one thread may produce permits and another consume them.
//!
//! One word holds the number of permits and, in its lowest bit, a note: a thread may sleep. It is
//! the word of the [lock](crate::lock) with a number in place of "free" and "taken", and the same
//! rules apply:
//!
//! - A thread that is about to sleep first leaves the note, by compare-exchange, so there was no
//!   permit at that moment.
//! - A thread that releases adds the permits and clears the note in one step, and wakes as many
//!   sleepers. Without a note it does not call the kernel.
//! - A thread that has slept cannot know whether others still sleep, so it puts the note back,
//!   whether it gets a permit or sleeps again.
//!
//! The last rule has a gap that a lock does not have, because a lock never has two permits to give:
//!
//! ```text
//!    A, B asleep        word: no permits, note
//!    C releases         word: 1 permit             takes the note away, wakes A
//!    C releases         word: 2 permits            no note: wakes none
//!    A runs             word: 1 permit, note       takes one, puts the note back
//!                                                  … and B sleeps beside a permit
//! ```
//!
//! Hence one more rule: **a sleeper that gets a permit and leaves others behind wakes the next.** A
//! wakes B. If no thread sleeps after all, that was one needless call.
//!
//! A timed waiter that was woken goes round the loop once more before it gives up, for the same
//! reason as with the lock: the others may depend on that wake-up too.
//!
//! The semaphore is not fair: a running thread may take a permit before the woken thread reaches
//! it.
//!
//! Several permits at once are the matter of `semaphore/many.rs`.
//!
//! Source: the idea is Dijkstra's, in [_Cooperating Sequential
//! Processes_](https://www.cs.utexas.edu/~EWD/ewd01xx/EWD123.PDF); the note is that of Drepper's
//! mutex.

#[cfg(not(explore))]
mod awaited;
mod many;
mod permit;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::time::{Duration, Instant};

pub use self::permit::{OwnedPermit, Permit};
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::deadlock::{self, Report};
use crate::deadlock::{Kind, KnownPermits, SemaphoreIdentity, WaitTarget};
use crate::lock::RawLock;
use crate::park::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{const_fn, spin};

/// The note, in the lowest bit: there may be a sleeper that no thread is waking yet.
const SLEEPERS: u32 = 1;
/// One permit, in the bits above it.
const PERMIT: u32 = 2;
/// No permit, and no sleeper.
const EMPTY: u32 = 0;

/// A number of permits, and threads that wait for one.
///
/// Use it where up to `n` threads may do something at once, or to count items that one thread
/// produces and another consumes. A [`Permit`] goes back when it is dropped, or is
/// [forgotten](Permit::forget) if it is consumed; [`release`](Self::release) adds new permits.
/// Where the number of permits must never grow, [`BoundedSemaphore`](crate::BoundedSemaphore)
/// notices one release too many.
///
/// _Python_: `threading.Semaphore`. `with semaphore:` is a [`Permit`] and its scope. A plain
/// `acquire()` with its `release()` elsewhere is `semaphore.acquire().forget()` and
/// `semaphore.release(1)`.
///
/// ```
/// use primitives::Semaphore;
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// let seats = Semaphore::new(2);
/// let seated = AtomicUsize::new(0);
/// std::thread::scope(|s| {
///     for _ in 0..5 {
///         s.spawn(|| {
///             let _seat = seats.acquire(); // waits until there is one
///             assert!(seated.fetch_add(1, Relaxed) < 2);
///             seated.fetch_sub(1, Relaxed);
///         }); // and here it is free again
///     }
/// });
/// assert_eq!(seats.available(), 2);
/// ```
// ANCHOR: type
pub struct Semaphore {
    pub(crate) identity: SemaphoreIdentity,
    /// What the [detector](crate::deadlock) may believe of the permits; without it nothing.
    pub(crate) known: KnownPermits,
    /// `permits * PERMIT | note`
    ///
    /// | permits | `SLEEPERS` | a thread sleeps                   | written by                        |
    /// | ------- | ---------- | --------------------------------- | --------------------------------- |
    /// | any     | no         | no, or another is being woken     | `take`, `add`                     |
    /// | 0       | yes        | maybe                             | `acquire_slow`, before it sleeps  |
    /// | any     | yes        | maybe                             | `acquire_slow`, after it has slept|
    ///
    /// Threads fall asleep on the second row only: no permit, and the note.
    word: AtomicU32,
    /// Which of the threads that wait for several permits collects them: see `semaphore/many.rs`.
    turn: RawLock,
}
// ANCHOR_END: type

impl Semaphore {
    /// The most permits that a semaphore can have: 2,147,483,647.
    pub const MAX_PERMITS: usize = (u32::MAX / PERMIT) as usize;

    const_fn! {
        /// A semaphore with `permits` permits; zero is allowed.
        ///
        /// _Python_: `Semaphore(value)`, which has no maximum.
        ///
        /// # Panics
        ///
        /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
        #[must_use]
        pub const fn new(permits: usize) -> Self {
            Self::named("", permits)
        }
    }

    const_fn! {
        /// As [`new`](Self::new), with a name for [reports of deadlocks](crate::deadlock). Without
        /// the feature `deadlock-detection`, the name is not kept.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new).
        #[must_use]
        pub const fn named(name: &'static str, permits: usize) -> Self {
            assert!(
                permits <= Self::MAX_PERMITS,
                "too many permits for a semaphore: at most 2147483647 (`Semaphore::MAX_PERMITS`) are allowed",
            );
            Self {
                identity: SemaphoreIdentity::new(name),
                known: KnownPermits::new(permits),
                word: AtomicU32::new(permits as u32 * PERMIT),
                turn: RawLock::new(),
            }
        }
    }

    /// Says that a permit always goes back in the thread that took it, and that no thread adds one
    /// by [`release`](Self::release): so the [detector](crate::deadlock) knows which threads hold
    /// the permits, and can conclude that none of them will release one. Without this it must
    /// assume that any thread could. If it happens all the same, the detector notices and forgets
    /// the promise. Costs nothing without the feature `deadlock-detection`.
    ///
    /// ```
    /// use primitives::Semaphore;
    ///
    /// static SEATS: Semaphore = Semaphore::named("seats", 2).thread_bound();
    /// let _seat = SEATS.acquire();
    /// ```
    #[cfg(not(model))]
    #[must_use]
    pub const fn thread_bound(mut self) -> Self {
        self.known.bind();
        self
    }

    /// Takes a permit; blocks until there is one.
    ///
    /// Uncontended: one load and one compare-exchange. Otherwise it spins for about 7 µs at most
    /// before it sleeps.
    ///
    /// _Python_: `acquire()`.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire(&self) -> Permit<'_> {
        self.acquire_raw();
        Permit::new(self, Self::MAX_PERMITS)
    }

    /// Takes a permit; blocks until there is one, unless there would never be one.
    ///
    /// # Errors
    ///
    /// A [`Report`], if the wait could never end; then nothing was taken. For a semaphore that is
    /// not [`thread_bound`](Self::thread_bound), that is known only when all threads sleep.
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn acquire_checked(&self) -> Result<Permit<'_>, Box<Report>> {
        self.acquire_raw_checked()?;
        Ok(Permit::new(self, Self::MAX_PERMITS))
    }

    /// Takes a permit if there is one; never blocks. `None` if there is none.
    ///
    /// One load if there is none; a compare-exchange more if there is one.
    ///
    /// _Python_: `acquire(blocking=False)`.
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        if self.take() { Some(Permit::new(self, Self::MAX_PERMITS)) } else { None }
    }

    /// Takes a permit; blocks for at most `timeout`, then `None`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Costs what
    /// [`acquire`](Self::acquire) costs; the clock is not read.
    ///
    /// _Python_: `acquire(timeout=t)`.
    ///
    /// ```
    /// use primitives::Semaphore;
    /// use std::time::Duration;
    ///
    /// let jobs = Semaphore::new(0);
    /// assert!(jobs.acquire_timeout(Duration::from_millis(1)).is_none());
    /// jobs.release(1); // one to do …
    /// let job = jobs.acquire_timeout(Duration::ZERO).expect("there is one");
    /// job.forget(); // … and done: it does not come back
    /// assert_eq!(jobs.available(), 0);
    /// ```
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        let taken = self.acquire_raw_timeout(timeout);
        if taken { Some(Permit::new(self, Self::MAX_PERMITS)) } else { None }
    }

    /// Takes a permit; blocks until `deadline` at most, then `None`.
    ///
    /// With a deadline that has passed it tries once. Costs what [`acquire`](Self::acquire) costs.
    #[inline]
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_deadline(&self, deadline: Instant) -> Option<Permit<'_>> {
        let taken = self.acquire_raw_deadline(deadline);
        if taken { Some(Permit::new(self, Self::MAX_PERMITS)) } else { None }
    }

    /// Adds `n` permits, and wakes up to `n` waiters. Never blocks.
    ///
    /// Any thread may call it, whether or not it acquired a permit. Without a sleeper: one load and
    /// one compare-exchange.
    ///
    /// _Python_: `release(n)`.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS) permits, or if `n` is zero
    /// (_Python_: `ValueError: n must be one or more`). Nothing changes in either case.
    #[inline]
    #[cfg_attr(not(model), track_caller)]
    pub fn release(&self, n: usize) {
        self.identity.permits_wander(&self.known);
        assert!(n > 0, "released 0 permits: `n` must be one or more");
        if let Err(available) = self.add(n, Self::MAX_PERMITS) {
            panic!(
                "released {n} permits where {available} are available: \
                 a semaphore has at most {} (`Semaphore::MAX_PERMITS`)",
                Self::MAX_PERMITS,
            );
        }
    }

    /// How many permits there are at this moment. The answer may be out of date when you read it.
    /// Good for messages and tests, never for deciding. One load.
    #[inline]
    #[must_use]
    pub fn available(&self) -> usize {
        // Relaxed: the number says nothing about data, so no data is read after it.
        (self.word.load(Relaxed) / PERMIT) as usize
    }
}

/// The algorithm, without [`Permit`] values.
impl Semaphore {
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_raw(&self) {
        if !self.take() {
            self.acquire_slow(None, self.identity.waiting_for_permit(&self.known));
        }
    }

    /// [`acquire_raw`](Self::acquire_raw), except for a wait that would never end.
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub(crate) fn acquire_raw_checked(&self) -> Result<(), Box<Report>> {
        let target = self.identity.waiting_for_permit_checked(&self.known);
        if self.take() || self.acquire_slow(None, target) {
            Ok(())
        } else {
            Err(deadlock::refused())
        }
    }

    #[inline]
    pub(crate) fn acquire_raw_timeout(&self, timeout: Duration) -> bool {
        self.take() || !timeout.is_zero() && self.acquire_until(park::deadline_after(timeout))
    }

    #[inline]
    pub(crate) fn acquire_raw_deadline(&self, deadline: Instant) -> bool {
        self.take() || self.acquire_until(Some(deadline))
    }

    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_until(&self, deadline: Option<Instant>) -> bool {
        self.acquire_slow(deadline, WaitTarget::nameless(Kind::Semaphore))
    }

    // ANCHOR: take
    /// Takes a permit if there is one.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        // Relaxed: a first guess; the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        while word >= PERMIT {
            // Acquire: pairs with the Release in `add`, so that this thread sees all that was done
            // before the permit was put back. Relaxed on failure: nothing was taken.
            match self.word.compare_exchange_weak(word, word - PERMIT, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }
    // ANCHOR_END: take

    // ANCHOR: acquire-slow
    /// Waits for a permit; `false` if the deadline came first. (`target` is for deadlock reports.)
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn acquire_slow(&self, deadline: Option<Instant>, target: WaitTarget<'_>) -> bool {
        // What to leave beside the permits: the note, once this thread may have been woken in place
        // of others.
        let mut note = 0;
        let mut word = self.look_for_a_while();
        loop {
            if word >= PERMIT {
                let left = (word - PERMIT) | note;
                // Acquire: pairs with the Release in `add`, as in `take`.
                match self.word.compare_exchange_weak(word, left, Acquire, Relaxed) {
                    Ok(_) => {
                        if note != 0 && left >= PERMIT {
                            // The releases that added these saw no note, because this thread was
                            // already awake.
                            Self::wake(&raw const self.word, 1);
                        }
                        return true;
                    }
                    Err(now) => word = now,
                }
                continue;
            }
            if word == EMPTY {
                // Relaxed, both: the note carries no data, and `add` finds it in the same word.
                if let Err(now) = self.word.compare_exchange_weak(EMPTY, SLEEPERS, Relaxed, Relaxed)
                {
                    word = now;
                    continue;
                }
            }
            match park::wait_for(&self.word, SLEEPERS, deadline, target) {
                // No wake-up was consumed: no thread depends on this one, so it may give up. The
                // note stays, which costs the next `release` at most one needless call.
                Wait::TimedOut => return false,
                // Whatever the clock says, go round: the note may have to be left again.
                Wait::Woken => note = SLEEPERS,
            }
            word = self.look_for_a_while();
        }
    }

    /// Looks at the word until there is a permit or a thread sleeps, for a limited time.
    fn look_for_a_while(&self) -> u32 {
        let mut word = EMPTY;
        spin::back_off(|| {
            // Relaxed: a hint only; whatever it says, a permit is taken by an Acquire operation.
            word = self.word.load(Relaxed);
            // Once others sleep, spinning would only let this thread overtake them.
            word != EMPTY
        });
        word
    }
    // ANCHOR_END: acquire-slow

    // ANCHOR: add
    /// Puts `n` permits back. If there would be more than `limit`, nothing changes, and the error
    /// says how many there are.
    #[inline]
    pub(crate) fn add(&self, n: usize, limit: usize) -> Result<(), usize> {
        // Relaxed: a first guess; the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        loop {
            let available = (word / PERMIT) as usize;
            if limit - available < n {
                return Err(available);
            }
            let more = (word & !SLEEPERS) + n as u32 * PERMIT;
            // Release: pairs with the Acquire in `take` and `acquire_slow`: all that this thread
            // did is seen by each thread that takes one of these permits. Relaxed on failure:
            // nothing was given.
            match self.word.compare_exchange_weak(word, more, Release, Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        // From here on the permit may be another thread's, and the semaphore's memory gone.
        if word & SLEEPERS != 0 {
            Self::wake(&raw const self.word, n);
        }
        Ok(())
    }

    #[cold]
    fn wake(word: *const AtomicU32, n: usize) {
        for _ in 0..n {
            if !park::wake_one(word) {
                return; // no waiter is left
            }
        }
    }
    // ANCHOR_END: add
}

/// One permit, as in Python.
impl Default for Semaphore {
    #[cfg_attr(model, track_caller)]
    fn default() -> Self {
        Self::new(1)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("available", &self.available()).finish()
    }
}
