//! Timeouts that race with the awaited event.

use std::time::Duration;

/// Timeouts of 0 to 49 µs, in random order: some expire before, some during, some after a
/// hand-over.
#[must_use]
pub fn patience(number: usize) -> Duration {
    Duration::from_micros((number * 37 % 50) as u64)
}
