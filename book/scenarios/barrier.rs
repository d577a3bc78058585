//! The chapter on the barrier.

use explorer::scenario::{Builder, Expected::Broken};
use explorer::{Kind, Scenario};
use primitives::Barrier;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::listings::halves::{Half, compute};
use crate::listings::turnstile::Turnstile;

const FILE: &str = "primitives/src/barrier.rs";
const WAIT: &str = "primitives/src/barrier/wait.rs";

struct Door {
    turnstile: Turnstile,
}

struct Rounds {
    barrier: Barrier,
}

struct Studio {
    left: Half,
    right: Half,
    done: Barrier,
}

fn with_barrier<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    scenario
        .shows(WAIT, "arrive")
        .shows(FILE, "update")
        .shows(FILE, "ring")
        .shows(WAIT, "wait-inside")
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let update = (FILE, "compare_exchange_weak(word, new, AcqRel, Relaxed)");
    let let_go = (WAIT, "let word = self.word.load(Acquire)");
    let turnstile = Scenario::new("turnstile", || Door { turnstile: Turnstile::new(2) })
        // ANCHOR: two-rounds
        .threads(2, |door| {
            door.turnstile.wait();
            door.turnstile.wait();
        })
        // ANCHOR_END: two-rounds
        .shows("book/scenarios/barrier.rs", "two-rounds")
        .shows("book/listings/turnstile.rs", "turnstile");
    let rounds = Scenario::new("barrier", || Rounds { barrier: Barrier::new(2) })
        .asleep(1)
        // ANCHOR: rounds
        .threads(2, |rounds| {
            rounds.barrier.wait().expect("no thread breaks it");
            rounds.barrier.wait().expect("no thread breaks it");
        })
        // ANCHOR_END: rounds
        .shows("book/scenarios/barrier.rs", "rounds");
    let make = || Studio { left: Half::new(), right: Half::new(), done: Barrier::new(2) };
    let see = |half| assert_eq!(half, 1, "the other half is missing");
    let halves = Scenario::new("halves", make)
        .thread(move |studio| see(compute(&studio.left, &studio.right, &studio.done)))
        .thread(move |studio| see(compute(&studio.right, &studio.left, &studio.done)))
        .shows("book/listings/halves.rs", "compute")
        .shows("book/listings/halves.rs", "half");
    vec![
        turnstile.broken(Kind::LostWakeUp),
        with_barrier(rounds).right(),
        with_barrier(halves)
            .toggle(update, (AcqRel, Relaxed), Broken(Kind::Race))
            .toggle(let_go, (Acquire, Relaxed), Broken(Kind::Race))
            .right(),
    ]
}
