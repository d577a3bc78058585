//! How many cores there are, and what it costs that they are few.

use std::fs;
use std::thread::available_parallelism;
use std::time::Duration;

/// The cores that this program may use.
pub(crate) fn number() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// How long the calling thread has been ready to run without a core, since it began: the second
/// number in its `schedstat`, as in proc(5). `None` where the system does not say.
pub(crate) fn time_without() -> Option<Duration> {
    let numbers = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    numbers.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}
