//! Models of [`Condition`]: no notification is lost, and a waiter that gives up consumes none.

use std::time::Duration;

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::raw::RawLock;
use primitives::{Condition, Lock};

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

/// Letters in a box, and a bell that rings when there are more.
struct Mailbox {
    letters: Lock<u32>,
    arrived: Condition,
}

impl Mailbox {
    fn new() -> Self {
        Self { letters: Lock::new(0), arrived: Condition::new() }
    }

    fn take(&self) {
        let mut letters = self.letters.lock();
        self.arrived.wait_while(&mut letters, |letters| *letters == 0);
        *letters -= 1;
    }

    fn take_or_give_up(&self) {
        let mut letters = self.letters.lock();
        let result =
            self.arrived.wait_timeout_while(&mut letters, A_WHILE, |letters| *letters == 0);
        if result.timed_out() {
            reached("gave up");
        } else {
            *letters -= 1;
        }
    }

    /// Waits until there is a letter, and leaves it there.
    fn look(&self) {
        self.arrived.wait_while(&mut self.letters.lock(), |letters| *letters == 0);
    }

    fn put(&self) {
        *self.letters.lock() += 1;
        self.arrived.notify_one();
    }

    fn put_and_tell_all(&self) {
        *self.letters.lock() += 1;
        self.arrived.notify_all();
    }

    /// Notifies before it releases the lock; this is allowed, but slower.
    fn put_and_tell_inside(&self) {
        let mut letters = self.letters.lock();
        *letters += 1;
        self.arrived.notify_one();
        drop(letters);
    }

    fn left(&self, n: u32) {
        assert_eq!(*self.letters.lock(), n);
    }
}

pub(crate) fn group() -> Group {
    raw(timed(notified(Group::new("condition"))))
}

fn notified(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-letter", "One waits, one notifies: it is not missed.", Mailbox::new)
                .role("takes", Mailbox::take)
                .role("puts", Mailbox::put)
                .check(|mailbox| mailbox.left(0))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("told-inside", "The notification comes under the lock.", Mailbox::new)
                .role("takes", Mailbox::take)
                .role("puts", Mailbox::put_and_tell_inside)
                .check(|mailbox| mailbox.left(0))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("one-letter-spinning", "A look before sleeping.", Mailbox::new)
                .role("takes", Mailbox::take)
                .role("puts", Mailbox::put)
                .check(|mailbox| mailbox.left(0))
                .spinning()
                .spurious(0)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "two-letters",
                "Two wait, two notifications: each gets one.",
                Mailbox::new,
            )
            .roles(2, "takes", Mailbox::take)
            .role("puts two", |mailbox| {
                mailbox.put();
                mailbox.put();
            })
            .check(|mailbox| mailbox.left(0))
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("all", "`notify_all` reaches both.", Mailbox::new)
                .roles(2, "looks", Mailbox::look)
                .role("puts", Mailbox::put_and_tell_all)
                .check(|mailbox| mailbox.left(1))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-at-once", "`notify(2)` reaches both.", Mailbox::new)
                .roles(2, "takes", Mailbox::take)
                .role("puts two", |mailbox| {
                    *mailbox.letters.lock() += 2;
                    mailbox.arrived.notify(2);
                })
                .check(|mailbox| mailbox.left(0))
                .reaches([Slept, Woken]),
        )
}

fn timed(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("gives-up", "A wait with a limit ends, in each way.", Mailbox::new)
                .role("may give up", Mailbox::take_or_give_up)
                .role("puts", Mailbox::put)
                .check(|mailbox| assert!(*mailbox.letters.lock() <= 1))
                .reaches([Slept, Woken, WordChanged, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("no-notification", "Only time ends this wait.", Mailbox::new)
                .role("gives up", Mailbox::take_or_give_up)
                .reaches([Slept, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "swallows-nothing",
                "Two letters, one of the two who wait may give up: the other gets one.",
                Mailbox::new,
            )
            .role("takes", Mailbox::take)
            .role("may give up", Mailbox::take_or_give_up)
            .role("puts two", |mailbox| {
                mailbox.put();
                mailbox.put();
            })
            .check(|mailbox| assert!(*mailbox.letters.lock() <= 1))
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

/// A raw lock, and data that it guards by convention.
struct Raw {
    lock: RawLock,
    set: Lock<bool>,
    changed: Condition,
}

fn raw(group: Group) -> Group {
    group.scenario(
        Scenario::new("raw", "Waiting with a lock that guards no data.", || Raw {
            lock: RawLock::new(),
            set: Lock::new(false),
            changed: Condition::new(),
        })
        .role("waits", |raw| {
            raw.lock.acquire();
            raw.changed.wait_raw_while(&raw.lock, || !*raw.set.lock());
            raw.lock.release();
        })
        .role("sets", |raw| {
            raw.lock.acquire();
            *raw.set.lock() = true;
            raw.lock.release();
            raw.changed.notify_one();
        })
        .reaches([Slept, Woken]),
    )
}
