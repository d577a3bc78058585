//! The programs on the explorer.

mod rt {
    pub(super) use explorer::sync::atomic::AtomicU32;

    pub(super) fn wait(word: &AtomicU32, expected: u32) {
        explorer::futex::wait(word, expected, false);
    }
    pub(super) fn wake_one(word: &AtomicU32) {
        explorer::futex::wake_one(word);
    }
}
#[path = "programs.rs"]
mod programs;

use explorer::Scenario;

pub(super) fn scenarios() -> Vec<Scenario> {
    let scenario = |(name, bodies): (_, Vec<fn(&programs::Shared)>)| {
        let mut scenario = Scenario::new(name, programs::Shared::new);
        for body in bodies {
            scenario = scenario.thread(body);
        }
        scenario.right()
    };
    programs::programs().into_iter().map(scenario).collect()
}
