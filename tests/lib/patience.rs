//! Time-outs that race with what they wait for.

use std::time::Duration;

/// Time-outs of 0 to 49 µs, in no order: some come before, some during, some after a hand-over.
#[must_use]
pub fn patience(number: usize) -> Duration {
    Duration::from_micros((number * 37 % 50) as u64)
}
