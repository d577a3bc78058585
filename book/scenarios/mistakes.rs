//! The mistakes of the later chapters, each with the lock that ships under it.

use explorer::scenario::Builder;
use explorer::{Kind, Scenario};

use crate::listings::{locks_twice, missed_ring, owner_too_late, turnstile};

const LOCK: &str = "primitives/src/lock.rs";

/// Shows the lock.
fn with_lock<S: 'static>(scenario: Builder<S>) -> Builder<S> {
    scenario.shows(LOCK, "acquire").shows(LOCK, "acquire-slow").shows(LOCK, "release")
}

struct Post {
    mailbox: missed_ring::Mailbox,
}

struct Hut {
    lock: owner_too_late::Reentrant,
}

struct Bank {
    account: locks_twice::Account,
}

struct Door {
    turnstile: turnstile::Turnstile,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let bell = "book/listings/missed_ring.rs";
    let owner = "book/listings/owner_too_late.rs";
    let twice = "book/listings/locks_twice.rs";
    let door = "book/listings/turnstile.rs";
    vec![
        with_lock(
            Scenario::new("missed-ring", || Post { mailbox: missed_ring::Mailbox::new() })
                .thread(|post| post.mailbox.fetch())
                .thread(|post| post.mailbox.deliver())
                .shows(bell, "mailbox")
                .shows(bell, "bell"),
        )
        .broken(Kind::LostWakeUp),
        with_lock(
            Scenario::new("owner-too-late", || Hut { lock: owner_too_late::Reentrant::new() })
                .threads(2, |hut| {
                    hut.lock.acquire();
                    hut.lock.acquire();
                    hut.lock.release();
                    hut.lock.release();
                })
                .shows(owner, "lock"),
        )
        .broken(Kind::Deadlock),
        with_lock(
            Scenario::new("locks-twice", || Bank { account: locks_twice::Account::new(5) })
                .thread(|bank| bank.account.withdraw_if_possible(3))
                .shows(twice, "account"),
        )
        .broken(Kind::Deadlock),
        Scenario::new("turnstile", || Door { turnstile: turnstile::Turnstile::new(2) })
            .threads(2, |door| {
                door.turnstile.wait();
                door.turnstile.wait();
            })
            .shows(door, "turnstile")
            .broken(Kind::LostWakeUp),
    ]
}
