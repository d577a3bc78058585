//! A thread in line at a rendezvous, and how another one serves it.
//!
//! The waiter lies on its thread's stack, and the line holds its address. Three rules keep that
//! address good:
//!
//! - The thread leaves its stack only when its word says `OVER`, or when it has taken itself out of
//!   the line, under the queue's lock.
//! - A thread that takes another out of the line, under the same lock, makes its word `OVER`, once,
//!   and does not touch it after that. Between the two the hand is its own.
//! - A wait may unwind (the detector's hook may panic). Then the destructor of [`Standing`] does
//!   what the wait would have done.
//!
//! ```text
//!                 falls asleep              its time is up: looks for itself in the line
//!    ┌─────────┐               ┌────────┐   there: takes itself out, and gives up
//!    │ IN_LINE │──────────────▶│ ASLEEP │   not there: waits for OVER
//!    └─────────┘               └────────┘
//!         │                        │
//!         │ served, or sent away   │ the same, and woken
//!         ▼                        ▼
//!    ┌───────────────────────────────────┐
//!    │               OVER                │   a full hand, or an empty one, says which
//!    └───────────────────────────────────┘
//! ```

use std::ptr::NonNull;
use std::time::Instant;

use primitives::LockGuard;
use primitives::deadlock::WaitTarget;
use primitives::park::{self, Wait};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::cell::UnsafeCell;
use primitives::sync::{model_failed, spin};

use super::{Rendezvous, State};

/// It may be awake.
const IN_LINE: u32 = 0;
/// It may be asleep: wake it.
const ASLEEP: u32 = 1;
/// It is no more in line, and its hand is its own again.
const OVER: u32 = 2;

/// Which line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Putters,
    Getters,
}

/// A thread in line.
pub(super) struct Waiter<T> {
    /// The item that it brings, or that it gets.
    hand: UnsafeCell<Option<T>>,
    /// | value     | the thread       | may touch the hand                | written by      |
    /// | --------- | ---------------- | --------------------------------- | --------------- |
    /// | `IN_LINE` | watches          | the one that takes it out of line | `new`           |
    /// | `ASLEEP`  | sleeps, or will  | the same                          | `wait`          |
    /// | `OVER`    | goes on          | its own thread                    | `InLine::leave` |
    word: AtomicU32,
}

impl<T> Waiter<T> {
    #[cfg_attr(model, track_caller)]
    pub(super) fn new(hand: Option<T>) -> Self {
        Self { hand: UnsafeCell::new(hand), word: AtomicU32::new(IN_LINE) }
    }

    /// Stands in line, for a test that unwinds there.
    #[cfg(all(test, not(model)))]
    pub(super) fn stands<'a>(&'a self, queue: &'a Rendezvous<T>, side: Side) -> impl Drop + 'a {
        queue.state.lock().line(side).push_back(InLine(NonNull::from(self)));
        Standing { queue, waiter: self, side, is_over: false }
    }

    /// What it has in its hand in the end.
    pub(super) fn into_hand(self) -> Option<T> {
        self.hand.into_inner()
    }
}

/// The address of a waiter. The thread that takes it out of the line must end with
/// [`give`](Self::give), [`take`](Self::take) or [`send_away`](Self::send_away), and soon: until
/// then the waiter cannot give up.
pub(super) struct InLine<T>(NonNull<Waiter<T>>);

// SAFETY: it is used to move an item into or out of another thread's hand, as `T: Send` allows;
// that its thread is still there, is said above.
unsafe impl<T: Send> Send for InLine<T> {}

impl<T> InLine<T> {
    fn is(&self, waiter: &Waiter<T>) -> bool {
        self.0 == NonNull::from(waiter)
    }

    // ANCHOR: give
    /// Puts an item into a getter's hand.
    pub(super) fn give(self, item: T) {
        // SAFETY: this thread has taken it out of the line, and has not made it `OVER` yet.
        let waiter = unsafe { self.0.as_ref() };
        // SAFETY: until it is `OVER`, its hand is this thread's.
        waiter.hand.with_mut(|hand| unsafe { *hand = Some(item) });
        self.leave();
    }

    /// Takes the item out of a putter's hand.
    pub(super) fn take(self) -> T {
        // SAFETY: as in `give`.
        let waiter = unsafe { self.0.as_ref() };
        // SAFETY: as in `give`.
        let item = waiter.hand.with_mut(|hand| unsafe { (*hand).take() });
        self.leave();
        item.expect("a putter stands in line with an item")
    }
    // ANCHOR_END: give

    /// Lets it go with what it has in its hand.
    pub(super) fn send_away(self) {
        self.leave();
    }

    // ANCHOR: leave
    fn leave(self) {
        // SAFETY: as in `give`.
        let word = unsafe { &raw const (*self.0.as_ptr()).word };
        // Release: pairs with the Acquire in `until_over`: the thread finds in its hand what this
        // one put there. From here on its stack may be gone, so only the address is used.
        // SAFETY: as above.
        if unsafe { (*word).swap(OVER, Release) } == ASLEEP {
            park::wake_one(word);
        }
    }
    // ANCHOR_END: leave
}

/// Standing in line.
impl<T> Rendezvous<T> {
    /// Waits in line until served or sent away. Returns whether it left because its time was up.
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn stand_in_line(
        &self,
        mut state: LockGuard<'_, State<T>>,
        waiter: &Waiter<T>,
        side: Side,
        deadline: Option<Instant>,
        target: WaitTarget<'_>,
    ) -> bool {
        state.line(side).push_back(InLine(NonNull::from(waiter)));
        let mut standing = Standing { queue: self, waiter, side, is_over: false };
        let tells = state.is_watched && side == Side::Putters;
        drop(state);
        if tells {
            self.watchers.tell();
        }
        let time_is_up = standing.wait(deadline, target);
        standing.is_over = true;
        time_is_up
    }
}

/// A waiter whose address is in the line.
struct Standing<'a, T> {
    queue: &'a Rendezvous<T>,
    waiter: &'a Waiter<T>,
    side: Side,
    is_over: bool,
}

impl<T> Standing<'_, T> {
    // ANCHOR: wait
    /// Returns whether it left the line because its time was up.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait(&self, deadline: Option<Instant>, target: WaitTarget<'_>) -> bool {
        let word = &self.waiter.word;
        // Relaxed, all: they say only when to look; the load in `until_over` has the Acquire.
        if !spin::watch(|| word.load(Relaxed) == OVER)
            && word.compare_exchange(IN_LINE, ASLEEP, Relaxed, Relaxed).is_ok()
        {
            while word.load(Relaxed) == ASLEEP {
                if park::wait_for(word, ASLEEP, deadline, target) == Wait::TimedOut {
                    if self.leave_the_line() {
                        return true;
                    }
                    break; // another thread has called it, and is about to serve it
                }
            }
        }
        self.until_over();
        false
    }
    // ANCHOR_END: wait

    /// Takes itself out of the line. Returns whether it was there.
    fn leave_the_line(&self) -> bool {
        let mut state = self.queue.state.lock();
        let line = state.line(self.side);
        let place = line.iter().position(|other| other.is(self.waiter));
        place.is_some_and(|place| line.remove(place).is_some())
    }

    /// Waits for the thread that has called it: for a few instructions, if that thread runs.
    fn until_over(&self) {
        // Acquire: pairs with the Release in `leave`.
        while self.waiter.word.load(Acquire) != OVER {
            spin::step_aside();
        }
    }
}

/// The wait unwinds.
impl<T> Drop for Standing<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_over && !model_failed() && !self.leave_the_line() {
            self.until_over();
        }
    }
}
