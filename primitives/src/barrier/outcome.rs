//! How a wait at a barrier ends: [`BarrierWaitResult`] or [`BrokenBarrierError`].

use std::error::Error;
use std::fmt;

/// All parties have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    index: usize,
    is_leader: bool,
}

impl BarrierWaitResult {
    pub(super) fn new(index: usize, is_leader: bool) -> Self {
        Self { index, is_leader }
    }

    /// How many threads had arrived before this one: each number from 0 to `parties - 1` occurs
    /// once a round.
    ///
    /// _Python_: what `wait()` returns.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether this thread was the last to arrive, and so the one that ran the action. One thread
    /// in each round is.
    ///
    /// _Python_: `wait()` returned `parties - 1`.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.is_leader
    }
}

/// The barrier broke, was broken already, or was reset: not all parties have arrived.
///
/// _Python_: `threading.BrokenBarrierError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError;

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the barrier is broken: not all threads arrived before a timeout, abort or reset",
        )
    }
}

impl Error for BrokenBarrierError {}
