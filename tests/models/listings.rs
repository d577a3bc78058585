//! Models of the book's listings: what a chapter calls broken is proven broken, and what it calls right holds.

use book::listings::{not_a_lock, spin_lock};
use model::report::Kind;
use model::{Group, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;

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
}
