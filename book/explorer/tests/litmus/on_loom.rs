//! The litmus tests on loom.

mod rt {
    pub(super) use loom::sync::atomic::{AtomicU32, fence};
}
#[path = "programs.rs"]
mod programs;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::Outcomes;

/// What each program can find. loom misses some interleavings of loads by the thread that it starts
/// with, so each thread is that one in turn.
pub(super) fn outcomes() -> Outcomes {
    let explore = |(name, bodies): programs::Program| {
        let bodies = Arc::new(bodies);
        let found = Arc::new(Mutex::new(BTreeSet::new()));
        // With four threads one assignment takes long enough, and finds all that there is to find.
        let mains = if bodies.len() < 4 { 0..bodies.len() } else { 3..4 };
        for main in mains {
            let (bodies, found) = (Arc::clone(&bodies), Arc::clone(&found));
            loom::model(move || {
                let shared = Arc::new(programs::Shared::new());
                let others = (0..bodies.len()).filter(|&other| other != main);
                let handles = Vec::from_iter(others.map(|other| {
                    let (bodies, shared) = (Arc::clone(&bodies), Arc::clone(&shared));
                    loom::thread::spawn(move || bodies[other](&shared))
                }));
                bodies[main](&shared);
                for handle in handles {
                    handle.join().unwrap();
                }
                found.lock().unwrap().insert(shared.found());
            });
        }
        let found = found.lock().unwrap().clone();
        println!("{name}: {} outcomes", found.len());
        (name, found)
    };
    programs::programs().into_iter().map(explore).collect()
}
