//! A barrier for two threads, used twice. The last one to arrive lets the other go, and is back
//! before that one has looked.
//!
//! Mend it: give the barrier a second word that counts the rounds.
//!
//! The judge says now: lost wake-up

use model::{Group, Scenario};
use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Release};

const PARTIES: u32 = 2;

struct Barrier {
    arrived: AtomicU32,
    // TODO: mend this.
}

impl Barrier {
    fn new() -> Self {
        Self { arrived: AtomicU32::new(0) }
    }

    fn wait(&self) {
        // AcqRel: pairs with itself, so that each thread sees what all did before they came.
        if self.arrived.fetch_add(1, AcqRel) + 1 == PARTIES {
            self.arrived.store(0, Release); // Release: pairs with the Acquire below.
            park::wake_all(&raw const self.arrived);
            return;
        }
        loop {
            let arrived = self.arrived.load(Acquire); // Acquire: pairs with the Release above.
            if arrived == 0 {
                return;
            }
            park::wait(&self.arrived, arrived, None);
        }
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("barrier").scenario(
        Scenario::new("two-rounds", "Two threads meet twice.", Barrier::new).roles(
            2,
            "meets twice",
            |barrier| {
                barrier.wait();
                barrier.wait();
            },
        ),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
