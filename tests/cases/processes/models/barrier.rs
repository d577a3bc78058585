//! The barrier: all pass, or all learn that one can no longer come.

use std::time::Duration;

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use processes::{SharedBarrier, process};

use super::{MORTAL, OTHER, alive, mortal};

/// Longer than a waiter sleeps before it looks for the dead.
const A_WHILE: Duration = Duration::from_millis(30);

fn of_two() -> std::io::Result<SharedBarrier> {
    SharedBarrier::new(2)
}

pub(super) fn add(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("barrier-two-pass", "Both pass, and one of them leads.", || {
                alive(of_two())
            })
            .role("comes", |barrier| assert!(barrier.0[MORTAL].wait().is_ok()))
            .role("comes as well", |barrier| assert!(barrier.0[OTHER].wait().is_ok()))
            .check(|barrier| {
                assert!(!barrier.0[MORTAL].is_broken() && barrier.0[MORTAL].n_waiting() == 0)
            })
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "barrier-one-dies",
                "The other passes, or learns that it never will; it does not hang.",
                || mortal(of_two()),
            )
            .mortal()
            .role("comes, and may be killed", |barrier| {
                if process(|| _ = barrier.0[MORTAL].wait()) {
                    reached("killed");
                }
            })
            .role("comes as well", |barrier| {
                // If the dead one never was a member, only time tells.
                if barrier.0[OTHER].wait_timeout(A_WHILE).is_err() {
                    reached("broken");
                    assert!(barrier.0[OTHER].is_broken());
                }
            })
            .bound(Some(2))
            .reaches([Named("killed"), Named("broken"), Slept]),
        )
}
