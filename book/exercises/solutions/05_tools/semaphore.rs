//! A semaphore: a number of permits. `acquire` takes one and sleeps while there is none; `release`
//! puts one back.
//!
//! Write `acquire`. You have one word, `park::wait` and `compare_exchange`.

use model::{Group, Scenario};
use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

struct Semaphore {
    permits: AtomicU32,
}

impl Semaphore {
    fn new(permits: u32) -> Self {
        Self { permits: AtomicU32::new(permits) }
    }

    /// Takes a permit; sleeps while there is none.
    fn acquire(&self) {
        // Relaxed: a first guess; the exchange decides.
        let mut permits = self.permits.load(Relaxed);
        loop {
            if permits == 0 {
                park::wait(&self.permits, 0, None);
                permits = self.permits.load(Relaxed); // Relaxed: as above.
                continue;
            }
            // Acquire: pairs with the Release in `release`. Relaxed on failure: nothing was taken.
            match self.permits.compare_exchange(permits, permits - 1, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => permits = now,
            }
        }
    }

    /// Puts a permit back.
    fn release(&self) {
        self.permits.fetch_add(1, Release); // Release: pairs with an Acquire in `acquire`.
        park::wake_one(&raw const self.permits);
    }
}

// The judge. Leave it as it is.

struct Room {
    chairs: Semaphore,
    inside: AtomicU32,
}

impl Room {
    fn visit(&self, most: u32) {
        self.chairs.acquire();
        assert!(self.inside.fetch_add(1, Relaxed) < most, "more inside than permits");
        self.inside.fetch_sub(1, Relaxed);
        self.chairs.release();
    }
}

pub(crate) fn judge() -> Group {
    Group::new("semaphore")
        .scenario(
            Scenario::new("one-permit", "Two threads, one permit.", || Room {
                chairs: Semaphore::new(1),
                inside: AtomicU32::new(0),
            })
            .roles(2, "visits", |room| room.visit(1))
            .check(|room| assert_eq!(room.chairs.permits.load(Relaxed), 1, "a permit is lost")),
        )
        .scenario(
            Scenario::new("two-permits", "Three threads, two permits.", || Room {
                chairs: Semaphore::new(2),
                inside: AtomicU32::new(0),
            })
            .roles(3, "visits", |room| room.visit(2))
            .check(|room| assert_eq!(room.chairs.permits.load(Relaxed), 2, "a permit is lost")),
        )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
