//! A lock whose owner is killed at any step: with a gap in what it tells the kernel, and without.

use explorer::scenario::Builder;
use explorer::{Kind, Scenario};

use crate::listings::killed_owner::{Shared, kernel, other, owner};

const FILE: &str = "book/listings/killed_owner.rs";

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        killed("killed-unannounced", false).broken(Kind::Deadlock),
        killed("killed-owner", true).right(),
    ]
}

#[expect(clippy::redundant_closure, reason = "the lines are shown as the program")]
fn killed(name: &'static str, announces: bool) -> Builder<Shared> {
    Scenario::new(name, Shared::new)
        // ANCHOR: killed
        .thread(move |shared| owner(shared, announces))
        .killable(|shared| kernel(shared))
        .thread(|shared| other(shared))
        // ANCHOR_END: killed
        .shows("book/scenarios/processes.rs", "killed")
        .shows(FILE, "owner")
        .shows(FILE, "kernel")
        .shows(FILE, "other")
}
