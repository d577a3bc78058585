//! The only difference between blocking queues: which item comes out next.

// ANCHOR: discipline
/// How a [`LockedQueue`](crate::LockedQueue) keeps its items, and which comes out first. It is only
/// used under the queue's lock.
///
/// Only [`place`](Self::place) and [`pop`](Self::pop) may run the program's code, which compares
/// items and may panic. If it panics, nothing may have changed.
pub trait Discipline: Default {
    /// What is kept.
    type Item;

    /// The place of `item` among those inside, as a number that only [`insert`](Self::insert) needs
    /// to understand.
    fn place(&self, item: &Self::Item) -> usize {
        _ = item;
        self.len()
    }

    /// Inserts an item at the place that [`place`](Self::place) has just returned for it.
    fn insert(&mut self, place: usize, item: Self::Item);

    /// Removes the next item.
    fn pop(&mut self) -> Option<Self::Item>;

    /// How many items are inside.
    fn len(&self) -> usize;

    /// Whether there is no item.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
// ANCHOR_END: discipline

/// An order that can show its next item. All of this crate's can.
///
/// As [`pop`](Discipline::pop), it may compare items. It changes nothing.
pub trait Peek: Discipline {
    /// The item that [`pop`](Discipline::pop) would remove.
    fn peek(&self) -> Option<&Self::Item>;
}
