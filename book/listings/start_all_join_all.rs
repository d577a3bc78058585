//! Threads that are started, all of them, and then joined.

use primitives::sync::thread;

// ANCHOR: run
/// Runs all jobs, each on its own thread, at the same time.
pub fn run_all<F: FnOnce() + Send + 'static>(jobs: Vec<F>) {
    let threads: Vec<_> = jobs.into_iter().map(thread::spawn).collect();
    for thread in threads {
        thread.join().expect("the job does not panic");
    }
}
// ANCHOR_END: run
