//! Each of two threads raises its flag, and then looks whether the other one has raised its own.

use primitives::sync::atomic::AtomicBool;
use primitives::sync::atomic::Ordering::{Acquire, Release};

// ANCHOR: raise-and-look
/// Raises one's own flag, then looks at the other. Returns whether that one is up.
pub fn raise_and_look(mine: &AtomicBool, other: &AtomicBool) -> bool {
    // Release: pairs with the Acquire below, in the other thread.
    mine.store(true, Release);
    // Acquire: pairs with the Release above, in the other thread.
    other.load(Acquire)
}
// ANCHOR_END: raise-and-look
