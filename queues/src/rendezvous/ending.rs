//! How a rendezvous ends, and when all items have been processed.

use std::mem;
use std::time::{Duration, Instant};

use primitives::park::deadline_after;

use super::Rendezvous;
use crate::error::TaskDoneError;

/// Waiting until every item has been processed.
impl<T> Rendezvous<T> {
    /// Says that an item has been processed.
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

    /// Items handed over for which no [`task_done`](Self::task_done) was called yet. An item counts
    /// from the moment when it changes hands: one that its putter still holds does not.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.state.lock().unfinished
    }

    /// Blocks until every item that was handed over has been processed.
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

/// Ending.
impl<T> Rendezvous<T> {
    /// Ends the queue: from now on no item changes hands.
    ///
    /// Wakes all waiters: putters fail with their item, getters without one. It cannot be undone; a
    /// second call changes nothing.
    pub fn shutdown(&self) {
        let mut state = self.state.lock();
        state.shut_down = true;
        // At most one of the two lines has a thread in it.
        let mut waiters = mem::take(&mut state.putters);
        waiters.append(&mut state.getters);
        let is_watched = state.is_watched;
        drop(state);
        for waiter in waiters {
            waiter.send_away();
        }
        if is_watched {
            self.watchers.tell();
        }
    }

    /// [`shutdown`](Self::shutdown). Returns nothing, because nothing is ever inside: an item that
    /// was not taken goes back to its putter.
    pub fn shutdown_now(&self) -> Vec<T> {
        self.shutdown();
        Vec::new()
    }

    /// Whether the queue was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.state.lock().shut_down
    }
}
