//! The wait group: a [`Latch`] whose count is the number of its handles.
//!
//! A latch must know its count when it is made. The count of a wait group changes: each clone adds
//! one, and each drop removes one. So a thread that ends, even by a panic, is always counted.
//!
//! Source: Go's `sync.WaitGroup`; the counting handles are crossbeam's.

#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::latch::Latch;
use crate::sync::model_failed;

/// Threads that wait for each other's handles to be gone.
///
/// A handle is cloned for each piece of work. [`wait`](Self::wait) gives up the caller's own handle
/// and waits until all the others are dropped.
///
/// _Python_: the standard library has no wait group. _crossbeam_: `WaitGroup`, without timeouts.
/// _Go_: `sync.WaitGroup`.
///
/// ```
/// use primitives::WaitGroup;
///
/// let group = WaitGroup::new();
/// for _ in 0..4 {
///     let group = group.clone();
///     std::thread::spawn(move || {
///         // … work …
///         drop(group);
///     });
/// }
/// group.wait(); // until all four have dropped theirs
/// ```
pub struct WaitGroup {
    latch: Arc<Latch>,
}

impl WaitGroup {
    /// A group of one handle, which is returned. One allocation.
    #[must_use]
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn new() -> Self {
        Self { latch: Arc::new(Latch::new(1)) }
    }

    /// Drops this handle, and waits until all others are dropped. Blocks.
    ///
    /// Several threads may wait at once: each has given up its own handle.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait(self) {
        let latch = Arc::clone(&self.latch);
        drop(self);
        latch.wait();
    }

    /// Drops this handle, and waits until all others are dropped, for at most `timeout`.
    ///
    /// Zero looks once; a timeout that overflows `Instant` never expires.
    ///
    /// # Errors
    ///
    /// The handle again, which still counts, if there are other handles when the time is up.
    ///
    /// ```
    /// use primitives::WaitGroup;
    /// use std::time::Duration;
    ///
    /// let group = WaitGroup::new();
    /// let member = group.clone();
    /// let group = group.wait_timeout(Duration::from_millis(1)).unwrap_err();
    /// drop(member);
    /// assert!(group.wait_timeout(Duration::ZERO).is_ok());
    /// ```
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_timeout(self, timeout: Duration) -> Result<(), Self> {
        self.wait_until(|latch| latch.wait_timeout(timeout))
    }

    /// [`wait_timeout`](Self::wait_timeout) with a deadline. If that has passed, it looks once.
    ///
    /// # Errors
    ///
    /// As [`wait_timeout`](Self::wait_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait_deadline(self, deadline: Instant) -> Result<(), Self> {
        self.wait_until(|latch| latch.wait_deadline(deadline))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn wait_until(self, wait: impl FnOnce(&Latch) -> bool) -> Result<(), Self> {
        let latch = Arc::clone(&self.latch);
        drop(self);
        // It is counted again only while there are others: at zero, other waiters may already have
        // gone on.
        if !wait(&latch) && latch.count_up() { Err(Self { latch }) } else { Ok(()) }
    }
}

/// One more handle to wait for.
///
/// # Panics
///
/// If there are already 2,147,483,647 handles.
impl Clone for WaitGroup {
    fn clone(&self) -> Self {
        self.latch.count_up(); // not open: `self` is counted
        Self { latch: Arc::clone(&self.latch) }
    }
}

/// One handle less to wait for; the last drop wakes the waiters. Never blocks.
impl Drop for WaitGroup {
    fn drop(&mut self) {
        if !model_failed() {
            self.latch.count_down();
        }
    }
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup").field("members", &self.latch.count()).finish()
    }
}
