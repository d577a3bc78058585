//! Permits that no other thread wants.

use std::hint::black_box;

use primitives::Semaphore;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("Semaphore: acquire + release")
        .of("ours", &Semaphore::new(2), |semaphore| drop(semaphore.acquire()));
    run.row("Semaphore: try_acquire, none left").of("ours", &Semaphore::new(0), |semaphore| {
        _ = black_box(semaphore.try_acquire().is_some())
    });
}
