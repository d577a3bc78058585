//! A place for one item, with one condition where two are needed.

use primitives::sync::const_fn;
use primitives::{Condition, Lock};

// ANCHOR: slot
/// Room for one item.
pub struct Slot<T> {
    item: Lock<Option<T>>,
    changed: Condition,
}

impl<T> Slot<T> {
    /// Puts an item in; waits while there is one already.
    pub fn put(&self, item: T) {
        let mut slot = self.item.lock();
        while slot.is_some() {
            self.changed.wait(&mut slot);
        }
        *slot = Some(item);
        drop(slot);
        self.changed.notify_one();
    }

    /// Takes the item out; waits while there is none.
    pub fn get(&self) -> T {
        let mut slot = self.item.lock();
        while slot.is_none() {
            self.changed.wait(&mut slot);
        }
        let item = slot.take().expect("we have just looked");
        drop(slot);
        self.changed.notify_one();
        item
    }
}
// ANCHOR_END: slot

impl<T> Slot<T> {
    const_fn! {
        /// An empty one.
        #[must_use]
        pub const fn new() -> Self {
            Self { item: Lock::new(None), changed: Condition::new() }
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}
