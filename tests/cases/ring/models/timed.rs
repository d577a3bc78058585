//! Timing out against being called.

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use queues::{GetTimeoutError, PutTimeoutError};

use super::{A_WHILE, Line};

pub(super) fn add_to(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("get-gives-up", "An item that comes too late stays inside.", Line::empty)
                .role("puts", |line| line.put(1))
                .role("may give up", |line| match line.ring.get_timeout(A_WHILE) {
                    Ok(item) => line.out.write(item),
                    Err(error) => {
                        assert_eq!(error, GetTimeoutError::Timeout);
                        reached("gave up");
                    }
                })
                .check(|line| assert_eq!(line.ring.len() + line.out.sorted().len(), 1))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("put-gives-up", "An item that finds no place comes back.", Line::full)
                .role("may give up", |line| match line.ring.put_timeout(1, A_WHILE) {
                    Ok(()) => reached("found a place"),
                    Err(error) => {
                        assert!(matches!(error, PutTimeoutError::Timeout(1)));
                        reached("gave up");
                    }
                })
                .role("gets", |line| assert_eq!(line.get(), 0))
                .reaches([Slept, Woken, TimedOut, Named("gave up"), Named("found a place")]),
        )
        .scenario(
            Scenario::new(
                "getter-swallows-no-call",
                "Of two who get, one may give up: then the other gets the item.",
                Line::empty,
            )
            .role("gets", |line| assert_eq!(line.get(), 1))
            .role("puts", |line| line.put(1))
            .role("may give up", |line| match line.ring.get_timeout(A_WHILE) {
                Ok(item) => line.put(item),
                Err(_) => reached("gave up"),
            })
            .bound(Some(1)) // at 2 they take minutes
            .spurious(0)
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "putter-swallows-no-call",
                "Of two who put, one may give up: then the other has the place.",
                Line::full,
            )
            .role("puts", |line| line.put(1))
            .role("gets", |line| assert_eq!(line.get(), 0))
            .role("may give up", |line| match line.ring.put_timeout(2, A_WHILE) {
                Ok(()) => line.get_one(),
                Err(_) => reached("gave up"),
            })
            .bound(Some(1)) // at 2 they take minutes
            .spurious(0)
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}
