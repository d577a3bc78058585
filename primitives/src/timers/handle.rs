//! [`TimerHandle`]: one of many timers, to be cancelled.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::schedule::Key;
use super::service::Service;

/// A timer that was set on [`Timers`](super::Timers). Dropping the handle changes nothing.
///
/// It may be cloned, sent and kept for as long as one likes: once the timer has fired or is cancelled its calls
/// answer `false`.
#[derive(Clone)]
pub struct TimerHandle {
    service: Arc<Service>,
    key: Key,
}

impl TimerHandle {
    pub(super) fn new(service: Arc<Service>, key: Key) -> Self {
        Self { service, key }
    }

    /// Calls it off. Returns whether this call is why it will not fire; `false` if it has fired already, was
    /// cancelled before, or the [`Timers`](super::Timers) are shut down.
    ///
    /// A periodic timer will not fire again; its callback may cancel it too. The callback is dropped here, outside
    /// the lock, or, if it is running, by its thread after that. Never blocks but for the lock, and does not wait
    /// for a callback under way.
    ///
    /// ```
    /// use primitives::Timers;
    /// use std::time::Duration;
    ///
    /// let timers = Timers::new();
    /// let alarm = timers.after(Duration::from_secs(3600), || println!("wake up"));
    /// assert!(alarm.cancel());
    /// assert!(!alarm.cancel());
    /// ```
    pub fn cancel(&self) -> bool {
        self.service.cancel(self.key)
    }

    /// Whether it will still fire, unless it is cancelled. Out of date before you look at the answer.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.service.is_pending(self.key)
    }
}

/// As for [`Timers`](super::Timers).
impl UnwindSafe for TimerHandle {}
impl RefUnwindSafe for TimerHandle {}

/// Whether it is pending. Never blocks.
impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut handle = f.debug_struct("TimerHandle");
        match self.service.try_is_pending(self.key) {
            Some(pending) => handle.field("pending", &pending).finish(),
            None => handle.finish_non_exhaustive(),
        }
    }
}
