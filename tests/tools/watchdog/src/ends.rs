//! When and how a test program that hangs is ended.

use std::time::Duration;

/// How long a test program may take, if the environment does not say: about ten times the slowest.
pub const LIMIT: Duration = Duration::from_secs(300);

/// The program's exit status: libtest's status for failed tests.
pub const STATUS: i32 = 101;
