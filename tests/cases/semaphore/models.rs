//! Models of [`Semaphore`]: no permit is lost, none appears, and no thread sleeps beside one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32 as Count, Ordering::SeqCst};
use std::time::{Duration, Instant};

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::{Permit, Semaphore};

use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    several(timed(handed_over(exclusion(Group::new("semaphore")))))
}

/// A number that only a holder of a permit may touch.
struct Guarded {
    permits: Semaphore,
    number: Watched,
}

impl Guarded {
    fn new() -> Self {
        Self { permits: Semaphore::new(1), number: Watched::new(0) }
    }

    fn add(&self) {
        let _permit = self.permits.acquire();
        self.number.add(1);
    }

    fn holds(&self, n: u32) {
        assert_eq!(self.number.get(), n);
        assert_eq!(self.permits.available(), 1);
    }
}

/// Places, and how many are taken. (std's atomics, which the model does not see: they count what
/// happens and order nothing.)
struct Seats {
    free: Semaphore,
    taken: Count,
}

impl Seats {
    fn sit(&self) {
        let _seat = self.free.acquire();
        let taken = self.taken.fetch_add(1, SeqCst) + 1;
        assert!(taken <= 2, "{taken} on two seats");
        if taken == 2 {
            reached("both taken");
        }
        assert!(self.free.available() < 2, "this one is not free");
        self.taken.fetch_sub(1, SeqCst);
    }
}

fn exclusion(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-permit", "One permit is a lock: nothing is lost.", Guarded::new)
                .roles(2, "adds", Guarded::add)
                .check(|guarded| guarded.holds(2))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("one-permit-twice", "The same twice over.", Guarded::new)
                .roles(2, "adds twice", |guarded| {
                    guarded.add();
                    guarded.add();
                })
                .check(|guarded| guarded.holds(4))
                .bound(Some(3))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("one-permit-three", "Three threads, one permit.", Guarded::new)
                .roles(3, "adds", Guarded::add)
                .check(|guarded| guarded.holds(3))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("one-permit-spinning", "A look before sleeping.", Guarded::new)
                .roles(2, "adds", Guarded::add)
                .check(|guarded| guarded.holds(2))
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-permits", "Three threads, two permits: never three inside.", || {
                Seats { free: Semaphore::new(2), taken: Count::new(0) }
            })
            .roles(3, "sits", Seats::sit)
            .check(|seats| assert_eq!(seats.free.available(), 2))
            .reaches([Slept, Woken, Named("both taken")]),
        )
        .scenario(
            Scenario::new("try", "A try takes a permit whole or not at all.", Guarded::new)
                .role("adds", Guarded::add)
                .role("tries", |guarded| {
                    if let Some(_permit) = guarded.permits.try_acquire() {
                        guarded.number.add(1);
                        reached("got one");
                    } else {
                        reached("there was none");
                    }
                })
                .check(|guarded| assert!(matches!(guarded.number.get(), 1 | 2)))
                .reaches([Named("got one"), Named("there was none")]),
        )
        .scenario(
            Scenario::new(
                "last-frees",
                "The thread that gets the permit frees the semaphore, while the other may still be in `release`.",
                Freed::new,
            )
            .role("releases", Freed::release)
            .role("acquires and frees", Freed::acquire_and_free)
            .reaches([Slept, Woken, WordChanged]),
        )
}

fn none() -> Semaphore {
    Semaphore::new(0)
}

fn use_up(semaphore: &Semaphore) {
    semaphore.acquire().forget();
}

fn all_used_up(semaphore: &Semaphore) {
    assert_eq!(semaphore.available(), 0);
}

fn handed_over(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "passes-on",
                "A thread that takes a permit sees what was done before it was released.",
                Guarded::empty,
            )
            .role("makes", Guarded::make)
            .role("uses up", Guarded::use_up)
            .check(|guarded| assert_eq!(guarded.number.get(), 2))
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "passes-on-to-a-try",
                "So does who tries, though another permit was released since.",
                Guarded::empty,
            )
            .role("makes, and releases one more", |guarded| {
                guarded.make();
                guarded.permits.release(1);
            })
            .role("tries", |guarded| guarded.use_up_if(guarded.permits.try_acquire()))
            .check(|guarded| assert!(matches!(guarded.number.get(), 1 | 2)))
            .reaches([Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "two-in-a-row",
                "Two releases in a row, two sleepers: neither stays asleep beside a permit.",
                none,
            )
            .roles(2, "uses up", use_up)
            .role("releases twice", |semaphore| {
                semaphore.release(1);
                semaphore.release(1);
            })
            .check(all_used_up)
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("two-at-once", "`release(2)` reaches both.", none)
                .roles(2, "uses up", use_up)
                .role("releases two", |semaphore| semaphore.release(2))
                .check(all_used_up)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-release", "Two threads release, two wait.", none)
                .roles(2, "uses up", use_up)
                .roles(2, "releases", |semaphore| semaphore.release(1))
                .check(all_used_up)
                .bound(Some(2))
                .spurious(0)
                .reaches([Slept, Woken]),
        )
}

/// Items that one thread produces and another consumes.
impl Guarded {
    fn empty() -> Self {
        Self { permits: none(), number: Watched::new(0) }
    }

    fn make(&self) {
        self.number.add(1);
        self.permits.release(1);
    }

    fn use_up(&self) {
        use_up(&self.permits);
        self.number.add(1);
    }

    /// In every form of the call, the thread that gets the permit sees what was done before its
    /// release.
    fn use_up_if(&self, permit: Option<Permit<'_>>) {
        match permit {
            Some(permit) => {
                permit.forget();
                self.number.add(1);
            }
            None => reached("gave up"),
        }
    }
}

fn use_up_or_give_up(semaphore: &Semaphore) {
    match semaphore.acquire_timeout(A_WHILE) {
        Some(permit) => permit.forget(),
        None => reached("gave up"),
    }
}

fn timed(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("gives-up", "A wait with a limit ends, in each way.", Guarded::empty)
                .role("may give up", |guarded| {
                    guarded.use_up_if(guarded.permits.acquire_timeout(A_WHILE));
                })
                .role("makes", Guarded::make)
                .check(|guarded| assert!(matches!(guarded.number.get(), 1 | 2)))
                .reaches([Slept, Woken, WordChanged, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("deadline", "A deadline does what a timeout does.", Guarded::empty)
                .role("may give up", |guarded| {
                    guarded.use_up_if(guarded.permits.acquire_deadline(Instant::now()));
                })
                .role("makes", Guarded::make)
                .check(|guarded| assert!(matches!(guarded.number.get(), 1 | 2)))
                .reaches([Slept, Woken, WordChanged, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("no-release", "Only time ends this wait.", none)
                .roles(2, "gives up", use_up_or_give_up)
                .check(all_used_up)
                .reaches([TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "swallows-nothing",
                "A thread that gives up gives back what it gets: the other is never stranded.",
                none,
            )
            .role("uses up", use_up)
            .role("may give up", |semaphore| {
                if semaphore.acquire_timeout(A_WHILE).is_none() {
                    reached("gave up");
                }
            })
            .role("releases", |semaphore| semaphore.release(1))
            .check(all_used_up)
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("one-gives-up", "Two permits, one of three may give up.", none)
                .role("uses up", use_up)
                .role("may give up", use_up_or_give_up)
                .role("releases twice", |semaphore| {
                    semaphore.release(1);
                    semaphore.release(1);
                })
                .check(|semaphore| assert!(semaphore.available() <= 1))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

/// Two permits, and a number that only a thread with both may touch.
struct Both {
    permits: Semaphore,
    number: Watched,
}

impl Both {
    fn new() -> Self {
        Self { permits: Semaphore::new(2), number: Watched::new(0) }
    }

    fn empty() -> Self {
        Self { permits: none(), number: Watched::new(0) }
    }

    fn add(&self) {
        let both = self.permits.acquire_many(2);
        self.number.add(1);
        drop(both);
    }

    fn add_or_give_up(&self) {
        match self.permits.acquire_many_timeout(2, A_WHILE) {
            Some(_both) => self.number.add(1),
            None => reached("gave up"),
        }
    }

    fn try_add(&self) {
        match self.permits.try_acquire_many(2) {
            Some(_both) => self.number.add(1),
            None => reached("there were not two"),
        }
    }

    fn all_are_back(&self) {
        assert_eq!(self.permits.available(), 2);
        assert!(self.permits.try_acquire_many(2).is_some(), "and no thread has the turn");
    }
}

fn several(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "two-need-both",
                "Two threads need both permits: neither gets one and waits for the other's.",
                Both::new,
            )
            .roles(2, "takes both", Both::add)
            .check(|both| {
                assert_eq!(both.number.get(), 2);
                both.all_are_back();
            })
            .reaches([Slept, Woken, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "two-need-both-beside-one",
                "Beside a thread that needs one, two that need both never hold one each.",
                Both::new,
            )
            .roles(2, "takes both", Both::add)
            .role("takes one", |both| drop(both.permits.acquire()))
            .check(|both| {
                assert_eq!(both.number.get(), 2);
                both.all_are_back();
            })
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "both-and-one",
                "One needs both, two need one each: none is stranded.",
                Both::new,
            )
            .role("takes both", Both::add)
            .roles(2, "takes one", |both| drop(both.permits.acquire()))
            .check(Both::all_are_back)
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "both-from-two-releases",
                "Permits that come one by one are collected, and what came before them is seen.",
                Both::empty,
            )
            .role("uses up both", |both| {
                both.permits.acquire_many(2).forget();
                both.number.add(1);
            })
            .role("releases twice", |both| {
                both.permits.release(1);
                both.number.add(1);
                both.permits.release(1);
            })
            .check(|both| {
                assert_eq!((both.number.get(), both.permits.available()), (2, 0));
            })
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "both-or-give-up",
                "A thread that gives up keeps neither a permit nor the turn.",
                Both::new,
            )
            .role("may give up", Both::add_or_give_up)
            .role("takes one, and then both", |both| {
                drop(both.permits.acquire());
                both.add();
            })
            .check(Both::all_are_back)
            .bound(Some(3))
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("try-both", "A try takes both or neither.", Both::new)
                .role("takes both", Both::add)
                .role("tries", Both::try_add)
                .check(|both| {
                    assert!(matches!(both.number.get(), 1 | 2));
                    both.all_are_back();
                })
                .reaches([Named("there were not two")]),
        )
        .scenario(
            Scenario::new(
                "owned",
                "Owned permits go back all at once, and wake a sleeper.",
                || (Arc::new(Semaphore::new(2)), Watched::new(0)),
            )
            .role("takes both, and owns them", |(permits, number)| {
                let both = permits.acquire_many_owned(2);
                number.add(1);
                assert_eq!(both.permits(), 2);
                drop(both);
            })
            .role("takes both", |(permits, number)| {
                let _both = permits.acquire_many(2);
                number.add(1);
            })
            .check(|(permits, number)| assert_eq!((permits.available(), number.get()), (2, 2)))
            .reaches([Slept, Woken]),
        )
}

/// A semaphore that belongs to the acquiring thread, to catch a `release` that touches it once too
/// often.
struct Freed(*mut Semaphore);

// SAFETY: the releasing thread uses the semaphore until it has released, and the other frees it
// after it has acquired.
unsafe impl Send for Freed {}
// SAFETY: as above.
unsafe impl Sync for Freed {}

impl Freed {
    fn new() -> Self {
        Self(Box::into_raw(Box::new(none())))
    }

    fn release(&self) {
        // SAFETY: no thread can have acquired yet, so it is not freed.
        unsafe { &*self.0 }.release(1);
    }

    fn acquire_and_free(&self) {
        // SAFETY: only this thread frees it.
        use_up(unsafe { &*self.0 });
        // SAFETY: made from a box; the other thread has put its permit there, and no longer uses
        // the memory, but perhaps the address.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
