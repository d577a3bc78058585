//! The one thing in which blocking queues differ: which item comes out next.

/// Where a [`Blocking`](crate::Blocking) queue keeps its items; only ever touched under its lock.
pub trait Store: Default {
    /// What is kept.
    type Item;

    /// Takes an item in.
    fn push(&mut self, item: Self::Item);

    /// Takes out the item whose turn it is.
    fn pop(&mut self) -> Option<Self::Item>;

    /// How many items are inside.
    fn len(&self) -> usize;

    /// Whether there is nothing to take out.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
