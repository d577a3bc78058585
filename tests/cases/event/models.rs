//! Models of [`Event`]: a `set` reaches every waiter, and a thread that passes sees what was done
//! before.

use std::ptr;
use std::time::{Duration, Instant};

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::report::Kind;
use model::{Group, Scenario, reached};
use primitives::sync::atomic::Ordering::{Relaxed, SeqCst};
use primitives::sync::atomic::{AtomicU32, fence};
use primitives::{Event, Lock, park};

use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    cleared(opened(Group::new("event")))
}

/// A letter that may be read when the event is set.
struct Mail {
    written: Event,
    letter: Watched,
}

impl Mail {
    fn new() -> Self {
        Self { written: Event::new(), letter: Watched::new(0) }
    }

    fn write(&self) {
        self.letter.set(7);
        self.written.set();
    }

    fn wait(&self) {
        self.written.wait();
        assert_eq!(self.letter.get(), 7);
    }

    fn wait_or_give_up(&self) {
        self.read_if(self.written.wait_timeout(A_WHILE));
    }

    fn read_if(&self, set: bool) {
        if set {
            assert_eq!(self.letter.get(), 7);
        } else {
            reached("gave up");
        }
    }
}

fn opened(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-waits", "The waiter is reached and sees the letter.", Mail::new)
                .role("waits", Mail::wait)
                .role("writes", Mail::write)
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("one-waits-spinning", "A look before sleeping.", Mail::new)
                .role("waits", Mail::wait)
                .role("writes", Mail::write)
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-wait", "One `set` reaches both.", Mail::new)
                .roles(2, "waits", Mail::wait)
                .role("writes", Mail::write)
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("asks", "A thread that finds it set sees the letter.", Mail::new)
                .role("asks", |mail| {
                    if mail.written.is_set() {
                        assert_eq!(mail.letter.get(), 7);
                        reached("set");
                    } else {
                        reached("not set");
                    }
                })
                .role("writes", Mail::write)
                .reaches([Named("set"), Named("not set")]),
        )
        .scenario(
            Scenario::new("gives-up", "A wait with a limit ends, in each way.", Mail::new)
                .role("may give up", Mail::wait_or_give_up)
                .role("writes", Mail::write)
                .reaches([Slept, Woken, WordChanged, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("deadline", "A deadline does what a timeout does.", Mail::new)
                .role("may give up", |mail| {
                    mail.read_if(mail.written.wait_deadline(Instant::now()))
                })
                .role("writes", Mail::write)
                .reaches([Slept, Woken, WordChanged, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("no-set", "Only time ends this wait.", Mail::new)
                .role("gives up", Mail::wait_or_give_up)
                .reaches([Slept, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("one-gives-up", "A waiter that gives up strands no other.", Mail::new)
                .role("waits", Mail::wait)
                .role("may give up", Mail::wait_or_give_up)
                .role("writes", Mail::write)
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("two-set", "Two set it, and one clears between.", Event::new)
                .role("sets", Event::set)
                .role("sets, and clears, and sets", |event| {
                    event.set();
                    event.clear();
                    event.set();
                })
                .role("waits", Event::wait)
                .check(|event| assert!(event.is_set()))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "last-frees",
                "The waiter frees the event, while the other may still be in `set`.",
                Freed::new,
            )
            .role("sets", |freed| {
                // SAFETY: the waiter has not been let go, so it is not freed.
                unsafe { &*freed.0 }.set();
            })
            .role("waits and frees", |freed| {
                // SAFETY: only this thread frees it.
                unsafe { &*freed.0 }.wait();
                // SAFETY: made from a box; the other thread has set the event, and no longer uses
                // the memory, but perhaps the address.
                drop(unsafe { Box::from_raw(freed.0) });
            })
            .reaches([Slept, Woken, WordChanged]),
        )
}

/// Jobs, counted under a lock or by a bare atomic, and an event that says that there are some.
struct Work {
    arrived: Event,
    locked: Lock<u32>,
    bare: AtomicU32,
}

impl Work {
    fn new() -> Self {
        Self { arrived: Event::new(), locked: Lock::new(0), bare: AtomicU32::new(0) }
    }

    fn add_two_locked(&self) {
        for _ in 0..2 {
            *self.locked.lock() += 1;
            self.arrived.set();
        }
    }

    fn take_two_locked(&self) {
        let mut taken = 0;
        while taken < 2 {
            self.arrived.wait(); // what was overlooked would leave us here
            self.arrived.clear();
            taken += std::mem::take(&mut *self.locked.lock());
        }
    }

    fn add_two_bare(&self, fenced: bool) {
        for _ in 0..2 {
            self.bare.fetch_add(1, Relaxed);
            if fenced {
                fence(SeqCst);
            }
            self.arrived.set();
        }
    }

    fn take_two_bare(&self, fenced: bool) {
        let mut seen = 0;
        while seen < 2 {
            self.arrived.wait();
            self.arrived.clear();
            if fenced {
                fence(SeqCst);
            }
            seen = self.bare.load(Relaxed);
        }
    }
}

fn cleared(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "set-then-clear",
                "A waiter that `set` has reached returns though `clear` follows at once.",
                Mail::new,
            )
            .role("waits", Mail::wait)
            .role("sets and clears", |mail| {
                // A spurious wake-up, which shows whether the other thread sleeps. If it does, then
                // it is inside `wait`, and one `set` must be enough for it.
                if park::wake_one(ptr::from_ref(&mail.written).cast()) {
                    reached("the waiter is inside");
                    mail.write();
                    mail.written.clear();
                } else {
                    mail.write();
                }
            })
            .reaches([Slept, Woken, Named("the waiter is inside")]),
        )
        .scenario(
            Scenario::new(
                "takes-a-set-away",
                "A thread that clears sees what was done before the `set` that it takes away.",
                || {
                    let work = Work::new();
                    work.arrived.set();
                    work
                },
            )
            .role("waits, clears, looks", |work| {
                loop {
                    work.arrived.wait(); // what was overlooked would leave us here
                    work.arrived.clear();
                    if work.bare.load(Relaxed) == 1 {
                        break;
                    }
                    reached("looked too early");
                }
            })
            .role("clears, works, sets", |work| {
                work.arrived.clear();
                work.bare.store(1, Relaxed);
                work.arrived.set(); // not set already, so it carries the work
            })
            .bound(Some(3))
            .reaches([Slept, Woken, Named("looked too early")]),
        )
        .scenario(
            Scenario::new(
                "work-under-a-lock",
                "A thread that clears and then looks under the lock overlooks nothing.",
                Work::new,
            )
            .role("takes two", Work::take_two_locked)
            .role("adds two", Work::add_two_locked)
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("work-fenced", "The same with a bare atomic and two fences.", Work::new)
                .role("takes two", |work| work.take_two_bare(true))
                .role("adds two", |work| work.add_two_bare(true))
                .bound(Some(3))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "work-unfenced",
                "Without the fences a `set` may find the event set, and its work be overlooked.",
                Work::new,
            )
            .role("takes two", |work| work.take_two_bare(false))
            .role("adds two", |work| work.add_two_bare(false))
            .must_fail(Kind::LostWakeUp),
        )
}

/// An event that belongs to the waiting thread.
struct Freed(*mut Event);

// SAFETY: the setting thread uses the event until it is set, and the other frees it after that.
unsafe impl Send for Freed {}
// SAFETY: as above.
unsafe impl Sync for Freed {}

impl Freed {
    fn new() -> Self {
        Self(Box::into_raw(Box::new(Event::new())))
    }
}
