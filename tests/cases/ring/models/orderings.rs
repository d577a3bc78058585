//! What one thread sees of another: small scenarios, each for one or two of the ring's orderings.

use model::Reach::Named;
use model::{Group, Scenario, reached};
use queues::{TryGetError, TryPutError};

use super::Line;

pub(super) fn add_to(group: Group) -> Group {
    counting(told_of_a_shutdown(group))
}

/// A thread that learns of a shutdown from a non-blocking call sees what was done before it.
fn told_of_a_shutdown(group: Group) -> Group {
    let try_put = |line: &Line| {
        if line.ring.try_put(2) == Err(TryPutError::Shutdown(2)) {
            reached("was told");
            line.sees_it();
        }
    };
    let try_get = |line: &Line| {
        if line.ring.try_get() == Err(TryGetError::Shutdown) {
            reached("was told");
            line.sees_it();
        }
    };
    let shut_down = |line: &Line| {
        line.do_something();
        line.ring.shutdown();
    };
    let shut_down_now = |line: &Line| {
        line.do_something();
        line.ring.shutdown_now();
    };
    group
        .scenario(
            Scenario::new("put-is-told", "By the tail.", Line::empty)
                .role("puts, perhaps", try_put)
                .role("shuts down", shut_down)
                .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new(
                "put-is-told-late",
                "By a tail that has a note in it, and that others have moved.",
                || Line::empty().with_a_note_in_the_tail(),
            )
            .role("puts, perhaps", try_put)
            .role("puts, shuts down", move |line| {
                _ = line.ring.try_put(1);
                shut_down(line);
            })
            .bound(Some(2))
            .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new(
                "put-is-told-in-passing",
                "By an exchange of the tail that fails.",
                || Line::empty().with_a_note_in_the_tail(),
            )
            .role("puts, perhaps", try_put)
            .role("shuts down", shut_down)
            .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new("put-is-told-by-the-head", "By the head, before the tail.", Line::full)
                .role("puts, perhaps", try_put)
                .role("shuts down now", shut_down_now)
                .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new(
                "get-is-told",
                "By the tail, where the head has come to it.",
                Line::empty,
            )
            .role("gets, perhaps", try_get)
            .role("shuts down", shut_down)
            .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new("get-is-told-by-the-head", "By the head.", Line::full)
                .role("gets, perhaps", try_get)
                .role("shuts down now", shut_down_now)
                .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new(
                "get-is-told-late",
                "By a head that has a note in it, and that others have moved.",
                || Line::full().with_a_note_in_the_head(),
            )
            .role("gets, perhaps", try_get)
            .role("gets, shuts down now", move |line| {
                _ = line.ring.try_get();
                shut_down_now(line);
            })
            .bound(Some(2))
            .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new(
                "get-is-told-in-passing",
                "By an exchange of the head that fails.",
                || Line::full().with_a_note_in_the_head(),
            )
            .role("gets, perhaps", try_get)
            .role("shuts down now", shut_down_now)
            .reaches([Named("was told")]),
        )
        .scenario(
            Scenario::new("asks", "By `is_shutdown`.", Line::empty)
                .role("asks", |line| {
                    if line.ring.is_shutdown() {
                        reached("was told");
                        line.sees_it();
                    }
                })
                .role("shuts down", shut_down)
                .reaches([Named("was told")]),
        )
}

/// Numbers that are computed from two cursors belong to one moment.
fn counting(group: Group) -> Group {
    /// Puts an item in and takes it out again.
    fn turn(line: &Line) {
        line.ring.try_put(1).expect("there is a place");
        line.ring.try_get().expect("there is an item");
    }
    group
        .scenario(
            Scenario::new("len", "Never more items than places.", Line::empty)
                .role("puts and gets", |line| (0..2).for_each(|_| turn(line)))
                .role("looks", |line| match line.ring.len() {
                    0 => reached("empty"),
                    1 => reached("full"),
                    len => panic!("{len} items in one place"),
                })
                .check(|line| {
                    let state = format!("{:?}", line.ring);
                    assert!(state.contains("len: 0, unfinished: 2, shut_down: false"), "{state}");
                })
                .reaches([Named("empty"), Named("full")]),
        )
        .scenario(
            Scenario::new("unfinished", "Never more unfinished than there were.", Line::empty)
                .role("puts, gets, is done", |line| {
                    for _ in 0..2 {
                        turn(line);
                        line.ring.task_done().expect("there was an item");
                    }
                })
                .role("looks", |line| match line.ring.unfinished() {
                    0 => reached("none"),
                    1 => reached("one"),
                    unfinished => panic!("{unfinished} items, one at a time"),
                })
                .reaches([Named("none"), Named("one")]),
        )
        .scenario(
            Scenario::new(
                "done-before-its-time",
                "A getter may say that its item is done, though a later one was done first.",
                || Line::of(2, [0]),
            )
            .roles(1, "gets, is done", |line| {
                line.get();
                line.ring.task_done().expect("an item that was got was put");
            })
            .role("puts, gets, is done", |line| {
                line.put(1);
                line.get();
                line.ring.task_done().expect("an item that was got was put");
            }),
        )
        .scenario(
            Scenario::new(
                "joins-late",
                "A thread that finds one item unfinished, and then another, is told of the end of both.",
                Line::full,
            )
            .role("works, puts, works", |line| {
                line.ring.try_get().expect("there is an item");
                line.ring.task_done().expect("it was put");
                turn(line);
                line.ring.task_done().expect("it was put");
            })
            .role("joins", |line| line.ring.join())
            .bound(Some(3)),
        )
}
