//! A task that two threads have found.

use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::listings::{run_once, run_twice};

const TWICE: &str = "book/listings/run_twice.rs";
const ONCE: &str = "book/listings/run_once.rs";

struct Naive {
    task: run_twice::NaiveTask,
}

struct Claimed {
    task: run_once::Task,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let look = (ONCE, "self.state.load(Acquire) != RETURNED");
    let finish = (ONCE, "self.state.store(RETURNED, Release)");
    vec![
        Scenario::new("run-twice", || Naive { task: run_twice::NaiveTask::new() })
            .threads(2, |found| found.task.run())
            .shows(TWICE, "task")
            .one_inside(TWICE, "work")
            .broken(Kind::TwoInside),
        Scenario::new("run-once", || Claimed { task: run_once::Task::new() })
            .thread(|found| found.task.run())
            .thread(|found| {
                found.task.run(); // unless the worker has begun it
                assert!(matches!(found.task.result(), None | Some(42)), "that is not its result");
            })
            .one_inside(ONCE, "work")
            .weak()
            .shows(ONCE, "task")
            .toggle(look, (Acquire, Relaxed), Broken(Kind::Assertion))
            .toggle(finish, (Release, Relaxed), Broken(Kind::Assertion))
            .right(),
    ]
}
