//! Several permits at once.
//!
//! Two threads that each need two of two permits must not take them one by one: each could get one,
//! and wait for the other's without end. And a thread that waits until two are free at the same
//! moment may wait without end too, because others take each single one before it.
//!
//! So a thread that must wait for several **collects**: it takes what there is, and keeps it while
//! it waits for the rest. Only one thread collects at a time, the one that has the `turn`; so no
//! two threads hold a part each. The others sleep at the turn, which is a [lock](crate::lock), and
//! come in the order in which that hands itself over.
//!
//! ```text
//!                 enough, and no thread collects: one compare-exchange
//!    acquire_many ───────────────────────────────────────────────────▶ n permits
//!        │                                                                ▲
//!        └──▶ turn.acquire ──▶ take what there is ──▶ enough? ── yes ─────┘
//!                                    ▲                  │ no             turn.release
//!                                    └── sleep for one ◀┘
//! ```
//!
//! A collector that gives up puts back what it has collected.

use std::time::{Duration, Instant};

use super::{PERMIT, Permit, Semaphore};
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::deadlock::{self, Report};
use crate::deadlock::{Kind, WaitTarget};
use crate::park;
use crate::sync::atomic::Ordering::{Acquire, Relaxed};

impl Semaphore {
    /// Takes `n` permits together; blocks until it has them. One [`Permit`] stands for all of them.
    ///
    /// First come, first served among the threads that ask for several: while one of them waits,
    /// the next waits behind it, even if it asks for less. Two threads never hold a part each and
    /// wait for the rest. A thread that waits keeps the permits that it has got so far, so that
    /// [`acquire`](Self::acquire) in other threads cannot starve it.
    ///
    /// Zero permits are there at once, whatever others wait for. There may be fewer than `n`
    /// permits at first: the call waits until [`release`](Self::release) has added the rest.
    /// Uncontended: two loads and one compare-exchange.
    ///
    /// _Python_: has no such call.
    ///
    /// # Panics
    ///
    /// If `n` is more than [`MAX_PERMITS`](Self::MAX_PERMITS): the wait would never end.
    ///
    /// ```
    /// use primitives::Semaphore;
    ///
    /// let memory = Semaphore::new(8); // gigabytes
    /// let large = memory.acquire_many(6);
    /// assert_eq!(large.permits(), 6);
    /// assert!(memory.try_acquire_many(3).is_none(), "all or nothing");
    /// drop(large);
    /// assert_eq!(memory.available(), 8);
    /// ```
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many(&self, n: usize) -> Permit<'_> {
        let n = self.checked_number(n, Self::MAX_PERMITS);
        self.acquire_many_raw(n, Self::MAX_PERMITS);
        Permit::of_many(self, n, Self::MAX_PERMITS)
    }

    /// [`acquire_many`](Self::acquire_many), unless the permits would never be there.
    ///
    /// # Errors
    ///
    /// A [`Report`], as with [`acquire_checked`](Self::acquire_checked); then nothing was taken.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub fn acquire_many_checked(&self, n: usize) -> Result<Permit<'_>, Box<Report>> {
        let n = self.checked_number(n, Self::MAX_PERMITS);
        self.acquire_many_raw_checked(n, Self::MAX_PERMITS)?;
        Ok(Permit::of_many(self, n, Self::MAX_PERMITS))
    }

    /// Takes `n` permits if there are so many and no thread waits for several; never blocks. `None`
    /// if not, and always if `n` is more than [`MAX_PERMITS`](Self::MAX_PERMITS). Zero permits are
    /// always there.
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_acquire_many(&self, n: usize) -> Option<Permit<'_>> {
        let n = u32::try_from(n).ok().filter(|n| *n as usize <= Self::MAX_PERMITS)?;
        self.take_many(n).then(|| Permit::of_many(self, n, Self::MAX_PERMITS))
    }

    /// [`acquire_many`](Self::acquire_many) for at most `timeout`, then `None`, and nothing was
    /// taken.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many_timeout(&self, n: usize, timeout: Duration) -> Option<Permit<'_>> {
        let n = self.checked_number(n, Self::MAX_PERMITS);
        let taken = self.acquire_many_raw_timeout(n, Self::MAX_PERMITS, timeout);
        taken.then(|| Permit::of_many(self, n, Self::MAX_PERMITS))
    }

    /// [`acquire_many_timeout`](Self::acquire_many_timeout), until `deadline` at most. With a
    /// deadline that has passed it tries once.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    #[doc(alias = "acquire")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn acquire_many_deadline(&self, n: usize, deadline: Instant) -> Option<Permit<'_>> {
        let n = self.checked_number(n, Self::MAX_PERMITS);
        let taken = self.acquire_many_raw_deadline(n, Self::MAX_PERMITS, deadline);
        taken.then(|| Permit::of_many(self, n, Self::MAX_PERMITS))
    }
}

/// The algorithm, without [`Permit`] values. When a call succeeds, the permits are noted as this
/// thread's.
impl Semaphore {
    /// `n`, unless a wait for so many could never end.
    #[cfg_attr(not(model), track_caller)]
    pub(crate) fn checked_number(&self, n: usize, limit: usize) -> u32 {
        assert!(
            n <= limit,
            "asked for {n} permits of a semaphore that never has more than {limit}: the wait would never end",
        );
        n as u32
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_many_raw(&self, n: u32, limit: usize) {
        if !self.take_many(n) {
            self.collect(n, limit, None, self.identity.waiting_for_permit(&self.known));
        }
    }

    #[cfg(all(feature = "deadlock-detection", not(model)))]
    #[track_caller]
    pub(crate) fn acquire_many_raw_checked(&self, n: u32, limit: usize) -> Result<(), Box<Report>> {
        let target = self.identity.waiting_for_permit_checked(&self.known);
        if self.take_many(n) || self.collect(n, limit, None, target) {
            Ok(())
        } else {
            Err(deadlock::refused())
        }
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_many_raw_timeout(&self, n: u32, limit: usize, timeout: Duration) -> bool {
        self.take_many(n)
            || !timeout.is_zero() && self.collect_until(n, limit, park::deadline_after(timeout))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn acquire_many_raw_deadline(
        &self,
        n: u32,
        limit: usize,
        deadline: Instant,
    ) -> bool {
        self.take_many(n) || self.collect_until(n, limit, Some(deadline))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn collect_until(&self, n: u32, limit: usize, deadline: Option<Instant>) -> bool {
        self.collect(n, limit, deadline, WaitTarget::nameless(Kind::Semaphore))
    }

    /// Takes `n` permits if there are so many, and no thread collects.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn take_many(&self, n: u32) -> bool {
        let taken = n == 0 || !self.turn.is_locked() && self.take_some(n, n) == n;
        if taken {
            self.identity.taken_many(n, &self.known);
        }
        taken
    }

    /// Takes up to `most` permits in one step, if there are at least `least`. Returns how many.
    fn take_some(&self, least: u32, most: u32) -> u32 {
        // Relaxed: a first guess; the compare-exchange decides.
        let mut word = self.word.load(Relaxed);
        while word >= least * PERMIT {
            let some = most.min(word / PERMIT);
            // Acquire: pairs with the Release in `add`, as in `take`. Relaxed on failure: nothing
            // was taken.
            match self.word.compare_exchange_weak(word, word - some * PERMIT, Acquire, Relaxed) {
                Ok(_) => return some,
                Err(now) => word = now,
            }
        }
        0
    }

    // ANCHOR: collect
    /// Waits for its turn, and then collects `n` permits; `false` if the deadline came first, and
    /// then it has none.
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn collect(
        &self,
        n: u32,
        limit: usize,
        deadline: Option<Instant>,
        target: WaitTarget<'_>,
    ) -> bool {
        if !self.turn.acquire_until_for(deadline, target) {
            return false;
        }
        let mut collected = 0;
        while collected < n {
            let mut more = self.take_some(1, n - collected);
            if more == 0 {
                if !self.acquire_slow(deadline, target) {
                    break;
                }
                more = 1;
            }
            self.identity.taken_many(more, &self.known);
            collected += more;
        }
        if collected < n {
            self.give_up(collected, limit);
        }
        self.turn.try_release(); // never `false`: this thread has it
        collected == n
    }

    /// Puts back what this thread has collected.
    fn give_up(&self, collected: u32, limit: usize) {
        if collected > 0 && !self.put_back(collected, limit) {
            // A thread has released permits that it never had, and there is not room for all.
            for _ in 0..collected {
                let _ = self.add(1, limit);
            }
        }
    }
    // ANCHOR_END: collect

    /// Puts back what this thread has taken. Returns whether there was room for it.
    #[inline]
    pub(super) fn put_back(&self, n: u32, limit: usize) -> bool {
        self.identity.released_many(n, &self.known);
        self.add(n as usize, limit).is_ok()
    }
}
