//! What the benches of `primitives` and of `queues` share.

use std::thread;
use std::time::Duration;

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
