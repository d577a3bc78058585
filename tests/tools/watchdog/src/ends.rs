//! When and how a test program that hangs is ended.

use std::time::Duration;

/// How long a test program may take, if the environment does not say: some ten times what the slowest does.
pub const LIMIT: Duration = Duration::from_secs(300);

/// What the program ends with: the status that libtest has for tests that failed.
pub const STATUS: i32 = 101;
