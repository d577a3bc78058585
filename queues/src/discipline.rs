//! The one thing in which blocking queues differ: which item comes out next.

// ANCHOR: discipline
/// How a [`LockedQueue`](crate::LockedQueue) keeps its items, and which it gives first. Only ever touched under the
/// queue's lock.
///
/// Only [`place`](Self::place) and [`pop`](Self::pop) may run code of the program (they may compare items),
/// and so may panic. If they do, nothing may have changed.
pub trait Discipline: Default {
    /// What is kept.
    type Item;

    /// Where `item` belongs among those that are inside, in a number that only
    /// [`insert`](Self::insert) need understand.
    fn place(&self, item: &Self::Item) -> usize {
        _ = item;
        self.len()
    }

    /// Takes an item in, at the place that [`place`](Self::place) has just named for it.
    fn insert(&mut self, place: usize, item: Self::Item);

    /// Takes out the item whose turn it is.
    fn pop(&mut self) -> Option<Self::Item>;

    /// How many items are inside.
    fn len(&self) -> usize;

    /// Whether there is nothing to take out.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
// ANCHOR_END: discipline
