//! [`Stack`]: last in, first out.

use std::fmt;

use crate::discipline::Discipline;
use crate::locked_queue::LockedQueue;
use crate::memory;

/// A queue in which the item that came last comes out first: Python's `queue.LifoQueue`.
///
/// Every call is described at [`LockedQueue`], the code that it shares with the other orders.
///
/// ```
/// use queues::Stack;
///
/// let stack = Stack::unbounded();
/// stack.put("plate 1")?;
/// stack.put("plate 2")?;
/// assert_eq!(stack.get(), Ok("plate 2"));
/// # Ok::<(), queues::PutError<&str>>(())
/// ```
#[doc(alias = "LifoQueue")]
pub type Stack<T> = LockedQueue<Lifo<T>>;

/// The order of a [`Stack`]: the item that has waited for the shortest time.
pub struct Lifo<T>(Vec<T>);

impl<T> Lifo<T> {
    /// Gives back room that a burst has left behind.
    #[cold]
    fn give_back(&mut self) {
        self.0.shrink_to(self.0.capacity() / 2);
    }
}

// ANCHOR: discipline
impl<T> Discipline for Lifo<T> {
    type Item = T;

    #[inline]
    fn insert(&mut self, _: usize, item: T) {
        self.0.push(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        if memory::is_roomy::<T>(self.0.len(), self.0.capacity()) {
            self.give_back();
        }
        self.0.pop()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}
// ANCHOR_END: discipline

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> fmt::Debug for Lifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifo").field("len", &self.0.len()).finish()
    }
}
