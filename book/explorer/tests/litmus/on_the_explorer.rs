//! The litmus tests on the explorer.

mod rt {
    pub(super) use explorer::sync::atomic::{AtomicU32, fence};
}
#[path = "programs.rs"]
mod programs;

use std::cell::RefCell;
use std::rc::Rc;

use explorer::{Scenario, search};

/// What each program can find; `weak` as in [`explorer::scenario::Builder::weak`].
pub(super) fn outcomes(weak: bool) -> super::Outcomes {
    let explore = |(name, bodies): programs::Program| {
        let found = Rc::new(RefCell::new(super::BTreeSet::new()));
        let mut scenario = Scenario::new(name, programs::Shared::new);
        for body in bodies {
            scenario = scenario.thread(move |shared| body(shared));
        }
        if weak {
            scenario = scenario.weak();
        }
        let keep = Rc::clone(&found);
        let scenario = scenario.check(move |s| {
            keep.borrow_mut().insert(s.found());
        });
        let graph = search::explore(&scenario.right(), 0);
        assert!(graph.kinds().is_empty(), "{name}: {:?}", graph.kinds());
        (name, Rc::unwrap_or_clone(found).into_inner())
    };
    programs::programs().into_iter().map(explore).collect()
}
