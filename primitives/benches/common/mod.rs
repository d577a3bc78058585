//! What the benches of `primitives` and of `queues` share.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use criterion::Criterion;

/// The runs are short: a minute in all, enough to see a change of a few per cent on a quiet
/// machine.
pub(crate) fn quick() -> Criterion {
    Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

/// Keeps a second thread alive as long as the process. With a single thread, libc leaves out the
/// atomics of its allocator, and a contestant that allocates would look faster than it is.
pub(crate) fn keep_a_second_thread() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}

/// Runs both at once, one in this thread and one in another. Returns the time from when both are
/// ready until both are done.
pub(crate) fn side_by_side(here: impl FnOnce(), there: impl FnOnce() + Send) -> Duration {
    let missing = AtomicU32::new(2);
    let meet = || {
        missing.fetch_sub(1, SeqCst);
        while missing.load(SeqCst) > 0 {
            // Yields, so that it ends on one core too.
            thread::yield_now();
        }
        Instant::now()
    };
    thread::scope(|s| {
        let there = s.spawn(|| {
            let start = meet();
            there();
            (start, Instant::now())
        });
        let start_here = meet();
        here();
        let end_here = Instant::now();
        let (start_there, end_there) = there.join().expect("the other side panicked");
        end_here.max(end_there) - start_here.min(start_there)
    })
}
