//! A barrier of one thread.

use std::hint::black_box;

use primitives::Barrier;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("Barrier: wait, of one")
        .of("ours", &Barrier::new(1), |barrier| _ = black_box(barrier.wait().is_ok()))
        .of("std", &std::sync::Barrier::new(1), |barrier| _ = black_box(barrier.wait()));
}
