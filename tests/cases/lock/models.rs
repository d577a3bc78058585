//! Models of [`Lock`] and [`RawLock`]: one thread at a time, and no waiter is forgotten.

use std::sync::Arc;
use std::time::Duration;

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::raw::RawLock;
use primitives::{Lock, LockGuard};
use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    guards(starved(raw(timed(exclusion(Group::new("lock"))))))
}

fn number() -> Lock<u32> {
    Lock::new(0)
}

fn add(number: &Lock<u32>) {
    *number.lock() += 1;
}

fn add_or_give_up(number: &Lock<u32>) {
    match number.lock_timeout(A_WHILE) {
        Some(mut number) => *number += 1,
        None => reached("gave up"),
    }
}

fn exclusion(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("two-add", "Two threads add one each: nothing is lost.", number)
                .roles(2, "adds", add)
                .check(|number| assert_eq!(*number.lock(), 2))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("two-add-twice", "The same twice over: a lock is used again.", number)
                .roles(2, "adds twice", |number| {
                    add(number);
                    add(number);
                })
                .check(|number| assert_eq!(*number.lock(), 4))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "three-add",
                "Three threads add one each: no sleeper is forgotten.",
                number,
            )
            .roles(3, "adds", add)
            .check(|number| assert_eq!(*number.lock(), 3))
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("two-add-spinning", "The same with a look before sleeping.", number)
                .roles(2, "adds", add)
                .check(|number| assert_eq!(*number.lock(), 2))
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("three-add-spinning", "Three, with a look before sleeping.", number)
                .roles(3, "adds", add)
                .check(|number| assert_eq!(*number.lock(), 3))
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("try", "A try takes the lock whole or not at all.", number)
                .role("adds", add)
                .role("tries", |number| match number.try_lock() {
                    Some(mut number) => *number += 1,
                    None if number.is_locked() => reached("found it locked, twice"),
                    None => reached("found it locked, then free"),
                })
                .check(|number| assert!(matches!(*number.lock(), 1 | 2)))
                .reaches([Named("found it locked, twice"), Named("found it locked, then free")]),
        )
        .scenario(
            Scenario::new(
                "last-frees",
                "The last thread frees the lock, while the other may still be in its `unlock`.",
                Counted::new,
            )
            .roles(2, "leaves", Counted::leave)
            .reaches([Slept, Woken, Named("freed")]),
        )
}

fn timed(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-gives-up", "A waiter that gives up strands no other.", number)
                .role("adds", add)
                .role("may give up", add_or_give_up)
                .check(|number| assert!(matches!(*number.lock(), 1 | 2)))
                .reaches([Slept, Woken, WordChanged, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "one-of-three-gives-up",
                "One thread may give up, two wait as long as it takes: neither is stranded.",
                number,
            )
            .roles(2, "adds", add)
            .role("may give up", add_or_give_up)
            .check(|number| assert!(matches!(*number.lock(), 2 | 3)))
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("two-give-up", "Two of three may give up, at any time.", number)
                .role("adds", add)
                .roles(2, "may give up", add_or_give_up)
                .check(|number| assert!(matches!(*number.lock(), 1..=3)))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

/// Sleepers that are handed the lock, once they were woken in vain.
fn starved(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "two-starve",
                "An owner that takes the lock again at once, and one that starves beside it.",
                number,
            )
            .role("adds twice", |number| {
                add(number);
                add(number);
            })
            .role("adds", add)
            .check(|number| assert_eq!(*number.lock(), 3))
            .impatient()
            .bound(Some(4))
            .reaches([Slept, Woken, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("three-starve", "Three threads, each of which may starve.", number)
                .roles(3, "adds", add)
                .check(|number| assert_eq!(*number.lock(), 3))
                .impatient()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "starved-gives-up",
                "A thread that starves may give up: the lock is not handed to a thread that has gone.",
                number,
            )
            .role("adds twice", |number| {
                add(number);
                add(number);
            })
            .role("may give up", add_or_give_up)
            .check(|number| assert!(matches!(*number.lock(), 2 | 3)))
            .impatient()
            .spinning() // a thread that has just come must see that the lock is handed over
            .bound(Some(4))
            .reaches([Slept, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "one-of-three-starved-gives-up",
                "One that starves may give up, while a second waits: it is not stranded.",
                number,
            )
            .roles(2, "adds", add)
            .role("may give up", add_or_give_up)
            .check(|number| assert!(matches!(*number.lock(), 2 | 3)))
            .impatient()
            .spinning()
            .reaches([Slept, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "last-frees-starved",
                "The last one frees the lock, also where it was handed over.",
                Counted::new,
            )
            .roles(2, "leaves", Counted::leave)
            .impatient()
            .reaches([Slept, Woken, Named("freed")]),
        )
}

fn raw(group: Group) -> Group {
    group.scenario(
        Scenario::new("handed-over", "One thread acquires, another releases.", || {
            let lock = RawLock::new();
            lock.acquire();
            lock
        })
        .role("acquires", |lock| {
            lock.acquire();
            assert!(lock.is_locked());
            lock.release();
        })
        .role("releases", RawLock::release)
        .check(|lock| assert!(!lock.is_locked() && !lock.try_release()))
        .reaches([Slept, Woken]),
    )
}

/// Two numbers that loom watches: a guard of a part reaches its data by a pointer, which loom does
/// not watch.
type Pair = Lock<(Watched, Watched)>;

fn watched_pair() -> Pair {
    Lock::new((Watched::new(0), Watched::new(0)))
}

/// Adds one to each, by the whole.
fn add_to_both(pair: &Pair) {
    let pair = pair.lock();
    pair.0.add(1);
    pair.1.add(1);
}

fn both_are_two(pair: &Pair) {
    let pair = pair.lock();
    assert_eq!((pair.0.get(), pair.1.get()), (2, 2));
}

/// Guards of a part, guards that let others in, and guards that own.
fn guards(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("mapped", "A guard of a part keeps the whole locked.", watched_pair)
                .role("adds by a part", |pair| {
                    let part = LockGuard::map(pair.lock(), |pair| &mut pair.1);
                    part.add(1);
                })
                .role("adds to both", add_to_both)
                .check(|pair| assert_eq!(pair.lock().1.get(), 2))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "filter-mapped",
                "Where there is no such part the guard comes back, and still holds the lock.",
                watched_pair,
            )
            .role("looks for a part", |pair| {
                let positive = |pair: &mut (Watched, Watched)| pair.0.get() > 0;
                let part = LockGuard::filter_map(pair.lock(), |pair| {
                    positive(pair).then_some(&mut pair.1)
                });
                match part {
                    Ok(part) => {
                        reached("a part");
                        part.add(1);
                    }
                    Err(whole) => {
                        reached("no part");
                        whole.1.add(1);
                    }
                }
            })
            .role("adds to both", add_to_both)
            .check(|pair| assert_eq!(pair.lock().1.get(), 2))
            .reaches([Slept, Woken, Named("a part"), Named("no part")]),
        )
        .scenario(
            Scenario::new(
                "unlocked",
                "A guard that lets others in holds the lock again, and sees what they did.",
                watched_pair,
            )
            .role("lets others in", |pair| {
                let mut guard = pair.lock();
                let before = guard.0.get();
                LockGuard::unlocked(&mut guard, || ());
                if guard.0.get() != before {
                    reached("another was in");
                }
                guard.0.add(1);
                guard.1.add(1);
            })
            .role("adds to both", add_to_both)
            .check(both_are_two)
            .reaches([Slept, Woken, Named("another was in")]),
        )
        .scenario(
            Scenario::new(
                "bumped",
                "A guard that lets a waiter in holds the lock again.",
                watched_pair,
            )
            .role("bumps", |pair| {
                let mut guard = pair.lock();
                let before = guard.0.get();
                LockGuard::bump(&mut guard);
                if guard.0.get() != before {
                    reached("a waiter was in");
                }
                guard.0.add(1);
                guard.1.add(1);
            })
            .role("adds to both", add_to_both)
            .check(both_are_two)
            .bound(Some(3))
            .reaches([Slept, Woken, Named("a waiter was in")]),
        )
        .scenario(
            Scenario::new("owned", "A guard that owns keeps the lock as any guard does.", || {
                Arc::new(watched_pair())
            })
            .role("adds by an owned guard", |pair| {
                let guard = pair.lock_owned();
                guard.0.add(1);
                guard.1.add(1);
            })
            .role("adds to both", |pair| add_to_both(pair))
            .check(|pair| both_are_two(pair))
            .reaches([Slept, Woken]),
        )
}

/// A lock that belongs to two threads, and that the second to leave frees. This catches an unlock
/// that touches the lock once too often.
struct Counted(*mut Lock<u32>);

// SAFETY: both threads use the lock while the count says so, and the one that takes the count to
// zero frees it.
unsafe impl Send for Counted {}
// SAFETY: as above.
unsafe impl Sync for Counted {}

impl Counted {
    fn new() -> Self {
        Self(Box::into_raw(Box::new(Lock::new(2))))
    }

    fn leave(&self) {
        // SAFETY: this thread is still counted, so the other has not freed it.
        let mut left = unsafe { &*self.0 }.lock();
        *left -= 1;
        let last = *left == 0;
        drop(left);
        if last {
            reached("freed");
            // SAFETY: made from a box; the other thread has left, and no longer uses the memory,
            // but perhaps the address.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}
