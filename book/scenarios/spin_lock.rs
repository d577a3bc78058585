//! The smallest lock that locks, and what its orderings are for.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::listings::spin_lock::{SpinLock, deposit};

const FILE: &str = "book/listings/spin_lock.rs";

struct Bank {
    lock: SpinLock,
    balance: AtomicU32,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let make = || Bank { lock: SpinLock::new(), balance: AtomicU32::new(0) };
    let take = (FILE, "compare_exchange(false, true, Acquire, Relaxed)");
    let free = (FILE, "self.taken.store(false, Release)");
    vec![
        Scenario::new("spin-lock", make)
            .threads(2, |bank| deposit(&bank.lock, &bank.balance))
            .check(|bank| {
                assert_eq!(
                    bank.balance.load(Relaxed),
                    2,
                    "two deposits were made, and one is lost"
                );
            })
            .one_inside(FILE, "inside")
            .weak()
            .shows(FILE, "calls")
            .shows(FILE, "deposit")
            .toggle(take, (Acquire, Relaxed), Broken(Kind::Assertion))
            .toggle(free, (Release, Relaxed), Broken(Kind::Assertion))
            .right(),
    ]
}
