//! A ring with room and an item.

use std::hint::black_box;

use queues::Ring;

use crate::channels::{self, CAPACITY};
use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("Ring: put + get").of("ours", &Ring::bounded(CAPACITY), |ring| {
        _ = ring.put(1_u64);
        _ = black_box(ring.get());
    });
    channels::of(run);
}
