//! The lock that ships.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::Lock;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::listings::with_lock::deposit;

const FILE: &str = "primitives/src/lock.rs";
const LISTING: &str = "book/listings/with_lock.rs";

struct Bank {
    balance: Lock<u32>,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let make = || Bank { balance: Lock::new(0) };
    let take = (FILE, "compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed)");
    let take_late = (FILE, "self.state.swap(CONTENDED, Acquire)");
    let free = (FILE, "self.state.fetch_and(HANDED, Release)");
    vec![
        Scenario::new("lock", make)
            .threads(2, |bank| deposit(&bank.balance))
            .check(|bank| assert_eq!(*bank.balance.lock(), 2, "a deposit is lost"))
            .one_inside(LISTING, "inside")
            .weak()
            .shows(LISTING, "deposit")
            .shows(FILE, "acquire-fast")
            .shows(FILE, "acquire-slow")
            .shows(FILE, "release")
            .toggle(take, (Acquire, Relaxed), Broken(Kind::Race))
            .toggle(take_late, (Acquire, Relaxed), Broken(Kind::Race))
            .toggle(free, (Release, Relaxed), Broken(Kind::Race))
            .right(),
    ]
}
