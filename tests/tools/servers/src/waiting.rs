//! Waiting for a state of a server.

use std::time::{Duration, Instant};

/// More than any machine needs; a test that waits this long has failed.
pub const LONG: Duration = Duration::from_secs(60);

/// Waits until it holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {LONG:?}: {what}");
        std::thread::sleep(Duration::from_millis(2)); // between two looks at a server
    }
}
