//! Two accounts, a lock on each, and two transfers that meet.

use explorer::scenario::Builder;
use explorer::{Kind, Scenario};
use primitives::Lock;

use crate::listings::two_accounts::{transfer, transfer_by_number};

const FILE: &str = "book/listings/two_accounts.rs";
const LOCK: &str = "primitives/src/lock.rs";

struct Bank {
    accounts: [Lock<u32>; 2],
}

impl Bank {
    fn new() -> Self {
        let anns = Lock::new(10);
        let bobs = Lock::new(10);
        Self { accounts: [anns, bobs] }
    }
}

/// One transfer each way, both with this function.
fn crosswise(
    name: &'static str,
    transfer: fn(&[Lock<u32>], usize, usize, u32),
    anchor: &'static str,
) -> Builder<Bank> {
    Scenario::new(name, Bank::new)
        .thread(move |bank| transfer(&bank.accounts, 0, 1, 3))
        .thread(move |bank| transfer(&bank.accounts, 1, 0, 5))
        .check(|bank| {
            let balances = bank.accounts.each_ref().map(|account| *account.lock());
            assert_eq!(balances, [12, 8], "money has come or gone");
        })
        .shows(FILE, anchor)
        .shows(LOCK, "acquire")
        .shows(LOCK, "acquire-slow")
        .shows(LOCK, "release")
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        crosswise("two-accounts", transfer, "transfer").broken(Kind::Deadlock),
        crosswise("accounts-by-number", transfer_by_number, "by-number").right(),
    ]
}
