//! How a blocking queue ends, and when all items have been processed.

use std::iter;
use std::mem;
use std::time::{Duration, Instant};

use primitives::park::deadline_after;

use super::LockedQueue;
use crate::discipline::Discipline;
use crate::error::TaskDoneError;

// ANCHOR: join
/// Waiting until every item has been processed.
impl<S: Discipline> LockedQueue<S> {
    /// Says that an item has been processed. _Python_: `task_done()`.
    ///
    /// The last call lets every [`join`](Self::join) return.
    ///
    /// # Errors
    ///
    /// [`TaskDoneError`] if there were more calls than items; the count stays as it is.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        let mut state = self.state.lock();
        state.unfinished = state.unfinished.checked_sub(1).ok_or(TaskDoneError)?;
        let last = state.unfinished == 0;
        drop(state);
        if last {
            self.all_done.notify_all();
        }
        Ok(())
    }

    /// Items put for which no [`task_done`](Self::task_done) was called yet.
    /// _Python_: `unfinished_tasks`.
    #[must_use]
    #[doc(alias = "unfinished_tasks")]
    pub fn unfinished(&self) -> usize {
        self.state.lock().unfinished
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
        if timeout.is_zero() {
            return self.unfinished() == 0;
        }
        self.join_until(deadline_after(timeout))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn join_until(&self, deadline: Option<Instant>) -> bool {
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        let mut time_is_up = false;
        while state.unfinished > 0 {
            if time_is_up {
                return false;
            }
            time_is_up = self.all_done.wait_for(&mut state, deadline, target).timed_out();
        }
        true
    }
}
// ANCHOR_END: join

/// Ending.
impl<S: Discipline> LockedQueue<S> {
    /// Ends the queue: from now on nothing can be put, and the remaining items can be got.
    /// _Python_: `shutdown()`.
    ///
    /// Wakes all waiters: putters fail with their item; getters take the remaining items and then
    /// fail. It cannot be undone; a second call changes nothing.
    pub fn shutdown(&self) {
        let mut state = self.state.lock();
        state.shut_down = true;
        let is_watched = state.getters.is_watched();
        drop(state);
        self.not_empty.notify_all();
        self.not_full.notify_all();
        if is_watched {
            self.watchers.tell();
        }
    }

    /// Ends the queue at once: from now on nothing can be put or got. _Python_:
    /// `shutdown(immediate=True)`.
    ///
    /// Wakes all waiters, as [`shutdown`](Self::shutdown). Returns the remaining items, in the
    /// order in which `get` would have returned them. They count as processed: [`join`](Self::join)
    /// waits only for items that a thread has got and is processing.
    pub fn shutdown_now(&self) -> Vec<S::Item> {
        let mut state = self.state.lock();
        state.shut_down = true;
        let mut left = mem::take(&mut state.items);
        // Saturating: a consumer may have called `task_done` for an item before a thread got it.
        state.unfinished = state.unfinished.saturating_sub(left.len());
        let is_watched = state.getters.is_watched();
        drop(state);
        self.not_empty.notify_all();
        self.not_full.notify_all();
        self.all_done.notify_all();
        if is_watched {
            self.watchers.tell();
        }
        // After the lock is released: sorting may take a while.
        iter::from_fn(|| left.pop()).collect()
    }

    /// Whether the queue was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.state.lock().shut_down
    }
}
