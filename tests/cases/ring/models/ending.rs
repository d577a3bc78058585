//! A shutdown, against everything else.

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use queues::{GetError, PutError, TryGetError};

use super::Line;

pub(super) fn add_to(group: Group) -> Group {
    now(gently(group))
}

fn gently(group: Group) -> Group {
    let shut_down = |line: &Line| {
        line.do_something();
        line.ring.shutdown();
    };
    let is_refused = |line: &Line| {
        assert!(matches!(line.ring.put(1), Err(PutError::Shutdown(1))));
        line.sees_it();
    };
    let gets_nothing = |line: &Line| {
        assert_eq!(line.ring.get(), Err(GetError::Shutdown));
        line.sees_it();
    };
    group
        .scenario(
            Scenario::new(
                "shutdown-ends-get",
                "A thread that waits for an item is told, and sees what was done before.",
                Line::empty,
            )
            .role("gets", gets_nothing)
            .role("shuts down", shut_down)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("shutdown-ends-gets", "It ends all who wait.", Line::empty)
                .roles(2, "gets", gets_nothing)
                .role("shuts down", shut_down)
                .bound(Some(2))
                .spurious(0)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "shutdown-ends-put",
                "A thread that waits for a place gets the item back, and sees what was done before.",
                Line::full,
            )
            .role("puts", is_refused)
            .role("shuts down", shut_down)
            .check(|line| assert_eq!(line.ring.len(), 1))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("shutdown-ends-puts", "It ends all who wait.", Line::full)
                .roles(2, "puts", is_refused)
                .role("shuts down", shut_down)
                .bound(Some(2))
                .spurious(0)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("drained", "What is inside at a shutdown still comes out.", Line::empty)
                .role("puts, shuts down", |line| {
                    line.put(1);
                    line.ring.shutdown();
                })
                .role("gets all", Line::get_all)
                .check(|line| assert_eq!(line.out.sorted(), [1]))
                .bound(Some(3))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "shutdown-against-put",
                "An item that went in comes out; one that did not is given back.",
                Line::empty,
            )
            .role("puts", Line::put_or_take_back)
            .role("gets all", Line::get_all)
            .role("shuts down", |line| line.ring.shutdown())
            .check(|line| assert_eq!(line.out.sorted(), [1]))
            .bound(Some(2))
            .reaches([Slept, Woken, Named("went in"), Named("was given back")]),
        )
}

fn now(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "shutdown-now",
                "An item comes out, is left over, or is given back.",
                Line::empty,
            )
            .role("puts", Line::put_or_take_back)
            .role("gets", Line::get_one_or_none)
            .role("shuts down now", Line::empty_out)
            .check(|line| assert_eq!(line.out.sorted(), [1]))
            .bound(Some(2))
            .reaches([
                Slept,
                Woken,
                Named("was given back"),
                Named("came out"),
                Named("was left"),
            ]),
        )
        .scenario(
            Scenario::new("shutdown-now-twice", "What is left is left to one of them.", Line::full)
                .roles(2, "shuts down now", Line::empty_out)
                .role("gets", Line::get_one_or_none)
                .check(|line| assert_eq!(line.out.sorted(), [0]))
                .bound(Some(2))
                .reaches([Named("came out"), Named("was left")]),
        )
        .scenario(
            Scenario::new(
                "shutdown-now-at-once",
                "No thread sees a `put` refused and after that a `get` succeed.",
                || Line::of(2, [0]),
            )
            .role("puts, then gets", |line| {
                if line.ring.try_put(1).is_err() {
                    reached("was refused");
                    assert_eq!(line.ring.try_get(), Err(TryGetError::Shutdown));
                }
            })
            .role("shuts down now", Line::empty_out)
            .reaches([Named("was refused"), Named("was left")]),
        )
        .scenario(
            Scenario::new(
                "shutdown-now-at-one-look",
                "No thread sees the ring emptied and after that a `put` succeed.",
                || Line::of(2, [0]),
            )
            .role("looks, then puts", |line| {
                if line.ring.is_empty() {
                    reached("saw it empty");
                    assert!(line.ring.try_put(1).is_err());
                }
            })
            .role("shuts down now", Line::empty_out)
            .reaches([Named("saw it empty"), Named("was left")]),
        )
}
