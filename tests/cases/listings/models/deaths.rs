//! The lock whose owner is killed, before any of its steps.

use book::listings::killed_owner::{Shared, kernel, other, owner};
use model::Reach::{Named, Slept, Woken};
use model::report::Kind;
use model::{Draft, Group, Scenario, may_die, reached};

pub(super) fn add(group: Group) -> Group {
    group
        .scenario(killed("killed-owner", true).reaches([Named("killed"), Slept, Woken]))
        .scenario(killed("killed-unannounced", false).must_fail(Kind::LostWakeUp))
}

#[expect(clippy::let_and_return, reason = "the binding names the word in a counterexample")]
fn killed(name: &'static str, announces: bool) -> Draft<Shared> {
    Scenario::new(name, "The owner may be killed at any step; the other goes on.", || {
        let lock = Shared::new();
        lock
    })
    .mortal()
    .role("owns, and may be killed", move |lock| {
        if may_die(|| owner(lock, announces)) {
            reached("killed");
            kernel(lock);
        }
    })
    .role("comes after", other)
}
