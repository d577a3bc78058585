//! The clock: it stands still until a wait reaches its deadline.
//!
//! In a model the durations are unknown, so the real clock would be meaningless, and different in
//! each execution. Here time passes only where a wait times out, and then up to that wait's
//! deadline. So a thread that timed out finds that its deadline has passed, and a deadline without
//! a waiter never comes.

use std::time::Instant;

use crate::world;

/// The present.
#[must_use]
pub fn now() -> Instant {
    world::with(|w| *w.now.get_or_insert_with(Instant::now))
}

/// A wait has reached its deadline.
pub fn advance_to(deadline: Instant) {
    let now = now().max(deadline);
    world::with(|w| w.now = Some(now));
}
