//! Models of the deadlock detector: its graph, its gate, and the steps by which a thread falls asleep.
//!
//! The primitives are explored without the detector, so the locks here are made for it: the algorithm of
//! `RawLock`, and the notes and calls that `Lock` makes with the feature on. A deadlock that is not found
//! ends an execution with both threads asleep, which the runtime reports.

use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use primitives::deadlock::{Detector, Kind, Need, Wait, Wanted};
use primitives::park;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicU32, AtomicU64};
use primitives::sync::thread;

const FREE: u32 = 0;
const SLEEPERS: u32 = 2;

/// A lock that the detector watches.
struct Watched {
    word: AtomicU32,
    owner: AtomicU64,
}

/// What the threads share.
struct World {
    locks: [Watched; 2],
    detector: Detector,
    /// Threads that were told. (std's: no step of the model.)
    victims: AtomicUsize,
}

impl World {
    fn new() -> Self {
        let lock = || Watched { word: AtomicU32::new(FREE), owner: AtomicU64::new(0) };
        Self { locks: [lock(), lock()], detector: Detector::new(), victims: AtomicUsize::new(0) }
    }

    /// Takes a lock; `false` if it was told that it would wait for ever.
    fn take(&self, lock: usize) -> bool {
        let Watched { word, owner } = &self.locks[lock];
        let me = thread::id();
        // Acquire: pairs with the Release in `release`.
        while word.swap(SLEEPERS, Acquire) != FREE {
            let wait = Wait::new(
                Wanted::Nameless(Kind::Lock),
                Need::Owner(&raw const *owner),
                Location::caller(),
            );
            let entered =
                self.detector.enter(me, wait.on(word, SLEEPERS), |_| true, |_| unreachable!());
            let Ok(asleep) = entered else { return false };
            park::wait(word, SLEEPERS, None);
            drop(asleep); // before the next try
        }
        // Relaxed: see the graph.
        owner.store(me, Relaxed);
        true
    }

    fn release(&self, lock: usize) {
        let Watched { word, owner } = &self.locks[lock];
        // Relaxed: see the graph.
        owner.store(0, Relaxed);
        // Release: pairs with the Acquire in `take`.
        word.swap(FREE, Release);
        park::wake_one(&raw const *word);
    }

    /// Takes both, and backs off if it is told.
    fn nest(&self, outer: usize, inner: usize) {
        assert!(self.take(outer), "this thread has nothing that anybody could wait for");
        if self.take(inner) {
            self.release(inner);
        } else {
            reached("told");
            self.victims.fetch_add(1, Ordering::Relaxed);
        }
        self.release(outer);
    }

    fn told(&self) -> usize {
        self.victims.load(Ordering::Relaxed)
    }
}

pub(crate) fn group() -> Group {
    Group::new("deadlock")
        .scenario(
            Scenario::new(
                "both-orders",
                "Two threads take two locks in opposite orders: at most one is told, none sleeps for ever.",
                World::new,
            )
            .role("first, then second", |world| world.nest(0, 1))
            .role("second, then first", |world| world.nest(1, 0))
            .check(|world| assert!(world.told() <= 1, "both were told"))
            .bound(Some(3))
            .reaches([Slept, Woken, Named("told")]),
        )
        .scenario(
            Scenario::new(
                "one-order",
                "Two threads take two locks in one order, again and again: nobody is told anything.",
                World::new,
            )
            .roles(2, "nests twice", |world| {
                world.nest(0, 1);
                world.nest(0, 1);
            })
            .check(|world| assert_eq!(world.told(), 0, "there was no deadlock"))
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "backs-off-and-comes-again",
                "Who was told backs off and comes again, and is then an ordinary thread.",
                World::new,
            )
            .role("first, then second", |world| {
                world.nest(0, 1);
                world.nest(0, 1);
            })
            .role("second, then first", |world| world.nest(1, 0))
            .check(|world| assert!(world.told() <= 2))
            .bound(Some(2))
            .reaches([Slept, Woken, Named("told")]),
        )
}
