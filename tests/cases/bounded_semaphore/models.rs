//! Models of [`BoundedSemaphore`]: a semaphore that refuses one permit too many, and then changes
//! nothing.

use std::sync::atomic::{AtomicU32 as Count, Ordering::SeqCst};
use std::time::{Duration, Instant};

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::{BoundedSemaphore, Permit};

use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    exclusion(refusal(Group::new("bounded_semaphore")))
}

/// Places, some of which stay taken, how many were put back, and how many releases were refused.
/// (std's atomics, which the model does not see: they count what happens and order nothing.)
struct Seats {
    free: BoundedSemaphore,
    put_back: Count,
    refused: Count,
}

impl Seats {
    fn new(seats: usize, taken: usize) -> Self {
        let free = BoundedSemaphore::new(seats);
        (0..taken).for_each(|_| free.acquire().forget());
        Self { free, put_back: Count::new(0), refused: Count::new(0) }
    }

    fn release(&self, n: usize) {
        match self.free.release(n) {
            Ok(()) => _ = self.put_back.fetch_add(n as u32, SeqCst),
            Err(error) => {
                assert_eq!((error.released(), error.bound()), (n, self.free.bound()));
                assert!(error.available() + n > error.bound());
                self.refused.fetch_add(1, SeqCst);
            }
        }
        assert!(self.free.available() <= self.free.bound());
    }

    fn end_as(&self, available: usize, refused: u32) {
        assert_eq!((self.free.available(), self.refused.load(SeqCst)), (available, refused));
    }
}

fn refusal(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-too-many", "Of two releases for one permit one is refused.", || {
                Seats::new(2, 1)
            })
            .roles(2, "releases", |seats| seats.release(1))
            .check(|seats| seats.end_as(2, 1)),
        )
        .scenario(
            Scenario::new("all-or-nothing", "Three back of three out, then not two more.", || {
                Seats::new(3, 3)
            })
            .role("releases two", |seats| seats.release(2))
            .role("releases three", |seats| seats.release(3))
            .check(|seats| {
                let put_back = seats.put_back.load(SeqCst);
                reached(if put_back == 3 { "three were put back" } else { "two were put back" });
                seats.end_as(put_back as usize, 1);
            })
            .reaches([Named("two were put back"), Named("three were put back")]),
        )
        .scenario(
            Scenario::new(
                "refused-wakes-none",
                "A release that is refused leaves the sleepers to the next.",
                || Seats::new(1, 1),
            )
            .role("takes and keeps", |seats| seats.free.acquire().forget())
            .role("releases two, then one", |seats| {
                seats.release(2);
                seats.release(1);
            })
            .check(|seats| seats.end_as(0, 1))
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
}

/// A number that only the holder of the single permit may touch.
struct Guarded {
    permits: BoundedSemaphore,
    number: Watched,
}

impl Guarded {
    fn new() -> Self {
        Self { permits: BoundedSemaphore::new(1), number: Watched::new(0) }
    }

    fn add(&self) {
        self.add_if(Some(self.permits.acquire()));
    }

    /// The permit goes back when it is dropped.
    fn add_if(&self, permit: Option<Permit<'_>>) {
        match permit {
            Some(_permit) => self.number.add(1),
            None => reached("gave up"),
        }
    }

    /// By hand.
    fn add_and_release(&self) {
        self.permits.acquire().forget();
        self.number.add(1);
        self.permits.release(1).expect("it is out");
    }

    fn all_are_back(&self) {
        assert!(matches!(self.number.get(), 1..=3));
        assert_eq!(self.permits.available(), 1);
    }
}

fn exclusion(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-permit", "One permit is a lock: nothing is lost.", Guarded::new)
                .role("adds", Guarded::add)
                .role("adds, releases by hand", Guarded::add_and_release)
                .check(|guarded| {
                    guarded.all_are_back();
                    assert_eq!(guarded.number.get(), 2);
                })
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("try", "A try takes a permit whole or not at all.", Guarded::new)
                .role("adds", Guarded::add)
                .role("tries", |guarded| guarded.add_if(guarded.permits.try_acquire()))
                .check(Guarded::all_are_back)
                .reaches([Named("gave up")]),
        )
        .scenario(
            Scenario::new("one-gives-up", "A waiter that gives up strands no other.", Guarded::new)
                .roles(2, "adds", Guarded::add)
                .role("may give up", |guarded| {
                    guarded.add_if(guarded.permits.acquire_timeout(A_WHILE));
                })
                .check(Guarded::all_are_back)
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("deadline", "A deadline does what a timeout does.", Guarded::new)
                .role("adds", Guarded::add)
                .role("may give up", |guarded| {
                    guarded.add_if(guarded.permits.acquire_deadline(Instant::now()));
                })
                .check(Guarded::all_are_back)
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}
