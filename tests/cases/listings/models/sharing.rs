//! The listings of readers and writers, of what is made once, and of a thread with two queues.

#![expect(clippy::let_and_return, reason = "the binding names the word in a counterexample")]

use book::listings::{
    clerk, deaf_clerk, double_checked, kept_door, made_once, made_twice, open_door,
};
use model::Reach::{Named, Slept, Woken};
use model::report::Kind;
use model::{Group, Scenario, reached};
use primitives::sync::atomic::AtomicU32;

pub(super) fn add(group: Group) -> Group {
    trays(lazy(doors(group)))
}

fn doors(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "open-door",
                "The door is open to readers as long as one is inside: a late one is first.",
                || {
                    let door = open_door::OpenDoor::with_a_reader();
                    let price = AtomicU32::new(3);
                    (door, price)
                },
            )
            .role("leaves", |(door, _)| open_door::early_reader(door))
            .role("writes", |(door, price)| open_door::raise(door, price))
            .role("comes late", |(door, price)| open_door::late_reader(door, price))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("kept-door", "A writer at the door keeps later readers out.", || {
                let door = kept_door::KeptDoor::new();
                let price = AtomicU32::new(3);
                (door, price)
            })
            .role("writes", |(door, price)| kept_door::raise(door, price))
            .role("comes late", |(door, price)| {
                if door.is_awaited() {
                    reached("comes late");
                }
                kept_door::late_reader(door, price);
            })
            .bound(Some(2))
            .reaches([Named("comes late")]),
        )
        .scenario(
            Scenario::new(
                "reads-twice",
                "A reader reads again, behind the writer that waits for it.",
                || {
                    let door = kept_door::KeptDoor::new();
                    door
                },
            )
            .role("reads twice", kept_door::reads_twice)
            .role("writes", |door| {
                door.write();
                door.stop_writing();
            })
            .must_fail(Kind::Endless),
        )
}

fn lazy(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("made-twice", "Both find that it is not there, and make it.", || {
                let lazy = made_twice::Lazy::new();
                lazy
            })
            .roles(2, "asks", |lazy| _ = lazy.get())
            .check(|lazy| assert_eq!(lazy.get(), 42, "it was made twice"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "double-checked",
                "The flag is there, and the value is not there yet.",
                || {
                    let lazy = double_checked::Lazy::new();
                    lazy
                },
            )
            .roles(2, "asks", |lazy| assert_eq!(lazy.get(), 42, "it is not there"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("made-once", "The flag brings the value along.", || {
                let lazy = made_once::Lazy::new();
                lazy
            })
            .roles(2, "asks", |lazy| assert_eq!(lazy.get(), 42, "it is not there")),
        )
}

fn trays(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("deaf-clerk", "The bell was rung between look and sleep.", || {
                let desk = deaf_clerk::Desk::new();
                desk
            })
            .role("takes", |desk| assert_eq!(desk.take_any(), 7))
            .role("puts", |desk| desk.put(1, 7))
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new("clerk", "It listens before it looks, and misses no ring.", || {
                let desk = clerk::Desk::new();
                desk
            })
            .role("takes", |desk| assert_eq!(desk.take_any(), 7))
            .role("puts", |desk| desk.put(1, 7))
            .reaches([Slept, Woken]),
        )
}
