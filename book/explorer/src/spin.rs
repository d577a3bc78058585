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
