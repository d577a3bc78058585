//! The chapter on what is made once.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::listings::{double_checked, made_once, made_twice};

const TWICE: &str = "book/listings/made_twice.rs";
const CHECKED: &str = "book/listings/double_checked.rs";
const ONCE: &str = "book/listings/made_once.rs";
const LOCK: &str = "book/listings/spin_lock.rs";

struct Twice {
    lazy: made_twice::Lazy,
}

struct Checked {
    lazy: double_checked::Lazy,
}

struct Once {
    lazy: made_once::Lazy,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let look = (ONCE, "!self.ready.load(Acquire)");
    let store = (ONCE, "self.ready.store(true, Release)");
    let checked = |name| {
        Scenario::new(name, || Checked { lazy: double_checked::Lazy::new() })
            .threads(2, |checked| assert_eq!(checked.lazy.get(), 42, "it is not open"))
            .one_inside(CHECKED, "make")
            .shows(CHECKED, "lazy")
            .folds("lock", LOCK, "calls")
    };
    vec![
        Scenario::new("made-twice", || Twice { lazy: made_twice::Lazy::new() })
            .threads(2, |twice| _ = twice.lazy.get())
            .one_inside(TWICE, "make")
            .shows(TWICE, "lazy")
            .broken(Kind::TwoInside),
        checked("double-checked-in-order").right(),
        checked("double-checked").weak().broken(Kind::Assertion),
        Scenario::new("made-once", || Once { lazy: made_once::Lazy::new() })
            .threads(2, |once| assert_eq!(once.lazy.get(), 42, "it is not open"))
            .one_inside(ONCE, "make")
            .weak()
            .shows(ONCE, "lazy")
            .folds("lock", LOCK, "calls")
            .toggle(look, (Acquire, Relaxed), Broken(Kind::Assertion))
            .toggle(store, (Release, Relaxed), Broken(Kind::Assertion))
            .right(),
    ]
}
