//! How a blocking queue ends, and when all that was put has been worked on.

use std::iter;
use std::mem;
use std::time::Duration;

use super::LockedQueue;
use crate::discipline::Discipline;
use crate::error::TaskDoneError;

/// Waiting until everything that was put has also been worked on.
impl<S: Discipline> LockedQueue<S> {
    /// An item that was got has been worked on. _Python_: `task_done()`.
    ///
    /// The last one lets every [`join`](Self::join) return.
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

    /// Blocks until every item that was put has been worked on. _Python_: `join()`.
    ///
    /// A shutdown does not end it: items that a thread is working on are still waited for.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join(&self) {
        let _waiting = self.identity.waiting_for_anyone();
        self.all_done.wait_while(&mut self.state.lock(), |state| state.unfinished > 0);
    }

    /// [`join`](Self::join) for at most `timeout`. Returns whether all was done. Zero is one look.
    #[must_use = "`false` says that not all was done"]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        let _waiting = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        if timeout.is_zero() {
            return state.unfinished == 0;
        }
        !self
            .all_done
            .wait_timeout_while(&mut state, timeout, |state| state.unfinished > 0)
            .timed_out()
    }
}

/// Ending.
impl<S: Discipline> LockedQueue<S> {
    /// From now on nothing can be put, and what is left can be got. _Python_: `shutdown()`.
    ///
    /// Wakes all waiters: putters fail with their item; getters take what is left and then fail. Cannot be
    /// undone; twice is as good as once.
    pub fn shutdown(&self) {
        self.state.lock().shut_down = true;
        self.not_empty.notify_all();
        self.not_full.notify_all();
    }

    /// From now on nothing can be put, and nothing got. _Python_: `shutdown(immediate=True)`.
    ///
    /// Wakes all waiters, as [`shutdown`](Self::shutdown). What was left comes back, in the order in which
    /// `get` would have given it, and counts as done: [`join`](Self::join) waits only for items that
    /// a thread has got and is working on.
    pub fn shutdown_now(&self) -> Vec<S::Item> {
        let mut state = self.state.lock();
        state.shut_down = true;
        let mut left = mem::take(&mut state.items);
        // Saturating: a consumer may have called `task_done` for an item before anybody got it.
        state.unfinished = state.unfinished.saturating_sub(left.len());
        drop(state);
        self.not_empty.notify_all();
        self.not_full.notify_all();
        self.all_done.notify_all();
        // With the lock released: it may take a while to put them in order.
        iter::from_fn(|| left.pop()).collect()
    }

    /// Whether it was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.state.lock().shut_down
    }
}
