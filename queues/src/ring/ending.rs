//! How a ring ends, and when all items have been processed.
//!
//! A shutdown is a bit in the tail. Putters move the tail by compare-exchange, so the bit divides
//! them. A putter that moved the tail before has put, even if it has not filled its place yet; a
//! later one cannot move it and gets the item back. From then on the tail is final, and a getter
//! whose head arrives there knows that no item will come.
//!
//! A shutdown "now" must also deny the remaining items to the getters, and must do both at one
//! moment. Otherwise a thread could see a `put` fail and then a `get` succeed, which is impossible
//! for a queue that is emptied in one step. So the order is: a bit in the head, after which no
//! `get` succeeds; then the bit in the tail. A thread that finds only the first bit does not wait
//! for the second but sets it itself, before it reports the end. The shutdown takes effect when the
//! tail gets its bit (or the head, if the ring was shut down before). Then both cursors are final,
//! and the items between them belong to the thread that stopped the head. It takes them out in
//! order, and waits for putters that have not filled their places yet.
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
//! Then every sleeper is called. A getter that fell asleep left a note in the tail before the bit
//! came. A putter counts itself and then reads the tail; the shutdown writes the tail and then the
//! word with the count. Both write that word, in one order or the other: either the shutdown calls
//! the putter, or the putter sees the bit.
//!
//! A `put` does not count unfinished items: their number is the distance from `done` to the tail,
//! and `task_done` is a step of the third cursor. So the number is exact: an item counts from the
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
    /// Ends the ring: from now on nothing can be put, and the remaining items can be got. _Python_:
    /// `shutdown()`.
    ///
    /// Wakes all waiters: putters fail with their item; getters take the remaining items and then
    /// fail. It cannot be undone; a second call changes nothing.
    pub fn shutdown(&self) {
        self.end();
        self.call_everybody();
    }

    /// Ends the ring at once: from now on nothing can be put or got. _Python_:
    /// `shutdown(immediate=True)`.
    ///
    /// Wakes all waiters, as [`shutdown`](Self::shutdown). Returns the remaining items, in the
    /// order in which `get` would have returned them. They count as processed: [`join`](Self::join)
    /// waits only for items that a thread has got and is processing. They are counted one after the
    /// other before this returns; meanwhile [`unfinished`](Self::unfinished) may still include some
    /// of them.
    pub fn shutdown_now(&self) -> Vec<T> {
        // Release: pairs with the Acquire of a thread that finds the bit in the head.
        let head = self.head.0.fetch_or(ENDED, Release);
        let tail = self.end();
        let mut left = Vec::new();
        if head & ENDED == 0 {
            // This thread ended the head: the items from here to the tail are its own.
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
                // SAFETY: the place holds the item of this position, and no getter can have the
                // position, because the head did not move past it before the end.
                left.push(unsafe { self.empty(slot, here) });
                here = self.positions.after(here);
            }
            // Relaxed: no thread gets an item from here on, and `drop` is ordered after all other
            // calls.
            self.head.0.store(end | ENDED, Relaxed);
        }
        self.call_everybody();
        for _ in &left {
            // Fails if a consumer called it before any thread got the item: then the item is
            // already counted.
            let _ = self.task_done();
        }
        left
    }

    /// Whether the executor was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        // Acquire: pairs with the Release in `end`.
        self.tail.0.load(Acquire) & ENDED != 0
    }

    /// Ends the tail, and returns it.
    pub(super) fn end(&self) -> u64 {
        // Release: pairs with the Acquire of a thread that finds the bit in the tail. Acquire:
        // pairs with that Release if another was first, so that a thread that found the bit in the
        // head sees what led to the shutdown.
        self.tail.0.fetch_or(ENDED, AcqRel)
    }

    fn call_everybody(&self) {
        if self.sleepers.0.getters.call_all() {
            self.sleepers.0.watchers.tell();
        }
        self.sleepers.0.putters.call_all();
    }
}

/// Waiting until every item has been processed.
impl<T> Ring<T> {
    /// Says that an item has been processed. _Python_: `task_done()`.
    ///
    /// The last call lets every [`join`](Self::join) return. Costs one compare-exchange.
    ///
    /// # Errors
    ///
    /// [`TaskDoneError`] if there were more calls than items; the count stays as it is.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        // Acquire, here and below: pairs with the Release of the call that moved `done` here. Its
        // item had been put, so the tail that is read below is at least as new.
        let mut done = self.done.0.load(Acquire);
        loop {
            // Relaxed: this thread knows of the item, so it sees a tail behind it.
            let tail = position(self.tail.0.load(Relaxed));
            if position(done) == tail {
                return Err(TaskDoneError);
            }
            let next = self.positions.after(position(done));
            let is_last = next == tail;
            let note = if is_last { 0 } else { done & NOTE };
            // Release: pairs with the Acquire in `is_all_done`, by which a joiner sees the work of
            // all. Acquire on failure: as above. On success a note needs no Acquire: `call_all`
            // writes the word in which the joiner counted itself. If that were the earlier of the
            // two writes, the joiner's `enter` would have seen it (Acquire), and so the moved
            // `done`.
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

    /// Blocks until every item has been processed. _Python_: `join()`.
    ///
    /// A shutdown does not end it: it still waits for items that a thread is processing.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join(&self) {
        self.join_until(None);
    }

    /// [`join`](Self::join), for at most `timeout`. Returns whether all items were processed. Zero
    /// looks once.
    #[must_use = "`false` says that not all was done"]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.is_all_done() || !timeout.is_zero() && self.join_until(deadline_after(timeout))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn join_until(&self, deadline: Option<Instant>) -> bool {
        let target = self.identity.waiting_for_anyone();
        let mut time_is_up = false;
        while !self.is_all_done() {
            if time_is_up {
                return false;
            }
            let joiners = &self.sleepers.0.joiners;
            joiners.enter();
            if self.leave_note_unless_all_done() {
                time_is_up = joiners.sleep(deadline, target);
            } else {
                joiners.cancel();
            }
        }
        true
    }

    /// Leaves a note in `done` if not all is done. Returns whether it did.
    pub(super) fn leave_note_unless_all_done(&self) -> bool {
        // Acquire: as in `is_all_done`. If not all is done, and `done` does not move before the
        // note is left, the thread that moves it finds the note.
        let done = position(self.done.0.load(Acquire));
        // Relaxed: as in `is_all_done`.
        done != position(self.tail.0.load(Relaxed)) && leave_note(&self.done.0, done)
    }

    pub(super) fn is_all_done(&self) -> bool {
        // Acquire: pairs with the Release in `task_done`: the joiner sees all the work.
        let done = self.done.0.load(Acquire);
        // Relaxed: the tail that this thread sees includes each item that it knows of.
        position(done) == position(self.tail.0.load(Relaxed))
    }
}
