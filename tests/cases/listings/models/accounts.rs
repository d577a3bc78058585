//! The listings of the chapter on deadlock: two accounts, a lock on each.

use book::listings::crosswise::{Account, transfer as pay};
use book::listings::overdrawn;
use book::listings::two_accounts::{
    count_all_at_once, count_one_by_one, transfer, transfer_by_number,
};
use model::Reach::{Slept, Woken};
use model::report::Kind;
use model::{Group, Scenario};
use primitives::Lock;

type Bank = [Lock<u32>; 2];

fn bank() -> Bank {
    let anns = Lock::new(10);
    let bobs = Lock::new(10);
    [anns, bobs]
}

pub(super) fn add(group: Group) -> Group {
    waiting(counted(crosswise(group)))
}

fn crosswise(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("crosswise", "The same with the smallest lock that sleeps.", || {
                let ann = Account::new(10);
                let bob = Account::new(10);
                (ann, bob)
            })
            .role("pays there", |(ann, bob)| pay(ann, bob, 3))
            .role("pays back", |(ann, bob)| pay(bob, ann, 5))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "two-accounts",
                "Each has locked one account, and waits for the other's.",
                bank,
            )
            .role("pays there", |bank| transfer(bank, 0, 1, 3))
            .role("pays back", |bank| transfer(bank, 1, 0, 5))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "accounts-by-number",
                "The account with the smaller number is locked first, whichever pays.",
                bank,
            )
            .role("pays there", |bank| transfer_by_number(bank, 0, 1, 3))
            .role("pays back", |bank| transfer_by_number(bank, 1, 0, 5))
            .check(|bank| assert_eq!(bank.each_ref().map(|account| *account.lock()), [12, 8]))
            .reaches([Slept, Woken]),
        )
}

fn counted(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "count-one-by-one",
                "Money moves from where the auditor has not looked yet to where he has.",
                bank,
            )
            .role("pays back", |bank| transfer_by_number(bank, 1, 0, 5))
            .role("counts", |bank| assert_eq!(count_one_by_one(bank), 20, "money is missing"))
            .spurious(0)
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("count-all-at-once", "The auditor holds every account.", bank)
                .role("pays back", |bank| transfer_by_number(bank, 1, 0, 5))
                .role("counts", |bank| assert_eq!(count_all_at_once(bank), 20))
                .reaches([Slept, Woken]),
        )
}

fn waiting(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "overdrawn",
                "The thread that waited for ten was woken by five, and does not look.",
                overdrawn::Account::new,
            )
            .role("withdraws ten", |account| account.withdraw(10))
            .role("pays in five, twice", |account| {
                account.pay_in(5);
                account.pay_in(5);
            })
            .spurious(0)
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "withdraw-when-there",
                "With a loop around the wait.",
                overdrawn::Account::new,
            )
            .role("withdraws ten", |account| account.withdraw_when_there(10))
            .role("pays in five, twice", |account| {
                account.pay_in(5);
                account.pay_in(5);
            })
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
}
