//! A stack in an array, whose top is nothing but a number.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use primitives::sync::const_fn;

/// No item.
pub const NOTHING: u32 = 0;

// ANCHOR: stack
/// Items in an array; those below `top` are in the stack.
pub struct BareStack {
    top: AtomicU32,
    items: [AtomicU32; 2],
}

impl BareStack {
    /// Puts an item on top.
    pub fn push(&self, item: u32) {
        // AcqRel, here and below: pair with each other.
        let place = self.top.fetch_add(1, AcqRel); // this place is ours
        // Release: pairs with the Acquire in `pop`.
        self.items[place as usize].store(item, Release);
    }

    /// Takes the item on top off.
    pub fn pop(&self) -> Option<u32> {
        // Relaxed: the exchange decides.
        let top = self.top.load(Relaxed);
        if top == 0 || self.top.compare_exchange(top, top - 1, AcqRel, Relaxed).is_err() {
            return None;
        }
        // Acquire: pairs with the Release in `push`.
        let item = self.items[top as usize - 1].load(Acquire);
        assert_ne!(item, NOTHING, "popped before it was there");
        Some(item)
    }
}
// ANCHOR_END: stack

impl BareStack {
    const_fn! {
        /// An empty one.
        #[must_use]
        pub const fn new() -> Self {
            let item_0 = AtomicU32::new(NOTHING);
            let item_1 = AtomicU32::new(NOTHING);
            Self { top: AtomicU32::new(0), items: [item_0, item_1] }
        }
    }
}

impl Default for BareStack {
    fn default() -> Self {
        Self::new()
    }
}
