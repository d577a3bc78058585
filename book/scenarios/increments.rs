//! Counts that two threads raise.

use explorer::{Kind, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;

use crate::listings::{one_increment, two_increments};

const TWO: &str = "book/listings/two_increments.rs";
const ONE: &str = "book/listings/one_increment.rs";

struct Shared {
    count: AtomicU32,
}

impl Shared {
    fn new() -> Self {
        Self { count: AtomicU32::new(0) }
    }

    fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("two-increments", Shared::new)
            .threads(2, |shared| two_increments::increment(&shared.count))
            .check(|shared| assert_eq!(shared.count(), 2, "two have counted, and the count is 1"))
            .shows(TWO, "increment")
            .broken(Kind::Assertion),
        Scenario::new("three-times", Shared::new)
            .threads(2, |shared| two_increments::three_times(&shared.count))
            .check(|shared| assert_ne!(shared.count(), 2, "of six, two are left"))
            .shows(TWO, "three-times")
            .shows(TWO, "increment")
            .broken(Kind::Assertion),
        Scenario::new("one-increment", Shared::new)
            .threads(2, |shared| one_increment::increment(&shared.count))
            .check(|shared| assert_eq!(shared.count(), 2, "one is lost"))
            .weak()
            .shows(ONE, "increment")
            .right(),
    ]
}
