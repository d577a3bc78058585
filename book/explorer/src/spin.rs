//! Spinning: a spin does not look. The operation after the spin finds whatever a look could find,
//! and each look would multiply the interleavings.

/// Stands for the back-off from a fought-over word.
pub fn back_off(_: impl FnMut() -> bool) -> bool {
    false
}

/// Stands for the close watch on a quiet word.
pub fn watch(_: impl FnMut() -> bool) -> bool {
    false
}

/// Whether a wait that was woken in vain has lasted too long: time stands still in a model, so none
/// has.
#[must_use]
pub fn lasted_too_long() -> bool {
    false
}
