//! Locks that do not lock.

use explorer::{Kind, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;

use crate::listings::look_again::{self, NumberedLock};
use crate::listings::not_a_lock::{NotALock, deposit};

const FILE: &str = "book/listings/not_a_lock.rs";
const AGAIN: &str = "book/listings/look_again.rs";

struct Bank {
    lock: NotALock,
    balance: AtomicU32,
}

struct NumberedBank {
    lock: NumberedLock,
    balance: AtomicU32,
}

impl Bank {
    fn new() -> Self {
        Self { lock: NotALock::new(), balance: AtomicU32::new(0) }
    }
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let two_deposit = |name| {
        Scenario::new(name, Bank::new)
            .threads(2, |bank| deposit(&bank.lock, &bank.balance))
            .shows(FILE, "calls")
            .shows(FILE, "deposit")
    };
    vec![
        two_deposit("not-a-lock").one_inside(FILE, "inside").broken(Kind::TwoInside),
        two_deposit("lost-deposit")
            .check(|bank| {
                assert_eq!(
                    bank.balance.load(Relaxed),
                    2,
                    "two deposits were made, and one is lost"
                );
            })
            .broken(Kind::Assertion),
        Scenario::new("look-again", || NumberedBank {
            lock: NumberedLock::new(),
            balance: AtomicU32::new(0),
        })
        .thread(|bank| look_again::deposit(&bank.lock, 1, &bank.balance))
        .thread(|bank| look_again::deposit(&bank.lock, 2, &bank.balance))
        .one_inside(AGAIN, "inside")
        .shows(AGAIN, "calls")
        .shows(AGAIN, "deposit")
        .broken(Kind::TwoInside),
    ]
}
