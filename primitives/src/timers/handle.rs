//! [`TimerHandle`]: the handle that cancels one of many timers.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::schedule::Key;
use super::service::Service;

/// The handle of a timer that was set on [`Timers`](super::Timers). Dropping it changes nothing.
///
/// It may be cloned, sent and kept without limit. Its calls return `false` once the timer has fired
/// or is cancelled.
#[derive(Clone)]
pub struct TimerHandle {
    service: Arc<Service>,
    key: Key,
}

impl TimerHandle {
    pub(super) fn new(service: Arc<Service>, key: Key) -> Self {
        Self { service, key }
    }

    /// Cancels the timer. Returns whether this call prevents it from firing; `false` if it has
    /// fired, was cancelled before, or the [`Timers`](super::Timers) are shut down.
    ///
    /// A periodic timer will not fire again; its own callback may cancel it. The callback is
    /// dropped here, outside the lock; if it is running, its thread drops it afterwards. Blocks
    /// only for the lock, and does not wait for a running callback.
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

    /// Whether the timer will still fire, unless it is cancelled. The answer may be out of date
    /// when you read it.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.service.is_pending(self.key)
    }
}

/// As for [`Timers`](super::Timers).
impl UnwindSafe for TimerHandle {}
impl RefUnwindSafe for TimerHandle {}

/// Shows whether the timer is pending. Never blocks.
impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut handle = f.debug_struct("TimerHandle");
        match self.service.try_is_pending(self.key) {
            Some(pending) => handle.field("pending", &pending).finish(),
            None => handle.finish_non_exhaustive(),
        }
    }
}
