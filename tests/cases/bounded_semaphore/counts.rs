//! Permits that no other thread wants, with a bound.

use primitives::BoundedSemaphore;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("BoundedSemaphore: acquire + release").of(
        "ours",
        &BoundedSemaphore::new(2),
        |semaphore| drop(semaphore.acquire()),
    );
}
