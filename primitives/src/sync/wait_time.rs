//! How long a thread has waited since it first slept, and when that is too long.
//!
//! A lock that any running thread may take is the fastest, and can starve one that sleeps: whenever
//! it has woken up, the lock is taken again. So a sleeper measures its wait, and asks to be handed
//! the lock when it was too long.
//!
//! Source: the limit is that of Go's `sync.Mutex`, whose "starvation mode" begins after a
//! millisecond.

#[cfg(not(model))]
use std::time::{Duration, Instant};

/// A hand-over costs the lock the 30–50 µs in which the sleeper wakes up and the lock is idle: a
/// twentieth of this time, and only where a thread waits that long.
#[cfg(not(model))]
const TOO_LONG: Duration = Duration::from_millis(1);

/// The wait of one thread.
#[cfg(not(model))]
#[derive(Debug)]
pub(crate) struct WaitTime {
    /// When it slept for the first time.
    since: Option<Instant>,
}

#[cfg(not(model))]
impl WaitTime {
    pub(crate) const fn new() -> Self {
        Self { since: None }
    }

    /// The thread is about to sleep. The first time reads the clock, which is little beside a
    /// sleep.
    pub(crate) fn begin(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// Whether the thread has slept.
    pub(crate) const fn has_begun(&self) -> bool {
        self.since.is_some()
    }

    /// Whether it has waited for too long since. Reads the clock if it has slept.
    ///
    /// Never with the deadlock detector. It takes a sleeper whose word has changed for one that is
    /// about to go on, so no sleeper may change the word under another.
    pub(crate) fn is_too_long(&self) -> bool {
        !cfg!(feature = "deadlock-detection")
            && self.since.is_some_and(|since| since.elapsed() >= TOO_LONG)
    }
}

/// Time stands still in a model: the scenario says whether a wait is too long once the thread has
/// slept.
#[cfg(model)]
#[derive(Debug)]
pub(crate) struct WaitTime {
    has_begun: bool,
}

#[cfg(model)]
impl WaitTime {
    pub(crate) const fn new() -> Self {
        Self { has_begun: false }
    }

    pub(crate) fn begin(&mut self) {
        self.has_begun = true;
    }

    pub(crate) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    pub(crate) fn is_too_long(&self) -> bool {
        self.has_begun && ::model::spin::lasted_too_long()
    }
}
