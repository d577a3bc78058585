//! The lock that does not lock.

use explorer::{Kind, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;

use crate::listings::not_a_lock::{NotALock, deposit};

const FILE: &str = "book/listings/not_a_lock.rs";

struct Bank {
    lock: NotALock,
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
    ]
}
