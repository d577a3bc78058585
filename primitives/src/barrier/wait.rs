//! The wait at a barrier: go in, wait for the others, leave.

use std::mem;
use std::time::{Duration, Instant};

use super::{
    BROKEN, Barrier, BarrierWaitResult, BrokenBarrierError, DRAINING, FILLING, INSIDE, SLEEPERS,
    STATE, ended, left,
};
use crate::park::{self, Wait};
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::cell::UnsafeCell;
use crate::sync::{is_unwinding, spin};

impl<A: FnMut()> Barrier<A> {
    /// Waits until all parties have arrived; then returns in which order this one did. With a default
    /// time-out, as [`wait_timeout`](Self::wait_timeout).
    ///
    /// Blocks. Spins for about a microsecond before it sleeps. The last to arrive: one load and one
    /// compare-exchange, and with sleepers a call to the kernel.
    ///
    /// # Errors
    ///
    /// If the barrier is broken, or breaks or is reset while this thread waits.
    ///
    /// # Panics
    ///
    /// With the action's panic, in the thread that ran it.
    pub fn wait(&self) -> Result<BarrierWaitResult, BrokenBarrierError> {
        self.wait_for(self.timeout)
    }

    /// [`wait`](Self::wait), for at most `timeout`, whatever the default is; then breaks the barrier.
    ///
    /// The time runs from when this thread arrives, and stops when all have: an action that takes longer
    /// breaks nothing. Zero breaks the barrier at once unless this thread is the last;
    /// [`Duration::MAX`] waits for ever.
    ///
    /// # Errors
    ///
    /// If the time is up, and as [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait).
    ///
    /// ```
    /// use primitives::Barrier;
    /// use std::time::Duration;
    ///
    /// let barrier = Barrier::new(2);
    /// assert!(barrier.wait_timeout(Duration::from_millis(1)).is_err()); // nobody else came …
    /// assert!(barrier.is_broken()); // … and whoever comes now is told at once
    /// barrier.reset();
    /// ```
    #[doc(alias = "wait")]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<BarrierWaitResult, BrokenBarrierError> {
        self.wait_for(Some(timeout))
    }

    fn wait_for(&self, timeout: Option<Duration>) -> Result<BarrierWaitResult, BrokenBarrierError> {
        let index = self.arrive()?;
        let is_leader = index + 1 == self.parties;
        let ended = match &self.action {
            _ if !is_leader => self.wait_inside(timeout),
            Some(action) => self.act(action),
            None => DRAINING, // by the arrival itself
        };
        if ended != DRAINING {
            return Err(BrokenBarrierError);
        }
        Ok(BarrierWaitResult::new(index as usize, is_leader))
    }

    // ANCHOR: arrive
    /// Goes in, and returns how many were inside before. The last one, if there is no action to run, trips the
    /// barrier in the same step, and is out again.
    #[inline]
    fn arrive(&self) -> Result<u32, BrokenBarrierError> {
        loop {
            // Relaxed: a first guess; `update` decides.
            let found = self.update(self.word.load(Relaxed), |word| {
                if !self.is_open(word) {
                    None
                } else if (word & INSIDE) + 1 == self.parties && self.action.is_none() {
                    Some(left(ended(word + 1, DRAINING)))
                } else {
                    Some(word + 1)
                }
            });
            if self.is_open(found) {
                return Ok(found & INSIDE);
            }
            if found & STATE == BROKEN {
                return Err(BrokenBarrierError);
            }
            self.wait_at_the_door();
        }
    }
    // ANCHOR_END: arrive

    /// Whether one more may go in.
    #[inline]
    fn is_open(&self, word: u32) -> bool {
        word & STATE == FILLING && word & INSIDE < self.parties
    }

    /// Waits while the threads of the round before are on their way out. May return early.
    #[cold]
    fn wait_at_the_door(&self) {
        // Relaxed, both: a hint; who goes in does it by `update`.
        let may_go_on = |word| self.is_open(word) || word & STATE == BROKEN;
        if !spin::watch(|| may_go_on(self.word.load(Relaxed))) {
            let word = self.word.load(Relaxed);
            if !may_go_on(word) {
                self.sleep(word, None);
            }
        }
    }

    // ANCHOR: wait-inside
    /// Waits until the round has ended, or ends it when the time is up; and leaves. Returns the state that the
    /// round ended in.
    #[cold]
    fn wait_inside(&self, timeout: Option<Duration>) -> u32 {
        let mut deadline = timeout.and_then(park::deadline_after);
        let mut time_is_up = false;
        // Relaxed, both: a hint; who leaves does it by `update`.
        spin::watch(|| self.word.load(Relaxed) & STATE != FILLING);
        loop {
            let word = self.word.load(Relaxed);
            if word & STATE != FILLING || time_is_up {
                if let Some(state) = self.leave(word) {
                    return state;
                }
                deadline = None; // too late to give up: all are here, and the action is running
            }
            time_is_up = self.sleep(word, deadline) == Wait::TimedOut;
        }
    }

    /// Leaves, and returns the state that the round ended in. If it is still filling that breaks the
    /// barrier. `None` if it is full: nobody may leave before the action has run.
    pub(super) fn leave(&self, word: u32) -> Option<u32> {
        let full = |word| word & STATE == FILLING && word & INSIDE == self.parties;
        let found = self.update(word, |word| (!full(word)).then(|| left(ended(word, BROKEN))));
        (!full(found)).then(|| ended(found, BROKEN) & STATE)
    }
    // ANCHOR_END: wait-inside

    /// Sleeps while the word is `word`, or the same with the note. May return early.
    fn sleep(&self, word: u32, deadline: Option<Instant>) -> Wait {
        let asleep = word | SLEEPERS;
        // Relaxed, both: the note says nothing but "call", and `update` finds it in the same word.
        if word != asleep && self.word.compare_exchange(word, asleep, Relaxed, Relaxed).is_err() {
            return Wait::Woken;
        }
        park::wait(&self.word, asleep, deadline)
    }

    // ANCHOR: act
    /// Runs the action, trips the barrier, and leaves. Returns the state that the round ended in.
    #[cold]
    fn act(&self, action: &UnsafeCell<A>) -> u32 {
        let broken_unless_done = BreakOnUnwind(self);
        // SAFETY: this thread was the last to go into a round that is not over before it has left, so
        // no other thread runs the action; and what earlier rounds did to it is seen here, through the
        // Acquire of the `update` by which this thread went in.
        action.with_mut(|action| unsafe { (*action)() });
        mem::forget(broken_unless_done);
        self.end(DRAINING)
    }

    /// Ends the round in the state `state`, unless somebody else has ended it, and leaves: for the one who
    /// runs the action. Returns the state that the round ended in.
    fn end(&self, state: u32) -> u32 {
        // Relaxed: a first guess.
        let found = self.update(self.word.load(Relaxed), |word| Some(left(ended(word, state))));
        ended(found, state) & STATE
    }
    // ANCHOR_END: act
}

/// Breaks the barrier when the action panics, and leaves.
struct BreakOnUnwind<'a, A: FnMut()>(&'a Barrier<A>);

impl<A: FnMut()> Drop for BreakOnUnwind<'_, A> {
    fn drop(&mut self) {
        if !is_unwinding() {
            self.0.end(BROKEN);
        }
    }
}
