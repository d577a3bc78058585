//! How a ring ends, and when all that was put has been worked on.
//!
//! A shutdown is a bit in the tail. Putters move the tail by compare-exchange, so the bit divides them: one that
//! moved it before has put, even if the item is still on its way into its place; a later one cannot move
//! it and gets the item back. From then on the tail is final, and a getter whose head arrives there knows
//! that nothing will come.
//!
//! A shutdown "now" must also keep the getters from what is left, and must do both at one moment: were it
//! first the one and then the other, a thread could see a `put` fail and after that a `get` succeed, which
//! no queue would do that is emptied in one step. So the order is: a bit in the head, after which no `get`
//! succeeds; then the bit in the tail. A thread that finds the first and not the second does not wait for it but
//! sets it itself, before it reports the end. The moment is when the tail gets its bit (or the head,
//! if the ring was shut down before). Both cursors are final then, and what lies between them belongs to
//! the one thread that was the first to stop the head. It takes the items out in order, and waits for
//! those that are still on their way.
//!
//! ```text
//!                      shutdown                      shutdown_now
//!    ┌──────────────┐  tail + ENDED   ┌───────────┐  head + ENDED                  ┌───────────────┐
//!    │ put and get  │────────────────▶│ get only  │───────────────────────────────▶│ neither       │
//!    └──────────────┘                 └───────────┘                                └───────────────┘
//!            │                                                                             ▲
//!            └─────────────────────────────────────────────────────────────────────────────┘
//!                 shutdown_now: head + ENDED, then tail + ENDED
//! ```
//!
//! Then every sleeper is called. A getter that fell asleep did so with a note in the tail before the
//! bit came. A putter counts itself and then looks at the tail, while the shutdown writes the tail and then
//! the word in which it is counted: whichever of the two writes to that word comes first, either the putter
//! is called or it sees the bit.
//!
//! How many items are unfinished is not counted in every `put`, it is the distance from `done` to the tail,
//! and `task_done` is a step of the third cursor. So the number is exact: an item counts from the very
//! moment it is put.

use std::time::{Duration, Instant};

use primitives::park::deadline_after;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::Ring;
use super::position::{ENDED, FILLED, NOTE, position};
use super::waiting::leave_note;
use crate::error::TaskDoneError;

/// Ending.
impl<T> Ring<T> {
    /// From now on nothing can be put, and what is left can be got. _Python_: `shutdown()`.
    ///
    /// Wakes all waiters: putters fail with their item; getters take what is left and then fail. Cannot be
    /// undone; twice is as good as once.
    pub fn shutdown(&self) {
        self.end();
        self.call_everybody();
    }

    // ANCHOR: shutdown-now
    /// From now on nothing can be put, and nothing got. _Python_: `shutdown(immediate=True)`.
    ///
    /// Wakes all waiters, as [`shutdown`](Self::shutdown). What was left comes back, in the order in which
    /// `get` would have given it, and counts as done: [`join`](Self::join) waits only for items that
    /// a thread has got and is working on. It counts so by the time that this returns, one item after the
    /// other; a look at [`unfinished`](Self::unfinished) meanwhile may still find some of it.
    pub fn shutdown_now(&self) -> Vec<T> {
        // Release: pairs with the Acquire of a thread that finds the bit in the head.
        let head = self.head.0.fetch_or(ENDED, Release);
        let tail = self.end();
        let mut left = Vec::new();
        if head & ENDED == 0 {
            // This thread ended the head: what lies from here to the tail is its own.
            let (mut here, end) = (position(head), position(tail));
            left.reserve_exact(self.positions.distance(here, end));
            while here != end {
                let slot = self.slot(here);
                // Acquire: pairs with the Release in `fill`.
                let stamp = slot.stamp.load(Acquire);
                if stamp != here | FILLED {
                    slot.await_change(stamp); // put, but still on its way
                    continue;
                }
                // SAFETY: the place holds the item of this position, and no getter can have the position,
                // because the head did not move past it before it ended.
                left.push(unsafe { self.empty(slot, here) });
                here = self.positions.after(here);
            }
            // Relaxed: no thread gets from here on, and `drop` is ordered after all other calls.
            self.head.0.store(end | ENDED, Relaxed);
        }
        self.call_everybody();
        for _ in &left {
            // Fails if a consumer has called it before anybody got the item: then that is settled.
            let _ = self.task_done();
        }
        left
    }
    // ANCHOR_END: shutdown-now

    /// Whether it was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        // Acquire: pairs with the Release in `end`.
        self.tail.0.load(Acquire) & ENDED != 0
    }

    /// Ends the tail, and returns it.
    pub(super) fn end(&self) -> u64 {
        // Release: pairs with the Acquire of who finds the bit in the tail. Acquire: pairs with that Release
        // if another was first, so that who comes here by way of the head sees what led to the shutdown.
        self.tail.0.fetch_or(ENDED, AcqRel)
    }

    fn call_everybody(&self) {
        self.sleepers.0.getters.call_all();
        self.sleepers.0.putters.call_all();
    }
}

/// Waiting until everything that was put has also been worked on.
impl<T> Ring<T> {
    // ANCHOR: task-done
    /// An item that was got has been worked on. _Python_: `task_done()`.
    ///
    /// The last one lets every [`join`](Self::join) return. Costs one compare-exchange.
    ///
    /// # Errors
    ///
    /// [`TaskDoneError`] if there were more calls than items; the count stays as it is.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        // Acquire, here and below: pairs with the Release of the call that moved it here. Its item had been
        // put, so the tail that is read below is not older than that.
        let mut done = self.done.0.load(Acquire);
        loop {
            // Relaxed: this thread knows of the item, so it sees the tail behind it.
            let tail = position(self.tail.0.load(Relaxed));
            if position(done) == tail {
                return Err(TaskDoneError);
            }
            let next = self.positions.after(position(done));
            let is_last = next == tail;
            let note = if is_last { 0 } else { done & NOTE };
            // Release: pairs with the Acquire in `is_all_done`, by which a joiner sees the work of all.
            // Acquire on failure: as above. Not Acquire on success for the sake of a note: `call_all` writes
            // the word in which the joiner has counted itself. Were that the earlier of the two writes,
            // the joiner's `enter` would have seen it (Acquire), and that `done` has moved.
            match self.done.0.compare_exchange_weak(done, next | note, Release, Acquire) {
                Ok(_) => {
                    if is_last && done & NOTE != 0 {
                        self.sleepers.0.joiners.call_all();
                    }
                    return Ok(());
                }
                Err(now) => done = now,
            }
        }
    }
    // ANCHOR_END: task-done

    /// Blocks until every item that was put has been worked on. _Python_: `join()`.
    ///
    /// A shutdown does not end it: items that a thread is working on are still waited for.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join(&self) {
        self.join_until(None);
    }

    /// [`join`](Self::join) for at most `timeout`. Returns whether all was done. Zero is one look.
    #[must_use = "`false` says that not all was done"]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.is_all_done() || !timeout.is_zero() && self.join_until(deadline_after(timeout))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn join_until(&self, deadline: Option<Instant>) -> bool {
        let _waiting = self.identity.waiting_for_anyone();
        let mut time_is_up = false;
        while !self.is_all_done() {
            if time_is_up {
                return false;
            }
            let joiners = &self.sleepers.0.joiners;
            joiners.enter();
            // Acquire: as in `is_all_done`. Not done, and not moved since: whoever moves it finds the note.
            let done = position(self.done.0.load(Acquire));
            // Relaxed: as in `is_all_done`.
            if done != position(self.tail.0.load(Relaxed)) && leave_note(&self.done.0, done) {
                time_is_up = joiners.sleep(deadline);
            } else {
                joiners.cancel();
            }
        }
        true
    }

    fn is_all_done(&self) -> bool {
        // Acquire: pairs with the Release in `task_done`: the joiner sees all the work.
        let done = self.done.0.load(Acquire);
        // Relaxed: an item that this thread knows of is in the tail that it sees.
        position(done) == position(self.tail.0.load(Relaxed))
    }
}
