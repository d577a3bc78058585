//! Models of [`Latch`]: no thread goes on before zero, and none sleeps after it.

use std::time::Duration;

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::Latch;
use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    timed(waits(Group::new("latch")))
}

/// Work that a latch reports.
struct Work {
    latch: Latch,
    /// A cell for each worker, without a lock: only the latch can order a read after the work.
    done: [Watched; 2],
}

impl Work {
    fn of_one() -> Self {
        Self::new(1)
    }

    fn of_two() -> Self {
        Self::new(2)
    }

    fn new(count: usize) -> Self {
        Self { latch: Latch::new(count), done: [Watched::new(0), Watched::new(0)] }
    }

    fn finish(&self, worker: usize) {
        self.done[worker].add(1);
        self.latch.count_down();
    }

    fn is_done(&self, worker: usize) -> bool {
        self.done[worker].get() == 1
    }
}

fn waits(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "one-counts-one-waits",
                "What was done before the count is seen.",
                Work::of_one,
            )
            .role("finishes", |work| work.finish(0))
            .role("waits", |work| {
                work.latch.wait();
                assert!(work.is_done(0));
            })
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("spinning", "The same with a look before sleeping.", Work::of_one)
                .role("finishes", |work| work.finish(0))
                .role("waits", |work| {
                    work.latch.wait();
                    assert!(work.is_done(0));
                })
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "two-count-one-waits",
                "It waits for both, and sees what both did.",
                Work::of_two,
            )
            .role("finishes", |work| work.finish(0))
            .role("finishes as well", |work| work.finish(1))
            .role("waits", |work| {
                work.latch.wait();
                assert!(work.is_done(0) && work.is_done(1));
            })
            .bound(Some(3))
            .reaches([Slept, Woken, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "one-counts-two-wait",
                "The last count wakes all that sleep.",
                Work::of_one,
            )
            .role("finishes", |work| work.finish(0))
            .roles(2, "waits", |work| {
                work.latch.wait();
                assert!(work.is_done(0));
            })
            .bound(Some(3))
            .reaches([Slept, Woken, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "last-frees",
                "A waiter frees the latch as soon as it is open.",
                Freed::new,
            )
            .role("counts down", Freed::count_down)
            .role("waits and frees", Freed::wait_and_free)
            .reaches([Slept, Woken]),
        )
}

fn timed(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("gives-up", "A wait with a limit ends, in each way.", Work::of_one)
                .role("finishes", |work| work.finish(0))
                .role("may give up", |work| {
                    if work.latch.wait_timeout(A_WHILE) {
                        assert!(work.is_done(0));
                    } else {
                        reached("gave up");
                    }
                })
                .check(|work| assert_eq!(work.latch.count(), 0))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("one-of-two-gives-up", "The other is not forgotten.", Work::of_one)
                .role("finishes", |work| work.finish(0))
                .role("waits", |work| {
                    work.latch.wait();
                    assert!(work.is_done(0));
                })
                .role("may give up", |work| {
                    if !work.latch.wait_timeout(A_WHILE) {
                        reached("gave up");
                    }
                })
                .bound(Some(3))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

/// A latch that the waiter frees, to catch a `count_down` that touches it once too often.
struct Freed(*mut Latch);

// SAFETY: the counting thread uses the latch until it has counted down, and the other frees it
// after that.
unsafe impl Send for Freed {}
// SAFETY: as above.
unsafe impl Sync for Freed {}

impl Freed {
    fn new() -> Self {
        Self(Box::into_raw(Box::new(Latch::new(1))))
    }

    fn count_down(&self) {
        // SAFETY: it is not open yet, so it is not freed.
        unsafe { &*self.0 }.count_down();
    }

    fn wait_and_free(&self) {
        // SAFETY: this thread alone frees it.
        unsafe { &*self.0 }.wait();
        // SAFETY: made from a box; the other thread has counted down, and no longer uses the
        // memory, but perhaps the address.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
