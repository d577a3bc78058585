//! Real servers for tests: each on a free port of this machine, in a folder of its own, and ended
//! with the test.
//!
//! Where a server is not installed, its `start` prints a line that says so and returns `None`, and
//! the test is over.
//!
//! | module     | idea                                         |
//! | ---------- | -------------------------------------------- |
//! | [`redis`]  | `redis-server`                               |
//! | [`celery`] | Python's workers and programs                |

#![allow(clippy::missing_panics_doc)] // a test panics when it fails

pub mod celery;
pub mod redis;

use std::time::{Duration, Instant};

pub use celery::{Python, python};
pub use redis::Redis;

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
