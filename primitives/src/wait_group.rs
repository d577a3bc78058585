//! The wait group: a [`Latch`] whose count is the number of its handles.
//!
//! A latch must know its count when it is made. A wait group grows: each clone is one more to wait for, and each
//! that is dropped one less. So a thread that ends, by a panic too, can never be forgotten.
//!
//! Source: Go's `sync.WaitGroup`; that handles count themselves is crossbeam's.

#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::latch::Latch;
use crate::sync::model_failed;

/// Threads that wait for each other's handles to be gone.
///
/// A handle is cloned for each piece of work. [`wait`](Self::wait) gives up the caller's own handle and waits until all the
/// others are dropped.
///
/// _Python_: the standard library has none. _crossbeam_: `WaitGroup`, without timeouts. _Go_: `sync.WaitGroup`.
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
    /// A group of one: the handle that is returned. One allocation.
    #[must_use]
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub fn new() -> Self {
        Self { latch: Arc::new(Latch::new(1)) }
    }

    /// Drops this handle, and waits until all others are dropped. Blocks.
    ///
    /// Several may wait at once: each has given up its own handle.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn wait(self) {
        let latch = Arc::clone(&self.latch);
        drop(self);
        latch.wait();
    }

    /// Drops this handle, and waits until all others are dropped, for at most `timeout`.
    ///
    /// Zero is one look; a timeout that overflows `Instant` never expires.
    ///
    /// # Errors
    ///
    /// The handle again, which counts as before, if other handles are there when the time is up.
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

    /// [`wait_timeout`](Self::wait_timeout) with a point in time; one that has passed is one look.
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
        // Counted again only while others are there: at zero other waiters may have gone on already.
        if !wait(&latch) && latch.count_up() { Err(Self { latch }) } else { Ok(()) }
    }
}

/// One more to wait for.
///
/// # Panics
///
/// If there are 2,147,483,647 handles.
impl Clone for WaitGroup {
    fn clone(&self) -> Self {
        self.latch.count_up(); // not open: `self` is counted
        Self { latch: Arc::clone(&self.latch) }
    }
}

/// One less to wait for; the last one wakes those that wait. Never blocks.
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
