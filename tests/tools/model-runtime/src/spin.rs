//! Spinning in a model: a spin does not look, unless the scenario asks for one look.
//!
//! Each look is one more load at which loom may switch threads, and the operations after the spin
//! find the same. With one look the loads in these loops are executed too, so that their orderings
//! can be judged.

use crate::world;

/// Replaces the back-off from a contended word.
pub fn back_off(ready: impl FnMut() -> bool) -> bool {
    look(ready)
}

/// Replaces the close watch on a quiet word.
pub fn watch(ready: impl FnMut() -> bool) -> bool {
    look(ready)
}

fn look(mut ready: impl FnMut() -> bool) -> bool {
    world::with(|w| w.settings.spin) && ready()
}

/// Whether a wait that was woken in vain has lasted too long: time stands still in a model, so the
/// scenario says.
#[must_use]
pub fn lasted_too_long() -> bool {
    world::with(|w| w.settings.impatient)
}
