//! Threads that are started and joined in one loop.

use primitives::sync::thread;

// ANCHOR: run
/// Runs all jobs, each on its own thread.
pub fn run_all<F: FnOnce() + Send + 'static>(jobs: Vec<F>) {
    for job in jobs {
        let thread = thread::spawn(job);
        thread.join().expect("the job does not panic");
    }
}
// ANCHOR_END: run
