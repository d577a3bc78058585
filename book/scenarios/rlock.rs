//! The chapter on the reentrant lock.

use explorer::{Kind, Scenario};
use primitives::raw::RawRLock;

use super::shown;
use crate::listings::{locks_twice, owner_too_late};

struct Bank {
    account: locks_twice::Account,
}

struct Hut {
    lock: owner_too_late::Reentrant,
}

struct Shop {
    lock: RawRLock,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let twice = "book/listings/locks_twice.rs";
    let owner = "book/listings/owner_too_late.rs";
    let real = "primitives/src/rlock.rs";
    let locks_twice =
        Scenario::new("locks-twice", || Bank { account: locks_twice::Account::new(5) })
            .thread(|bank| bank.account.withdraw_if_possible(3))
            .shows(twice, "account");
    let owner_too_late =
        Scenario::new("owner-too-late", || Hut { lock: owner_too_late::Reentrant::new() })
            // ANCHOR: twice-too-late
            .threads(2, |hut| {
                hut.lock.acquire();
                hut.lock.acquire();
                hut.lock.release();
                hut.lock.release();
            })
            // ANCHOR_END: twice-too-late
            .shows("book/scenarios/rlock.rs", "twice-too-late")
            .shows(owner, "lock");
    let rlock = Scenario::new("rlock", || Shop { lock: RawRLock::new() })
        // ANCHOR: twice
        .threads(2, |shop| {
            shop.lock.acquire();
            shop.lock.acquire();
            shop.lock.release();
            shop.lock.release();
        })
        // ANCHOR_END: twice
        .shows("book/scenarios/rlock.rs", "twice")
        .shows(real, "acquire")
        .shows(real, "owner")
        .shows(real, "release");
    vec![
        shown::lock(locks_twice).broken(Kind::Deadlock),
        shown::lock(owner_too_late).broken(Kind::Deadlock),
        shown::lock(rlock).right(),
    ]
}
