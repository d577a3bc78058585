//! The items of a queue, one after the other: as they come, those that are there, or those of a
//! queue that no other thread has.

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;

use super::BlockingQueue;

/// The items as they come. It blocks for each, and ends when the queue is shut down and empty.
///
/// Made by [`LockedQueue::iter`](crate::LockedQueue::iter) and [`Ring::iter`](crate::Ring::iter).
/// Several threads may each have one on the same queue: every item comes out of exactly one of
/// them.
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

/// The items that are there. It never blocks, and ends when it finds the queue empty.
///
/// Made by [`LockedQueue::try_iter`](crate::LockedQueue::try_iter) and
/// [`Ring::try_iter`](crate::Ring::try_iter). Items that come while it is used are among them, so
/// beside a fast producer it may go on and on. It goes on after its end, too, if there are new
/// items then.
#[must_use = "an iterator takes nothing out until it is used"]
pub struct TryIter<'a, Q: ?Sized, T> {
    queue: &'a Q,
    item: PhantomData<fn() -> T>,
}

impl<'a, Q: ?Sized, T> TryIter<'a, Q, T> {
    pub(crate) fn new(queue: &'a Q) -> Self {
        Self { queue, item: PhantomData }
    }
}

impl<Q: BlockingQueue<T> + ?Sized, T> Iterator for TryIter<'_, Q, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.queue.try_get().ok()
    }
}

impl<Q: ?Sized, T> Clone for TryIter<'_, Q, T> {
    fn clone(&self) -> Self {
        Self::new(self.queue)
    }
}

impl<Q: fmt::Debug + ?Sized, T> fmt::Debug for TryIter<'_, Q, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryIter").field(&self.queue).finish()
    }
}

/// The items of a queue that it owns, in the order in which `get` would have returned them.
///
/// `into_iter` of a [`LockedQueue`](crate::LockedQueue) or a [`Ring`](crate::Ring). It never
/// blocks: a queue that is given away by value has no other user who could put an item in. Items
/// that it has not returned are dropped with it.
#[must_use = "an iterator takes nothing out until it is used"]
pub struct IntoIter<Q, T> {
    queue: Q,
    item: PhantomData<fn() -> T>,
}

impl<Q, T> IntoIter<Q, T> {
    pub(crate) fn new(queue: Q) -> Self {
        Self { queue, item: PhantomData }
    }
}

impl<Q: BlockingQueue<T>, T> Iterator for IntoIter<Q, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.queue.try_get().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.queue.len();
        (left, Some(left))
    }
}

impl<Q: BlockingQueue<T>, T> ExactSizeIterator for IntoIter<Q, T> {}

/// No item can come any more.
impl<Q: BlockingQueue<T>, T> FusedIterator for IntoIter<Q, T> {}

impl<Q: fmt::Debug, T> fmt::Debug for IntoIter<Q, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.queue).finish()
    }
}
