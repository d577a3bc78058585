//! Models of the book's listings: what a chapter calls broken is proven broken, and what it calls right holds.

use book::listings::{if_for_while, mailbox, missed_ring, not_a_lock, spin_lock};
use model::Reach::{Slept, SpuriousWakeUp};
use model::report::Kind;
use model::{Group, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;
use primitives::{Condition, Lock};

pub(crate) fn group() -> Group {
    Group::new("listings")
        .scenario(
            Scenario::new("not-a-lock", "Two deposits under a lock that does not lock.", || {
                (not_a_lock::NotALock::new(), AtomicU32::new(0))
            })
            .roles(2, "deposits", |(lock, balance)| not_a_lock::deposit(lock, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2, "a deposit is lost"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("two-inside", "Both look, and then both take: two are inside.", || {
                (not_a_lock::NotALock::new(), AtomicU32::new(0))
            })
            .roles(2, "goes in", |(lock, inside)| {
                lock.lock();
                assert_eq!(inside.fetch_add(1, Relaxed), 0, "somebody is inside already");
                inside.fetch_sub(1, Relaxed);
                lock.unlock();
            })
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "spin-lock",
                "Two deposits under a lock that looks and takes at once.",
                || (spin_lock::SpinLock::new(), AtomicU32::new(0)),
            )
            .roles(2, "deposits", |(lock, balance)| spin_lock::deposit(lock, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2)),
        )
        .scenario(
            Scenario::new(
                "missed-ring",
                "The rings are counted after the lock was let go: one is missed.",
                missed_ring::Mailbox::new,
            )
            .role("fetches", missed_ring::Mailbox::fetch)
            .role("delivers", missed_ring::Mailbox::deliver)
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "if-for-while",
                "Who was woken finds that another was faster, and does not look.",
                || (Lock::new(0), Condition::new()),
            )
            .roles(2, "fetches", |(letters, arrived)| if_for_while::fetch(letters, arrived))
            .role("delivers two", |(letters, arrived)| {
                if_for_while::deliver(letters, arrived);
                if_for_while::deliver(letters, arrived);
            })
            .spurious(0)
            .bound(Some(2))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("mailbox", "With `while` and the real condition.", mailbox::Mailbox::new)
                .role("fetches", mailbox::Mailbox::fetch)
                .role("delivers", mailbox::Mailbox::deliver)
                .reaches([Slept, SpuriousWakeUp]),
        )
}
