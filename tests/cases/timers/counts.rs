//! Timers that are set and cancelled among many.

use std::hint::black_box;
use std::time::{Duration, Instant};

use primitives::Timers;

use crate::run::Run;

/// More than fit on one cache line, and few enough for a fast setup under callgrind.
const PENDING_TIMERS: u64 = 10_000;

pub(crate) fn rows(run: &mut Run) {
    let (timers, first) = (Timers::new(), Instant::now() + Duration::from_secs(3600));
    let pending: Vec<_> = (0..PENDING_TIMERS)
        .map(|number| timers.at(first + Duration::from_micros(number), || ()))
        .collect();
    let last = first + Duration::from_secs(1);
    run.row("Timers: at + cancel, later than 10,000 others (allocates)").of(
        "ours",
        &timers,
        |timers| _ = black_box(timers.at(last, || ()).cancel()),
    );
    drop(pending);
}
