//! The clock: it stands still until a wait comes to its deadline.
//!
//! In a model it is not known how long anything takes, so the real clock would say nothing, and something
//! else in each execution. Here time passes where a wait times out, and then as far as that wait's deadline: so
//! whoever is told that the time is up finds that it is, and a deadline that nobody waits for does not come.

use std::time::Instant;

use crate::world;

/// The present.
#[must_use]
pub fn now() -> Instant {
    world::with(|w| *w.now.get_or_insert_with(Instant::now))
}

/// A wait has come to its deadline.
pub fn advance_to(deadline: Instant) {
    let now = now().max(deadline);
    world::with(|w| w.now = Some(now));
}
