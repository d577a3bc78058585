//! The chapter on choosing among queues.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::listings::{clerk, deaf_clerk};

const DEAF: &str = "book/listings/deaf_clerk.rs";
const HEARS: &str = "book/listings/clerk.rs";

struct Deaf {
    desk: deaf_clerk::Desk,
}

struct Hears {
    desk: clerk::Desk,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let listen = (HEARS, "self.bell.load(Acquire)");
    let ring = (HEARS, "self.bell.fetch_add(1, Release)");
    vec![
        Scenario::new("deaf-clerk", || Deaf { desk: deaf_clerk::Desk::new() })
            .thread(|office| assert_eq!(office.desk.take_any(), 7))
            .thread(|office| office.desk.put(1, 7))
            .shows(DEAF, "desk")
            .broken(Kind::LostWakeUp),
        Scenario::new("clerk", || Hears { desk: clerk::Desk::new() })
            .thread(|office| assert_eq!(office.desk.take_any(), 7))
            .thread(|office| office.desk.put(1, 7))
            .weak()
            .shows(HEARS, "desk")
            .toggle(listen, (Acquire, Relaxed), Broken(Kind::LostWakeUp))
            .toggle(ring, (Release, Relaxed), Broken(Kind::LostWakeUp))
            .right(),
    ]
}
