//! The words of a pool's calls: a call is begun, or taken back, never both.

use model::Reach::Named;
use model::{Group, Scenario, reached};
use processes::{Slots, process};
use tests::model::Watched;

/// A call on its way from the pool to a worker.
struct Call {
    slots: Slots,
    arguments: Watched,
    runs: Watched,
}

fn sent() -> Call {
    Call { slots: Slots::default(), arguments: Watched::new(0), runs: Watched::new(0) }
}

pub(super) fn add(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("pool-begin-or-withdraw", "A call runs here, or somewhere else.", || {
                let call = sent();
                call.arguments.set(7);
                call.slots.queue(3);
                call
            })
            .role("the worker", |call| {
                if call.slots.begin(3) {
                    reached("begun");
                    call.runs.add(call.arguments.get());
                }
            })
            .role("the pool", |call| {
                if call.slots.withdraw(3) {
                    reached("withdrawn");
                    call.runs.add(call.arguments.get());
                }
            })
            .check(|call| assert_eq!(call.runs.get(), 7, "once"))
            .reaches([Named("begun"), Named("withdrawn")]),
        )
        .scenario(
            Scenario::new(
                "pool-worker-dies",
                "A call that the dead worker has not begun goes to another, and no other does.",
                || {
                    let call = sent();
                    call.slots.queue(3);
                    call
                },
            )
            .mortal()
            .role("the worker, which may be killed", |call| {
                process(|| {
                    if call.slots.begin(3) {
                        call.runs.add(1);
                    }
                });
            })
            .check(|call| {
                let (begun, again) = (call.slots.has_begun(3), call.slots.withdraw(3));
                assert!(begun != again, "one or the other");
                assert!(call.runs.get() == 0 || begun, "a call that ran is not repeated");
                reached(if begun { "died with it" } else { "goes to another" });
            })
            .reaches([Named("died with it"), Named("goes to another")]),
        )
}
