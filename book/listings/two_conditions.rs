//! A place for one item, with a place to sleep for each question.

use primitives::sync::const_fn;
use primitives::{Condition, Lock};

// ANCHOR: slot
/// Room for one item.
pub struct Slot<T> {
    item: Lock<Option<T>>,
    not_empty: Condition,
    not_full: Condition,
}

impl<T> Slot<T> {
    /// Puts an item in; waits while there is one already.
    pub fn put(&self, item: T) {
        let mut slot = self.item.lock();
        while slot.is_some() {
            self.not_full.wait(&mut slot);
        }
        *slot = Some(item);
        drop(slot);
        self.not_empty.notify_one();
    }

    /// Takes the item out; waits while there is none.
    pub fn get(&self) -> T {
        let mut slot = self.item.lock();
        while slot.is_none() {
            self.not_empty.wait(&mut slot);
        }
        let item = slot.take().expect("we have just looked");
        drop(slot);
        self.not_full.notify_one();
        item
    }
}
// ANCHOR_END: slot

impl<T> Slot<T> {
    const_fn! {
        /// An empty one.
        #[must_use]
        pub const fn new() -> Self {
            Self { item: Lock::new(None), not_empty: Condition::new(), not_full: Condition::new() }
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Slot;
    use std::thread;

    #[test]
    fn all_items_come_through() {
        let slot = Slot::new();
        let sum = thread::scope(|s| {
            let getters = [(); 2].map(|()| s.spawn(|| (0..100).map(|_| slot.get()).sum::<u32>()));
            (0..200).for_each(|item| slot.put(item));
            getters.map(|getter| getter.join().unwrap()).iter().sum::<u32>()
        });
        assert_eq!(sum, (0..200).sum::<u32>());
    }
}
