//! As `store_buffering`, with a fence between the store and the load: one of the two sees the
//! other.

use primitives::sync::atomic::Ordering::{Relaxed, SeqCst};
use primitives::sync::atomic::{AtomicBool, fence};

// ANCHOR: raise-and-look
/// Raises one's own flag, then looks at the other. Returns whether that one is up.
pub fn raise_and_look(mine: &AtomicBool, other: &AtomicBool) -> bool {
    // Relaxed, here and below: the fence makes the order.
    mine.store(true, Relaxed);
    // SeqCst: pairs with the same fence in the other thread. Whichever
    // is second sees what was stored before the first.
    fence(SeqCst);
    other.load(Relaxed)
}
// ANCHOR_END: raise-and-look
