//! The semaphore: permits of the dead come back, and no other permit is made or lost.

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use processes::{SharedSemaphore, process};
use tests::model::Watched;

use super::{Handles, MORTAL, OTHER, alive, mortal};

/// A semaphore with one permit, and what it protects.
struct Room {
    seats: Handles<SharedSemaphore>,
    inside: Watched,
}

impl Room {
    fn new(seats: Handles<SharedSemaphore>) -> Self {
        Self { seats, inside: Watched::new(0) }
    }

    fn enter(&self, who: usize) {
        let permit = self.seats.0[who].acquire();
        self.inside.add(1);
        drop(permit);
    }
}

fn one_seat() -> std::io::Result<SharedSemaphore> {
    SharedSemaphore::new(1)
}

pub(super) fn add(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("semaphore-two-enter", "One at a time, and each wake-up comes.", || {
                Room::new(alive(one_seat()))
            })
            .role("enters", |room| room.enter(MORTAL))
            .role("enters as well", |room| room.enter(OTHER))
            .check(|room| assert_eq!((room.inside.get(), room.seats.0[MORTAL].available()), (2, 1)))
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "semaphore-holder-dies",
                "The permit of a dead process goes to the next.",
                || Room::new(mortal(one_seat())),
            )
            .mortal()
            .role("enters, and may be killed", |room| {
                if process(|| drop(room.seats.0[MORTAL].acquire())) {
                    reached("killed");
                }
            })
            .role("comes after", |room| drop(room.seats.0[OTHER].acquire()))
            .check(|room| {
                room.seats.0[OTHER].reclaim();
                assert_eq!(room.seats.0[OTHER].available(), 1);
            })
            .bound(Some(2))
            .reaches([Named("killed"), Slept]),
        )
}
