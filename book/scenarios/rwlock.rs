//! The chapter on readers and writers.

use explorer::{Kind, Scenario};
use primitives::sync::atomic::AtomicU32;

use crate::listings::{kept_door, open_door};

const OPEN: &str = "book/listings/open_door.rs";
const KEPT: &str = "book/listings/kept_door.rs";

struct Shop<D> {
    door: D,
    price: AtomicU32,
}

struct Hall {
    door: kept_door::KeptDoor,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let open = || Shop { door: open_door::OpenDoor::with_a_reader(), price: AtomicU32::new(3) };
    let kept = || Shop { door: kept_door::KeptDoor::with_a_reader(), price: AtomicU32::new(3) };
    vec![
        Scenario::new("open-door", open)
            .thread(|shop| open_door::early_reader(&shop.door))
            .thread(|shop| open_door::raise(&shop.door, &shop.price))
            .thread(|shop| open_door::late_reader(&shop.door, &shop.price))
            .shows(OPEN, "door")
            .shows(OPEN, "threads")
            .broken(Kind::Assertion),
        Scenario::new("kept-door", kept)
            .thread(|shop| kept_door::early_reader(&shop.door))
            .thread(|shop| kept_door::raise(&shop.door, &shop.price))
            .thread(|shop| kept_door::late_reader(&shop.door, &shop.price))
            .shows(KEPT, "door")
            .shows(KEPT, "threads")
            .right(),
        Scenario::new("reads-twice", || Hall { door: kept_door::KeptDoor::new() })
            .thread(|hall| kept_door::reads_twice(&hall.door))
            // ANCHOR: writes
            .thread(|hall| {
                hall.door.write();
                hall.door.stop_writing();
            })
            // ANCHOR_END: writes
            .shows("book/scenarios/rwlock.rs", "writes")
            .shows(KEPT, "twice")
            .shows(KEPT, "door")
            .broken(Kind::Endless),
    ]
}
