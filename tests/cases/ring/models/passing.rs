//! Items pass from putters to getters.

use model::Reach::{Named, Slept, Woken, WordChanged};
use model::{Group, Scenario, reached};

use super::Line;

pub(super) fn add_to(group: Group) -> Group {
    three_threads(two_threads(group))
}

fn two_threads(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-item", "An item is handed over, whichever thread comes first.", Line::empty)
                .role("puts", |line| line.put(1))
                .role("gets", |line| assert_eq!(line.get(), 1))
                .reaches([Slept, Woken, WordChanged]),
        )
        .scenario(
            Scenario::new("spinning", "The same, with a look before the sleep.", Line::full)
                .role("puts", |line| line.put(1))
                .role("gets two", |line| assert_eq!([line.get(), line.get()], [0, 1]))
                .bound(Some(2))
                .spurious(0)
                .spinning()
                .reaches([Slept, Woken, WordChanged]),
        )
        .scenario(
            Scenario::new("one-to-one", "Two items through one place, in order.", Line::empty)
                .role("puts two", |line| (1..=2).for_each(|item| line.put(item)))
                .role("gets two", |line| assert_eq!([line.get(), line.get()], [1, 2]))
                .bound(Some(2))
                .reaches([Slept, Woken, WordChanged]),
        )
        .scenario(
            Scenario::new(
                "wipes-a-getters-note",
                "A getter leaves a note just when a putter wipes away what it takes for an old one.",
                || Line::of(2, []).with_a_note_in_the_tail(),
            )
            .role("puts two", |line| (1..=2).for_each(|item| line.put(item)))
            .role("gets two", |line| assert_eq!([line.get(), line.get()], [1, 2]))
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "wipes-a-putters-note",
                "A putter leaves a note just when a getter wipes away what it takes for an old one.",
                || Line::of(2, [1, 2]).with_a_note_in_the_head(),
            )
            .role("puts two", |line| (3..=4).for_each(|item| line.put(item)))
            .role("gets two", |line| assert_eq!([line.get(), line.get()], [1, 2]))
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("tries", "A try takes what is there, and never waits.", Line::empty)
                .role("tries to put", |line| {
                    if line.ring.try_put(1).is_ok() && line.ring.try_put(2).is_err() {
                        reached("found it full");
                    }
                })
                .role("tries to get", |line| match line.ring.try_get() {
                    Ok(item) => assert_eq!(item, 1),
                    Err(_) => reached("found it empty"),
                })
                .check(|line| assert!(line.ring.len() <= 1))
                .spinning()
                .reaches([Named("found it full"), Named("found it empty")]),
        )
}

fn three_threads(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("two-to-one", "Two put, one gets, through one place.", Line::empty)
                .role("puts 1", |line| line.put(1))
                .role("puts 2", |line| line.put(2))
                .role("gets", Line::get_one)
                .check(|line| {
                    line.get_one();
                    assert_eq!(line.out.sorted(), [1, 2]);
                })
                .bound(Some(2))
                .spurious(0)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "two-to-one-of-two",
                "Two put, one gets, through two places of which one is taken.",
                || Line::of(2, [0]),
            )
            .role("puts 1", |line| line.put(1))
            .role("puts 2", |line| line.put(2))
            .role("gets", |line| assert_eq!(line.get(), 0))
            .check(|line| assert_eq!(line.get() + line.get(), 3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("one-to-two", "One puts, two get, through one place.", Line::full)
                .role("puts", |line| line.put(1))
                .roles(2, "gets one", Line::get_one)
                .check(|line| assert_eq!(line.out.sorted(), [0, 1]))
                .bound(Some(2))
                .spurious(0)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "one-to-two-of-two",
                "One puts, two get, through two places of which one is taken.",
                || Line::of(2, [0]),
            )
            .role("puts", |line| line.put(1))
            .roles(2, "gets one", Line::get_one)
            .check(|line| assert_eq!(line.out.sorted(), [0, 1]))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "tries-of-three",
                "The winner of a place has it, and the others are told the truth.",
                Line::empty,
            )
            .roles(2, "tries to put", |line| {
                if line.ring.try_put(1).is_err() {
                    reached("found it full");
                }
            })
            .role("tries to get", |line| {
                if line.ring.try_get().is_ok() {
                    reached("got one");
                }
            })
            .check(|line| assert!(line.ring.len() <= 1 && line.ring.unfinished() <= 2))
            .reaches([Named("found it full"), Named("got one")]),
        )
}
