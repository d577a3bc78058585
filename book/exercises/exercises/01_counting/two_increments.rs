//! Two threads count, and one count gets lost now and then. Python has the same mistake:
//! `count += 1` reads, adds and writes.
//!
//! Mend `increment`: one operation that cannot be interrupted.
//!
//! The judge says now: panic

use model::{Group, Scenario};
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Counts one more.
fn increment(count: &AtomicU32) {
    // TODO: mend this.
    // Relaxed: only the count itself matters.
    let before = count.load(Relaxed);
    count.store(before + 1, Relaxed);
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
