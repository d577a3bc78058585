//! Two threads count, and one count gets lost now and then. Python has the same mistake:
//! `count += 1` reads, adds and writes.
//!
//! Mend `increment`: one operation that cannot be interrupted.

use model::{Group, Scenario};
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Counts one more.
fn increment(count: &AtomicU32) {
    count.fetch_add(1, Relaxed); // Relaxed: only the count itself matters.
}

// The judge. Leave it as it is.

#[expect(clippy::let_and_return, reason = "the name is shown")]
pub(crate) fn judge() -> Group {
    Group::new("two_increments").scenario(
        Scenario::new("two-count", "Two threads count once each: the count is 2.", || {
            let count = AtomicU32::new(0);
            count
        })
        .roles(2, "counts", increment)
        .check(|count| assert_eq!(count.load(Relaxed), 2, "one is lost")),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
