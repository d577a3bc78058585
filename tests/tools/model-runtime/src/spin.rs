//! Spinning in a model: nobody looks, unless the scenario asks for one look.
//!
//! Each look is one more load at which loom may switch threads, and what it could find, the operations
//! after the spin find as well. With one look the loads in these loops are executed too, so that their
//! orderings can be judged.

use crate::world;

/// Stands for the back-off from a fought-over word.
pub fn back_off(ready: impl FnMut() -> bool) -> bool {
    look(ready)
}

/// Stands for the close watch on a quiet word.
pub fn watch(ready: impl FnMut() -> bool) -> bool {
    look(ready)
}

fn look(mut ready: impl FnMut() -> bool) -> bool {
    world::with(|w| w.settings.spin) && ready()
}
