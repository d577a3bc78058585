//! Two accounts, a lock on each, and two transfers that meet.

use explorer::{Kind, Scenario};
use primitives::Lock;

use crate::listings::crosswise::{Account, transfer};
use crate::listings::two_accounts::transfer_by_number;

const CROSSWISE: &str = "book/listings/crosswise.rs";
const SLEEPING: &str = "book/listings/sleeping_lock.rs";
const BY_NUMBER: &str = "book/listings/two_accounts.rs";
const LOCK: &str = "primitives/src/lock.rs";

struct Pair {
    ann: Account,
    bob: Account,
}

struct Bank {
    accounts: [Lock<u32>; 2],
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("two-accounts", || Pair { ann: Account::new(10), bob: Account::new(10) })
            .thread(|pair| transfer(&pair.ann, &pair.bob, 3))
            .thread(|pair| transfer(&pair.bob, &pair.ann, 5))
            .check(|pair| assert_eq!((pair.ann.balance(), pair.bob.balance()), (12, 8)))
            .shows(CROSSWISE, "transfer")
            .shows(SLEEPING, "calls")
            .broken(Kind::Deadlock),
        Scenario::new("accounts-by-number", || {
            let ann = Lock::new(10);
            let bob = Lock::new(10);
            Bank { accounts: [ann, bob] }
        })
        .thread(|bank| transfer_by_number(&bank.accounts, 0, 1, 3))
        .thread(|bank| transfer_by_number(&bank.accounts, 1, 0, 5))
        .check(|bank| {
            let balances = bank.accounts.each_ref().map(|account| *account.lock());
            assert_eq!(balances, [12, 8], "money has come or gone");
        })
        .shows(BY_NUMBER, "by-number")
        .folds("lock", LOCK, "acquire")
        .folds("lock", LOCK, "acquire-slow")
        .folds("lock", LOCK, "release")
        .right(),
    ]
}
