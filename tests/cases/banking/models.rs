//! Models of the demo `banking`: the same transfers, from the same file, in every order.

use std::convert::Infallible;

use model::Reach::{Slept, Woken};
use model::report::Kind;
use model::{Group, Scenario};
use primitives::Lock;
use primitives::sync::atomic::AtomicU64;
use primitives::sync::atomic::Ordering::Relaxed;

#[path = "../../../demos/src/banking/transfer.rs"]
mod transfer;

use transfer::{Order, transfer, transfer_hand_over_hand, transfer_without_lock};

const ACCOUNTS: usize = 2;
const TOTAL: u64 = 20;

/// Both ways at once, so that threads that lock in the order of the transfer meet.
const THERE: Order = Order { from: 0, to: 1, cents: 3 };
const BACK: Order = Order { from: 1, to: 0, cents: 5 };

fn hand_over_hand(accounts: &[Lock<u64>; ACCOUNTS], order: Order) {
    let lock = |account| Ok::<_, Infallible>(Lock::lock(account));
    let Ok(enough) = transfer_hand_over_hand(accounts, order, lock, lock);
    assert!(enough);
}

pub(crate) fn group() -> Group {
    Group::new("banking")
        .scenario(
            Scenario::new(
                "transfers",
                "Two transfers, one each way: no cent is lost, and no thread is stuck.",
                || [TOTAL / ACCOUNTS as u64; ACCOUNTS].map(Lock::new),
            )
            .role("pays there", |accounts| assert!(transfer(accounts, THERE, Lock::lock)))
            .role("pays back", |accounts| assert!(transfer(accounts, BACK, Lock::lock)))
            .check(|accounts| {
                let [first, second] = accounts.each_ref().map(|account| *account.lock());
                assert_eq!((first, second), (12, 8));
            })
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "audit",
                "An auditor who holds all accounts sees the same total at any moment.",
                || [TOTAL / ACCOUNTS as u64; ACCOUNTS].map(Lock::new),
            )
            .role("pays back", |accounts| assert!(transfer(accounts, BACK, Lock::lock)))
            .role("audits", |accounts| {
                let held: Vec<_> = accounts.iter().map(Lock::lock).collect();
                assert_eq!(held.iter().map(|balance| **balance).sum::<u64>(), TOTAL);
            })
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "hand-over-hand",
                "The same two transfers, each locking the account that pays first: both sleep without end.",
                || [TOTAL / ACCOUNTS as u64; ACCOUNTS].map(Lock::new),
            )
            .role("pays there", |accounts| hand_over_hand(accounts, THERE))
            .role("pays back", |accounts| hand_over_hand(accounts, BACK))
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "without-lock",
                "The same two transfers without a lock: money comes from nowhere.",
                || [TOTAL / ACCOUNTS as u64; ACCOUNTS].map(AtomicU64::new),
            )
            .role("pays there", |accounts| assert!(transfer_without_lock(accounts, THERE, || ())))
            .role("pays back", |accounts| assert!(transfer_without_lock(accounts, BACK, || ())))
            .check(|accounts| {
                let total: u64 = accounts.iter().map(|account| account.load(Relaxed)).sum();
                assert_eq!(total, TOTAL, "money has come or gone");
            })
            .must_fail(Kind::Panic),
        )
}
