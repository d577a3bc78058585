//! Players report their points, and the highest score is kept. Sometimes a lower one is left.
//!
//! Mend `report`. There is an operation for it, or a loop with `compare_exchange`.
//!
//! The judge says now: panic

use model::{Group, Scenario};
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Keeps the higher score.
fn report(highest: &AtomicU32, points: u32) {
    // TODO: mend this.
    // Relaxed, both: only the score itself matters.
    if points > highest.load(Relaxed) {
        highest.store(points, Relaxed);
    }
}

// The judge. Leave it as it is.

#[expect(clippy::let_and_return, reason = "the name is shown")]
pub(crate) fn judge() -> Group {
    Group::new("high_score").scenario(
        Scenario::new("two-players", "One has 30 points, one has 50: 50 is kept.", || {
            let highest = AtomicU32::new(0);
            highest
        })
        .role("has 30", |highest| report(highest, 30))
        .role("has 50", |highest| report(highest, 50))
        .check(|highest| assert_eq!(highest.load(Relaxed), 50, "the highest score is lost")),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
