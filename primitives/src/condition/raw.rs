//! Waiting with a lock that guards no data.

use std::time::{Duration, Instant};

use super::lock::ConditionLock;
use super::{Condition, WaitTimeoutResult};
use crate::park;

/// Waiting with a raw lock: the same calls, without data for a predicate to look at.
impl Condition {
    /// Releases the lock, however often the caller holds it. Sleeps until notified. Takes the lock
    /// as often again. May return without a notification, so call it in a loop.
    ///
    /// # Panics
    ///
    /// If the lock is not held.
    ///
    /// ```
    /// use primitives::{Condition, raw::RawLock};
    /// use std::time::Duration;
    ///
    /// let (lock, condition) = (RawLock::new(), Condition::new());
    /// lock.acquire();
    /// assert!(condition.wait_raw_timeout(&lock, Duration::from_millis(1)).timed_out());
    /// lock.release();
    /// ```
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_raw<L: ConditionLock + ?Sized>(&self, lock: &L) {
        self.wait_on(lock, None, self.identity.waiting_for_anyone());
    }

    /// [`wait_raw`](Self::wait_raw) while `blocked` returns `true`; asks it at once, and after each
    /// notification.
    #[doc(alias = "wait_for")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_raw_while<L: ConditionLock + ?Sized>(
        &self,
        lock: &L,
        mut blocked: impl FnMut() -> bool,
    ) {
        while blocked() {
            self.wait_raw(lock);
        }
    }

    /// [`wait_raw`](Self::wait_raw), for at most `timeout`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_raw_timeout<L: ConditionLock + ?Sized>(
        &self,
        lock: &L,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        let target = self.identity.waiting_for_anyone();
        self.wait_on(lock, park::deadline_after(timeout), target)
    }

    /// [`wait_raw_while`](Self::wait_raw_while), for at most `timeout` in all;
    /// [`timed_out`](WaitTimeoutResult::timed_out) says that `blocked` still held at the end.
    #[doc(alias = "wait_for")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_raw_timeout_while<L: ConditionLock + ?Sized>(
        &self,
        lock: &L,
        timeout: Duration,
        mut blocked: impl FnMut() -> bool,
    ) -> WaitTimeoutResult {
        let deadline = park::deadline_after(timeout);
        let mut time_is_up = false;
        while blocked() {
            if time_is_up {
                return WaitTimeoutResult(true);
            }
            let target = self.identity.waiting_for_anyone();
            time_is_up = self.wait_on(lock, deadline, target).timed_out();
        }
        WaitTimeoutResult(false)
    }

    /// [`wait_raw`](Self::wait_raw), until `deadline` at most.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_raw_deadline<L: ConditionLock + ?Sized>(
        &self,
        lock: &L,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        self.wait_on(lock, Some(deadline), self.identity.waiting_for_anyone())
    }
}
