//! Taking items out with a `for` loop.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

use crate::BlockingQueue;

/// Items as they come; blocks for each, and ends when the queue is shut down and empty.
///
/// Made by [`LockedQueue::iter`](crate::LockedQueue::iter) and [`Ring::iter`](crate::Ring::iter).
/// Several threads may each have one on the same queue: every item comes out of exactly one of them.
#[must_use = "an iterator takes nothing out until it is used"]
pub struct Iter<'a, Q: ?Sized, T> {
    queue: &'a Q,
    item: PhantomData<fn() -> T>,
}

impl<'a, Q: ?Sized, T> Iter<'a, Q, T> {
    pub(crate) fn new(queue: &'a Q) -> Self {
        Self { queue, item: PhantomData }
    }
}

impl<Q: BlockingQueue<T> + ?Sized, T> Iterator for Iter<'_, Q, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.queue.get().ok()
    }
}

/// Once shut down and empty, a queue stays so.
impl<Q: BlockingQueue<T> + ?Sized, T> FusedIterator for Iter<'_, Q, T> {}

impl<Q: ?Sized, T> Clone for Iter<'_, Q, T> {
    fn clone(&self) -> Self {
        Self::new(self.queue)
    }
}

impl<Q: fmt::Debug + ?Sized, T> fmt::Debug for Iter<'_, Q, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(&self.queue).finish()
    }
}
