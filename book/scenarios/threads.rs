//! Threads that wait for the end of another one, or do not.

use std::cell::Cell;

use explorer::{Kind, Scenario};
use primitives::sync::atomic::{AtomicBool, AtomicU32};

use crate::listings::{after_the_end, too_early};

const EARLY: &str = "book/listings/too_early.rs";
const JOINED: &str = "book/listings/after_the_end.rs";

/// A's report is not part of the program: only the check reads it.
struct Shared {
    words: AtomicU32,
    reported: Cell<u32>,
}

struct Joined {
    words: AtomicU32,
    ended: AtomicBool,
    reported: Cell<u32>,
}

fn is_all(reported: u32) {
    assert_eq!(reported, 6, "A has reported {reported} words, and there are 6");
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("too-early", || Shared { words: AtomicU32::new(0), reported: Cell::new(0) })
            .thread(|shared| shared.reported.set(too_early::report(&shared.words)))
            .thread(|shared| too_early::count(&shared.words))
            .check(|shared| is_all(shared.reported.get()))
            .shows(EARLY, "threads")
            .broken(Kind::Assertion),
        Scenario::new("after-the-end", || Joined {
            words: AtomicU32::new(0),
            ended: AtomicBool::new(false),
            reported: Cell::new(0),
        })
        .thread(|shared| shared.reported.set(after_the_end::report(&shared.words, &shared.ended)))
        .thread(|shared| after_the_end::count(&shared.words, &shared.ended))
        .check(|shared| is_all(shared.reported.get()))
        .weak()
        .shows(JOINED, "threads")
        .right(),
    ]
}
