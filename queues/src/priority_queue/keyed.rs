//! [`Keyed`]: an item that a key orders.

use std::cmp::Ordering;

/// An item with the key that decides its place in a [`PriorityQueue`](super::PriorityQueue): the
/// smallest key first, and among equal keys the oldest. The item itself is never compared.
///
/// The key is computed once, where the item is put, and not under the queue's lock. In a
/// [`Reverse`](std::cmp::Reverse) the greatest key comes out first; a tuple is a key with several
/// parts.
///
/// _Python_: the tuple `(priority, item)`, which for equal priorities also compares the items.
///
/// ```
/// use queues::{Keyed, PriorityQueue};
/// use std::cmp::Reverse;
///
/// let words = PriorityQueue::unbounded();
/// for word in ["tea", "a", "spoon", "cup"] {
///     words.put(Keyed::by(|word: &&str| Reverse(word.len()), word))?; // the longest first
/// }
/// let order: Vec<_> = words.drain().into_iter().map(Keyed::into_inner).collect();
/// assert_eq!(order, ["spoon", "tea", "cup", "a"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Keyed<K, T> {
    /// What is compared.
    pub key: K,
    /// What is not.
    pub item: T,
}

impl<K, T> Keyed<K, T> {
    /// An item with this key.
    #[must_use]
    pub const fn new(key: K, item: T) -> Self {
        Self { key, item }
    }

    /// An item with the key that `f` computes from it.
    #[must_use]
    pub fn by(f: impl FnOnce(&T) -> K, item: T) -> Self {
        Self { key: f(&item), item }
    }

    /// The item, without the key.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.item
    }
}

/// By the key alone.
impl<K: Ord, T> Ord for Keyed<K, T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// By the key alone.
impl<K: Ord, T> PartialOrd for Keyed<K, T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By the key alone: two items with the same key are equal here, whatever they are.
impl<K: Ord, T> PartialEq for Keyed<K, T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

/// By the key alone.
impl<K: Ord, T> Eq for Keyed<K, T> {}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Keyed;
    use crate::PriorityQueue;
    use std::cell::Cell;

    /// Cannot be compared.
    struct Opaque(usize);

    #[test]
    fn only_keys_are_compared_and_equal_ones_come_in_order_of_arrival() {
        let queue = PriorityQueue::bounded(6);
        for (number, key) in [(0, 2), (1, 1), (2, 2), (3, 1), (4, 0), (5, 2)] {
            queue.put(Keyed::new(key, Opaque(number))).unwrap();
        }
        assert!(queue.try_put(Keyed::new(0, Opaque(6))).is_err(), "full is full for all keys");
        let order: Vec<_> = queue.drain().into_iter().map(|keyed| keyed.item.0).collect();
        assert_eq!(order, [4, 1, 3, 0, 2, 5]);
    }

    #[test]
    fn the_key_is_computed_once() {
        let calls = Cell::new(0);
        let queue = PriorityQueue::unbounded();
        for number in 0..100_u32 {
            let key = |number: &u32| {
                calls.set(calls.get() + 1);
                number % 7
            };
            queue.put(Keyed::by(key, number)).unwrap();
        }
        let keys: Vec<_> = queue.drain().into_iter().map(|keyed| keyed.key).collect();
        assert!(keys.is_sorted());
        assert_eq!(calls.get(), 100);
    }
}
