//! Structures without a lock: a top that came back, a place that is not filled yet, and the ring
//! that ships.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use queues::Ring;

use crate::listings::bare_top::BareStack;
use crate::listings::lockers::{Lockers, take_two_give_one_back};
use crate::listings::tagged_lockers::{self, TaggedLockers};

const LOCKERS: &str = "book/listings/lockers.rs";
const BARE: &str = "book/listings/bare_top.rs";
const TAGGED: &str = "book/listings/tagged_lockers.rs";
const RING: &str = "queues/src/ring.rs";

struct Station {
    lockers: Lockers,
}

struct Shelf {
    stack: BareStack,
}

struct Tagged {
    lockers: TaggedLockers,
}

struct Belt {
    ring: Ring<u32>,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let filled = (RING, "slot.stamp.load(Acquire) != head + FILLED");
    let fill = (RING, "slot.stamp.store(position | FILLED, Release)");
    vec![
        Scenario::new("aba", || Station { lockers: Lockers::new() })
            .thread(|station| _ = station.lockers.take())
            .thread(|station| take_two_give_one_back(&station.lockers))
            .check(|station| {
                let free = station.lockers.free();
                assert_eq!(free, 1, "two lockers are taken, so one is free");
            })
            .shows(LOCKERS, "lockers")
            .shows(LOCKERS, "two-at-once")
            .broken(Kind::Assertion),
        Scenario::new("bare-top", || Shelf { stack: BareStack::new() })
            .thread(|shelf| shelf.stack.push(7))
            .thread(|shelf| _ = shelf.stack.pop())
            .shows(BARE, "stack")
            .broken(Kind::Assertion),
        Scenario::new("tagged", || Tagged { lockers: TaggedLockers::new() })
            .thread(|station| _ = station.lockers.take())
            .thread(|station| tagged_lockers::take_two_give_one_back(&station.lockers))
            .check(|station| {
                let free = station.lockers.free();
                assert_eq!(free, 1, "two lockers are taken, so one is free");
            })
            .shows(TAGGED, "lockers")
            .shows(TAGGED, "two-at-once")
            .right(),
        Scenario::new("ring", || Belt { ring: Ring::bounded(1) })
            // ANCHOR: ring
            .thread(|belt| assert_eq!(belt.ring.try_put(7), Ok(())))
            .thread(|belt| assert!(matches!(belt.ring.try_get(), Ok(7) | Err(_))))
            // ANCHOR_END: ring
            .weak()
            .shows("book/scenarios/ring.rs", "ring")
            .shows(RING, "try-put")
            .shows(RING, "try-get")
            .shows(RING, "slot")
            .shows(RING, "await-change")
            .toggle(filled, (Acquire, Relaxed), Broken(Kind::Race))
            .toggle(fill, (Release, Relaxed), Broken(Kind::Race))
            .right(),
    ]
}
