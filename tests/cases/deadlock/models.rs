//! Models of the deadlock detector: its graph, its lock, what threads hold, and the steps of
//! falling asleep.
//!
//! The primitives are explored without the detector, so the locks here are made for these models:
//! the algorithm of `RawLock`, and the notes and calls that `Lock` makes with the feature. A
//! deadlock that is not found ends an execution with all threads asleep, which the runtime reports.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::deadlock::{Detector, HeldLocks, Kind, Need, Permits, ResourceId, Wait, Wanted};
use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::thread;

const FREE: u32 = 0;
/// Held, with sleepers perhaps. (It has no other held state, which saves the models a state.)
const SLEEPERS: u32 = 2;

/// A lock that the detector watches.
struct Watched(AtomicU32);

/// The shared state of the threads.
struct World {
    locks: Vec<Watched>,
    /// The number of free permits of a semaphore whose permits stay with their threads.
    free: AtomicU32,
    permits: Permits,
    detector: Detector,
    /// How many threads got a report. (std's: not a step of the model.)
    victims: AtomicUsize,
    /// The waiting owner has got what it waited for. (Not a step either.)
    went_on: AtomicBool,
}

/// The name of a lock in a thread's list and on the graph.
fn resource(lock: usize) -> ResourceId {
    lock as ResourceId + 1
}

/// The name of a permit there: all have the same.
const PERMIT: ResourceId = 99;
const PERMITS: usize = 2;

/// HeldLocks that contain this.
fn held_locks(holds: &[ResourceId]) -> HeldLocks {
    let held_locks = HeldLocks::new();
    held_locks.open();
    for resource in holds {
        take_in(&held_locks, *resource);
    }
    held_locks
}

fn take_in(held_locks: &HeldLocks, resource: ResourceId) {
    assert!(held_locks.take(resource, Location::caller()), "there is room for more");
}

fn put_back(held_locks: &HeldLocks, resource: ResourceId) {
    assert!(held_locks.put_back_last(resource) || held_locks.put_back(resource), "it was not held");
}

impl World {
    fn with_locks(words: impl IntoIterator<Item = u32>) -> Self {
        let mut permits = Permits::new(PERMITS);
        permits.bind();
        Self {
            free: AtomicU32::new(0),
            permits,
            locks: words.into_iter().map(|word| Watched(AtomicU32::new(word))).collect(),
            detector: Detector::new(),
            victims: AtomicUsize::new(0),
            went_on: AtomicBool::new(false),
        }
    }

    fn new() -> Self {
        Self::with_locks([FREE; 2])
    }

    /// Threads hold these from the start, which saves the model steps. No permit is free either.
    fn all_held<const LOCKS: usize>() -> Self {
        Self::with_locks([SLEEPERS; LOCKS])
    }

    /// Takes a lock; `false` if a report says that it would never return, or if a deadline came
    /// first.
    fn take_until(&self, held_locks: &HeldLocks, lock: usize, timed: bool) -> bool {
        let Watched(word) = &self.locks[lock];
        let need = || Need::Owner(resource(lock));
        // Acquire: pairs with the Release in `release`.
        while word.swap(SLEEPERS, Acquire) != FREE {
            let deadline = timed.then(park::now);
            let Ok(asleep) = self.falls_asleep(held_locks, word, SLEEPERS, need(), timed) else {
                return false;
            };
            let ended = park::wait(word, SLEEPERS, deadline);
            drop(asleep); // before the next try
            if ended == park::Wait::TimedOut {
                return false;
            }
        }
        take_in(held_locks, resource(lock));
        true
    }

    /// Takes a permit; `false` if a report says that it would never return.
    fn acquire(&self, held_locks: &HeldLocks) -> bool {
        // Acquire: pairs with the Release in `give_back`.
        while self.free.compare_exchange(1, 0, Acquire, Relaxed).is_err() {
            let need = Need::Holder(PERMIT, &raw const self.permits);
            let Ok(asleep) = self.falls_asleep(held_locks, &self.free, 0, need, false) else {
                return false;
            };
            park::wait(&self.free, 0, None);
            drop(asleep); // before the next try
        }
        take_in(held_locks, PERMIT);
        true
    }

    /// Releases a permit; a second free permit is lost, because no thread here would need it.
    fn give_back(&self, held_locks: &HeldLocks) {
        put_back(held_locks, PERMIT);
        // Release: pairs with the Acquire in `acquire`.
        self.free.store(1, Release);
        park::wake_one(&raw const self.free);
    }

    /// On the graph, unless the wait is timed; an error if it got a report.
    fn falls_asleep(
        &self,
        held_locks: &HeldLocks,
        word: &AtomicU32,
        expected: u32,
        need: Need,
        timed: bool,
    ) -> Result<Option<impl Sized>, ()> {
        if !Detector::watches(timed.then(park::now)) {
            return Ok(None);
        }
        let wait = Wait::new(Wanted::Nameless(Kind::Lock), need, Location::caller())
            .holding(held_locks.describe())
            .on(word, expected);
        let entered = self.detector.enter(thread::id(), wait, |_| true, |_| unreachable!());
        entered.map(Some).map_err(|_| {
            reached("told");
            self.victims.fetch_add(1, Ordering::Relaxed);
        })
    }

    fn take(&self, held_locks: &HeldLocks, lock: usize) -> bool {
        self.take_until(held_locks, lock, false)
    }

    fn release(&self, held_locks: &HeldLocks, lock: usize) {
        let Watched(word) = &self.locks[lock];
        put_back(held_locks, resource(lock));
        // Release: pairs with the Acquire in `take`.
        word.swap(FREE, Release);
        park::wake_one(&raw const *word);
    }

    /// Takes both, and backs off if it does not get the second.
    fn nest(&self, held_locks: &HeldLocks, outer: usize, inner: usize, timed: bool) {
        assert!(
            self.take(held_locks, outer),
            "this thread has nothing that a thread could wait for"
        );
        if self.take_until(held_locks, inner, timed) {
            self.release(held_locks, inner);
        }
        self.release(held_locks, outer);
    }

    /// Holds one, and wants the next.
    fn pass(&self, mine: usize) {
        let (held_locks, next) = (held_locks(&[resource(mine)]), (mine + 1) % self.locks.len());
        if self.take(&held_locks, next) {
            self.release(&held_locks, next);
        }
        self.release(&held_locks, mine);
    }

    /// Holds the second, and wants the first.
    fn goes_on(&self) {
        let held_locks = held_locks(&[resource(1)]);
        if self.take(&held_locks, 0) {
            self.went_on.store(true, Ordering::Relaxed);
            self.release(&held_locks, 0);
        }
        self.release(&held_locks, 1);
    }

    /// Holds the first, releases it, takes it again and then the second.
    fn comes_again(&self) {
        let held_locks = held_locks(&[resource(0)]);
        self.release(&held_locks, 0);
        assert!(self.take(&held_locks, 0), "this thread has nothing that a thread could wait for");
        let went_on = self.went_on.load(Ordering::Relaxed);
        if self.take(&held_locks, 1) {
            self.release(&held_locks, 1);
        } else {
            assert!(!went_on, "was told of a thread that had gone on");
        }
        self.release(&held_locks, 0);
    }

    /// Holds a permit, and wants the lock.
    fn leave_by_the_lock(&self) {
        let held_locks = held_locks(&[PERMIT]);
        if self.take(&held_locks, 0) {
            self.release(&held_locks, 0);
        }
        self.give_back(&held_locks);
    }

    /// Holds the lock, and wants a permit.
    fn enter_by_a_permit(&self) {
        let held_locks = held_locks(&[resource(0)]);
        if self.acquire(&held_locks) {
            self.give_back(&held_locks);
        }
        self.release(&held_locks, 0);
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
                "Two threads take two locks in opposite orders: at most one gets a report, and none sleeps without end.",
                World::new,
            )
            .role("first, then second", |world| world.nest(&held_locks(&[]), 0, 1, false))
            .role("second, then first", |world| world.nest(&held_locks(&[]), 1, 0, false))
            .check(|world| assert!(world.told() <= 1, "both were told"))
            .bound(Some(3))
            .reaches([Slept, Woken, Named("told")]),
        )
        .scenario(
            Scenario::new(
                "one-order",
                "Two threads take two locks in one order, again and again: no thread is told anything.",
                World::new,
            )
            .roles(2, "nests twice", |world| {
                let held_locks = held_locks(&[]);
                world.nest(&held_locks, 0, 1, false);
                world.nest(&held_locks, 0, 1, false);
            })
            .check(|world| assert_eq!(world.told(), 0, "there was no deadlock"))
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "backs-off-and-comes-again",
                "The thread that was told backs off, comes again, and is then an ordinary thread.",
                World::new,
            )
            .role("first, then second", |world| {
                let held_locks = held_locks(&[]);
                world.nest(&held_locks, 0, 1, false);
                world.nest(&held_locks, 0, 1, false);
            })
            .role("second, then first", |world| world.nest(&held_locks(&[]), 1, 0, false))
            .check(|world| assert!(world.told() <= 2))
            .bound(Some(2))
            .reaches([Slept, Woken, Named("told")]),
        )
        .scenario(
            Scenario::new(
                "a-deadline-is-no-edge",
                "One of two that wait for each other has a deadline: no thread is told, and both go on.",
                World::new,
            )
            .role("first, then second in time", |world| world.nest(&held_locks(&[]), 0, 1, true))
            .role("second, then first", |world| world.nest(&held_locks(&[]), 1, 0, false))
            .check(|world| assert_eq!(world.told(), 0, "the clock would have ended it"))
            .bound(Some(2))
            .reaches([Slept, Woken, TimedOut]),
        )
        .scenario(
            Scenario::new(
                "who-went-on-is-awake",
                "A thread that has got what it waited for is in no other's way: a thread that wants what it still has is not told.",
                World::all_held::<2>,
            )
            .role("has the second, wants the first", World::goes_on)
            .role("lets go of the first, and comes again", World::comes_again)
            .check(|world| assert!(world.told() <= 1, "both were told"))
            .bound(Some(3))
            .reaches([Slept, Woken, Named("told")]),
        )
        .scenario(
            Scenario::new(
                "three-in-a-ring",
                "Each of three threads has what the one before it wants: one is told, and the others go on.",
                World::all_held::<3>,
            )
            .role("has the first", |world| world.pass(0))
            .role("has the second", |world| world.pass(1))
            .role("has the third", |world| world.pass(2))
            .check(|world| assert_eq!(world.told(), 1, "so many were told"))
            .bound(Some(1))
            .reaches([Slept, Woken, Named("told")]),
        )
        .scenario(
            Scenario::new(
                "one-of-two-holders-waits",
                "A thread that wants a permit is not told because one holder waits for it: the other holder may help, and does.",
                World::all_held::<1>,
            )
            .role("has the lock, wants a permit", World::enter_by_a_permit)
            .role("has a permit, wants the lock", World::leave_by_the_lock)
            .role("has a permit", |world| world.give_back(&held_locks(&[PERMIT])))
            .check(|world| assert_eq!(world.told(), 0, "there was no deadlock"))
            .bound(Some(1))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "both-holders-wait",
                "Two threads have the permits and want the lock of a third, which wants a permit: one is told.",
                World::all_held::<1>,
            )
            .role("has the lock, wants a permit", World::enter_by_a_permit)
            .roles(2, "has a permit, wants the lock", |world| {
                world.leave_by_the_lock();
            })
            .check(|world| assert_eq!(world.told(), 1, "so many were told"))
            .bound(Some(1))
            .reaches([Slept, Woken, Named("told")]),
        )
}
