//! The event: a `set` reaches every waiter, whichever process dies.

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use processes::{SharedEvent, process};
use tests::model::Watched;

use super::{HEIR, Handles, MORTAL, OTHER, alive, mortal};

/// An event, and what is done before it is set.
struct Gate {
    event: Handles<SharedEvent>,
    work: Watched,
}

fn gate() -> Gate {
    Gate { event: alive(SharedEvent::new()), work: Watched::new(0) }
}

fn mortal_gate() -> Gate {
    Gate { event: mortal(SharedEvent::new()), work: Watched::new(0) }
}

pub(super) fn add(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("event-set", "A waiter sees what was done before the set.", gate)
                .role("sets", |gate| {
                    gate.work.set(1);
                    gate.event.0[MORTAL].set();
                })
                .role("waits", |gate| {
                    gate.event.0[OTHER].wait();
                    assert_eq!(gate.work.get(), 1);
                })
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "event-set-and-clear",
                "A set reaches a waiter even if a clear follows at once.",
                gate,
            )
            .role("sets, clears, sets", |gate| {
                gate.event.0[MORTAL].set();
                gate.event.0[MORTAL].clear();
                gate.event.0[MORTAL].set();
            })
            .role("waits", |gate| gate.event.0[OTHER].wait())
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "event-setter-dies",
                "Another sets what a dead one may have.",
                mortal_gate,
            )
            .mortal()
            .role("sets, and may be killed", |gate| {
                if process(|| gate.event.0[MORTAL].set()) {
                    reached("killed");
                    gate.event.0[HEIR].set();
                }
            })
            .role("waits", |gate| gate.event.0[OTHER].wait())
            .reaches([Named("killed"), Slept, Woken]),
        )
        .scenario(
            Scenario::new("event-waiter-dies", "A set does not wait for the dead.", mortal_gate)
                .mortal()
                .role("waits, and may be killed", |gate| {
                    if process(|| gate.event.0[MORTAL].wait()) {
                        reached("killed");
                    }
                })
                .role("sets", |gate| gate.event.0[OTHER].set())
                .check(|gate| assert!(gate.event.0[MORTAL].is_set()))
                .reaches([Named("killed"), Slept]),
        )
}
