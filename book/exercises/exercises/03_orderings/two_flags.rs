//! Each thread raises its flag and looks at the other's. At least one must see a raised flag. On
//! every machine that you are likely to have, both can miss it.
//!
//! Mend `raise_and_look`.
//!
//! The judge says now: panic

use model::{Group, Scenario};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};

/// Raises one's own flag. Returns whether the other one is up.
fn raise_and_look(mine: &AtomicBool, other: &AtomicBool) -> bool {
    // TODO: mend this.
    mine.store(true, Release); // Release: pairs with the Acquire below, in the other thread.
    other.load(Acquire) // Acquire: pairs with the Release above, in the other thread.
}

// The judge. Leave it as it is.

struct Flags {
    a: AtomicBool,
    b: AtomicBool,
    seen: AtomicU32,
}

impl Flags {
    fn note(&self, seen: bool) {
        self.seen.fetch_add(u32::from(seen), Relaxed); // Relaxed: read when both have ended
    }
}

pub(crate) fn judge() -> Group {
    Group::new("two_flags").scenario(
        Scenario::new("two-look", "At least one of them sees a raised flag.", || Flags {
            a: AtomicBool::new(false),
            b: AtomicBool::new(false),
            seen: AtomicU32::new(0),
        })
        .role("raises a", |flags| flags.note(raise_and_look(&flags.a, &flags.b)))
        .role("raises b", |flags| flags.note(raise_and_look(&flags.b, &flags.a)))
        .check(|flags| assert_ne!(flags.seen.load(Relaxed), 0, "neither has seen the other's")),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
