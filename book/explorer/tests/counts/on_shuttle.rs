//! The programs on Shuttle.

#[path = "shuttle_rt.rs"]
mod rt;

#[path = "programs.rs"]
mod programs;

use std::collections::BTreeMap;
use std::sync::Arc;

/// How many runs of each program differ.
pub(super) fn counts() -> BTreeMap<&'static str, u128> {
    let count = |(name, bodies): (_, Vec<fn(&programs::Shared)>)| {
        rt::begin_search();
        let run = move || {
            rt::begin_run(bodies.len());
            let shared = Arc::new(programs::Shared::new());
            for body in bodies.iter().copied() {
                let shared = Arc::clone(&shared);
                shuttle::thread::spawn(move || {
                    body(&shared);
                    rt::ended();
                });
            }
        };
        shuttle::check_dfs(run, None);
        (name, rt::different_runs())
    };
    programs::programs().into_iter().map(count).collect()
}
