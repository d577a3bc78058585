//! Waiting for a state of a server, and how much a test does.

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

/// The number that an environment variable gives, or `otherwise`: how much a test does.
#[must_use]
pub fn number<N: std::str::FromStr>(variable: &str, otherwise: N) -> N {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
