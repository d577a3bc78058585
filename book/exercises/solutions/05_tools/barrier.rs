//! A barrier for two threads, used twice. The last one to arrive lets the other go, and is back
//! before that one has looked.
//!
//! Mend it: give the barrier a second word that counts the rounds.

use model::{Group, Scenario};
use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Release};

const PARTIES: u32 = 2;

struct Barrier {
    arrived: AtomicU32,
    rounds: AtomicU32,
}

impl Barrier {
    fn new() -> Self {
        Self { arrived: AtomicU32::new(0), rounds: AtomicU32::new(0) }
    }

    fn wait(&self) {
        // Acquire, here and below: pairs with the Release in the thread that comes last.
        let round = self.rounds.load(Acquire);
        // AcqRel: pairs with itself, so that each thread sees what all did before they came.
        if self.arrived.fetch_add(1, AcqRel) + 1 == PARTIES {
            self.arrived.store(0, Release); // Release: for the next round, which the other one joins later.
            self.rounds.fetch_add(1, Release); // Release: pairs with the Acquires.
            park::wake_all(&raw const self.rounds);
            return;
        }
        while self.rounds.load(Acquire) == round {
            park::wait(&self.rounds, round, None);
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
