//! Inspecting a ring, and dropping it.

use std::fmt;

use primitives::sync::atomic::Ordering::{Acquire, Relaxed};
use primitives::sync::model_failed;

use super::Ring;
use super::position::{ENDED, position};
use crate::drop_all::drop_all;

/// Queries. An answer may be out of date when you read it: good for messages and tests.
impl<T> Ring<T> {
    /// How many items are inside. _Python_: `qsize()`.
    #[must_use]
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        loop {
            // Acquire, all: pairs with the Release of the thread that moved the cursor there, which
            // had seen what allowed the move. So a tail that is read after a head is not behind it.
            // If it is more than a lap ahead, the second load of the head sees that the head has
            // moved.
            let head = self.head.0.load(Acquire);
            if head & ENDED != 0 {
                // This does what a getter does: otherwise a `put` could still succeed after the
                // ring was seen empty.
                self.end();
                return 0;
            }
            let tail = self.tail.0.load(Acquire);
            // Relaxed: nothing is read after it.
            if self.head.0.load(Relaxed) == head {
                // Both are from one moment: the cursors never return to an earlier value.
                return self.positions.distance(position(head), position(tail));
            }
        }
    }

    /// Whether a `get` would have to wait. _Python_: `empty()`.
    #[must_use]
    #[doc(alias = "empty")]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a `put` would have to wait. _Python_: `full()`.
    #[must_use]
    #[doc(alias = "full")]
    pub fn is_full(&self) -> bool {
        self.len() == self.positions.places()
    }

    /// How many items fit: always `Some`. _Python_: `maxsize`.
    #[must_use]
    #[doc(alias = "maxsize")]
    pub fn capacity(&self) -> Option<usize> {
        Some(self.positions.places())
    }

    /// Items put for which no [`task_done`](Self::task_done) was called yet.
    /// _Python_: `unfinished_tasks`.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        loop {
            // Acquire and Relaxed: as in `len`.
            let done = self.done.0.load(Acquire);
            let tail = self.tail.0.load(Acquire);
            if position(self.done.0.load(Relaxed)) == position(done) {
                return self.positions.distance(position(done), position(tail));
            }
        }
    }
}

/// Shows how full it is and how many threads wait. Never blocks.
impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("capacity", &self.positions.places())
            .field("len", &self.len())
            .field("unfinished", &self.unfinished())
            .field("shut_down", &self.is_shutdown())
            .field("putters_asleep", &self.sleepers.0.putters.inside())
            .field("getters_asleep", &self.sleepers.0.getters.inside())
            .finish()
    }
}

/// Drops the remaining items in order; all of them, even if one drop panics.
impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        if !model_failed() {
            drop_all(&|| self.try_get().ok());
        }
    }
}
