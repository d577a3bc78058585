//! The wait at a barrier: go in, wait for the others, leave.

use std::mem;
use std::time::{Duration, Instant};

use super::{
    BROKEN, Barrier, BarrierWaitResult, BrokenBarrierError, FILLING, INSIDE, SLEEPERS, STATE, left,
    round, tripped,
};
use crate::deadlock::WaitTarget;
use crate::park::{self, Wait};
use crate::sync::atomic::Ordering::{Acquire, Relaxed};
use crate::sync::cell::UnsafeCell;
use crate::sync::{model_failed, spin};

impl<A: FnMut()> Barrier<A> {
    /// Waits until all parties have arrived. Returns this thread's place in the order of arrival.
    /// With a default timeout it behaves as [`wait_timeout`](Self::wait_timeout).
    ///
    /// Blocks. Spins for about a microsecond (not with more parties than cores) and yields a few
    /// times before it sleeps. Arriving costs one load and one compare-exchange; for the last
    /// thread, if others sleep, a call to the kernel.
    ///
    /// # Errors
    ///
    /// If the barrier is broken, or if it breaks or is reset while this thread waits.
    ///
    /// # Panics
    ///
    /// With the action's panic, in the thread that ran it.
    ///
    /// _Python_: `wait()`. There a thread that comes again waits until the slow threads of the last
    /// round have left; here it enters the next round.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait(&self) -> Result<BarrierWaitResult, BrokenBarrierError> {
        self.wait_for(self.timeout)
    }

    /// [`wait`](Self::wait), for at most `timeout`, whatever the default is; breaks the barrier if
    /// that time passes.
    ///
    /// The time runs from the arrival of this thread until all have arrived: an action that takes
    /// longer breaks nothing. Zero breaks the barrier at once unless this thread is the last;
    /// [`Duration::MAX`] never expires.
    ///
    /// # Errors
    ///
    /// If the time is up, and as [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// _Python_: `wait(timeout)`; `None` there is the default timeout, not no timeout.
    ///
    /// ```
    /// use primitives::Barrier;
    /// use std::time::Duration;
    ///
    /// let barrier = Barrier::new(2);
    /// assert!(barrier.wait_timeout(Duration::from_millis(1)).is_err()); // no other thread came …
    /// assert!(barrier.is_broken()); // … and a thread that comes now is told at once
    /// barrier.reset();
    /// ```
    #[doc(alias = "wait")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<BarrierWaitResult, BrokenBarrierError> {
        self.wait_for(Some(timeout))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait_for(&self, timeout: Option<Duration>) -> Result<BarrierWaitResult, BrokenBarrierError> {
        let target = self.identity.waiting_for_anyone();
        let found = self.arrive(target)?;
        let index = (found & INSIDE) as usize;
        let is_leader = index + 1 == self.parties();
        match &self.action {
            _ if !is_leader => self.wait_inside(found, timeout, target)?,
            Some(action) => self.act(action)?,
            None => {} // tripped by the arrival itself
        }
        Ok(BarrierWaitResult::new(index, is_leader))
    }

    // ANCHOR: arrive
    /// Goes in, and returns the word as it was before. If there is no action, the last thread trips
    /// the barrier in the same step.
    #[inline]
    fn arrive(&self, target: WaitTarget<'_>) -> Result<u64, BrokenBarrierError> {
        loop {
            // Relaxed: a first guess; `update` decides.
            let found = self.update(self.word.load(Relaxed), |word| {
                if !self.is_open(word) {
                    None
                } else if self.is_full(word + 1) && self.action.is_none() {
                    Some(tripped(word))
                } else {
                    Some(word + 1)
                }
            });
            if self.is_open(found) {
                return Ok(found);
            }
            if found & STATE == BROKEN {
                return Err(BrokenBarrierError);
            }
            self.wait_at_the_door(target);
        }
    }
    // ANCHOR_END: arrive

    /// Whether one more may go in.
    #[inline]
    fn is_open(&self, word: u64) -> bool {
        word & STATE == FILLING && !self.is_full(word)
    }

    /// Whether all are inside. (If the barrier is still filling then, the last one runs the
    /// action.)
    #[inline]
    fn is_full(&self, word: u64) -> bool {
        word & INSIDE == u64::from(self.parties)
    }

    /// Waits while an action runs, or while the threads of a reset round are leaving. May return
    /// early.
    #[cold]
    fn wait_at_the_door(&self, target: WaitTarget<'_>) {
        let closed = |word| !self.is_open(word) && word & STATE != BROKEN;
        // Relaxed: a hint; a thread goes in by `update`.
        if !spin::gather(self.parties(), || !closed(self.word.load(Relaxed))) {
            self.sleep_while(closed, None, target);
        }
    }

    // ANCHOR: wait-inside
    /// Waits until the round that the thread `found` when it arrived is over, or until the time is
    /// up.
    #[cold]
    fn wait_inside(
        &self,
        found: u64,
        timeout: Option<Duration>,
        target: WaitTarget<'_>,
    ) -> Result<(), BrokenBarrierError> {
        let filling = |word| round(word) == round(found) && word & STATE == FILLING;
        let mut deadline = timeout.and_then(park::deadline_after);
        let mut time_is_up = false;

        // Relaxed: a hint; the loop looks again.
        spin::gather(self.parties(), || !filling(self.word.load(Relaxed)));
        loop {
            // Acquire: pairs with the Release in `update`: a released waiter sees what all did
            // before they arrived, and what the action did.
            let word = self.word.load(Acquire);
            if round(word) != round(found) {
                return Ok(());
            }
            if time_is_up || !filling(word) {
                if self.leave(word) {
                    return Err(BrokenBarrierError);
                }
                // It was tripped just now, or is full: too late to give up.
                deadline = None;
            }
            time_is_up = self.sleep_while(filling, deadline, target) == Wait::TimedOut;
        }
    }

    /// Leaves a round without success, and breaks the barrier unless another thread did so before.
    /// It does not leave a round that has been tripped since, or while the action runs. Returns
    /// whether it left.
    pub(super) fn leave(&self, word: u64) -> bool {
        let stays = |now| round(now) != round(word) || now & STATE == FILLING && self.is_full(now);
        let found = self.update(word, |now| (!stays(now)).then(|| left(now)));
        !stays(found)
    }

    /// Sleeps unless `waits` no longer accepts the word. May return early.
    fn sleep_while(
        &self,
        waits: impl Fn(u64) -> bool,
        deadline: Option<Instant>,
        target: WaitTarget<'_>,
    ) -> Wait {
        // Acquire: pairs with the Release in `ring`. Either this is the number from before the
        // awaited ring, and that ring will change it; or the word shows that the bell has rung.
        let bell = self.bell.load(Acquire);
        // Relaxed: a first guess; and a note that is there stays until the bell has rung.
        let found = self.update(self.word.load(Relaxed), |word| {
            (waits(word) && word & SLEEPERS == 0).then_some(word | SLEEPERS)
        });
        if !waits(found) {
            return Wait::Woken;
        }
        park::wait_for(&self.bell, bell, deadline, target)
    }
    // ANCHOR_END: wait-inside

    // ANCHOR: act
    /// Runs the action and trips the barrier.
    #[cold]
    fn act(&self, action: &UnsafeCell<A>) -> Result<(), BrokenBarrierError> {
        let leave_on_panic = Leave(self);
        // SAFETY: this thread was the last to enter the round. The round can neither be tripped nor
        // restart before this thread says so, so no other thread runs the action. The Acquire of
        // the `update` by which this thread went in shows it what earlier rounds did to the action.
        action.with_mut(|action| unsafe { (*action)() });
        mem::forget(leave_on_panic);
        let found = self.end_round(true);
        if found & STATE == FILLING { Ok(()) } else { Err(BrokenBarrierError) }
    }

    /// Trips the barrier if the action has `returned` and the round was not given up meanwhile;
    /// otherwise leaves it. Returns the word as it was before.
    fn end_round(&self, returned: bool) -> u64 {
        // Relaxed: a first guess.
        self.update(self.word.load(Relaxed), |word| {
            let well = returned && word & STATE == FILLING;
            Some(if well { tripped(word) } else { left(word) })
        })
    }
    // ANCHOR_END: act
}

/// Leaves the round when the action panics, which breaks the barrier.
struct Leave<'a, A: FnMut()>(&'a Barrier<A>);

impl<A: FnMut()> Drop for Leave<'_, A> {
    fn drop(&mut self) {
        if !model_failed() {
            self.0.end_round(false);
        }
    }
}
