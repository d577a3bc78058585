//! [`Queue`]: first in, first out.

use std::collections::VecDeque;
use std::fmt;

use crate::discipline::{Discipline, Peek};
use crate::error::PutError;
use crate::locked_queue::LockedQueue;
use crate::memory;

/// A first-in, first-out queue: Python's `queue.Queue`.
///
/// [`LockedQueue`], which all orders share, describes the calls.
///
/// ```
/// use queues::{Queue, TryPutError};
///
/// let queue = Queue::bounded(2);
/// queue.put('a')?;
/// queue.put('b')?;
/// assert_eq!(queue.try_put('c'), Err(TryPutError::Full('c')));
/// assert_eq!(queue.get(), Ok('a'));
/// # Ok::<(), queues::PutError<char>>(())
/// ```
pub type Queue<T> = LockedQueue<Fifo<T>>;

/// The order of a [`Queue`]: the item that has waited longest.
pub struct Fifo<T>(VecDeque<T>);

impl<T> Queue<T> {
    /// Puts an item in, and where the queue is full, takes the oldest one out for it; never blocks.
    /// Returns the item that it took out. _Python_: `collections.deque(maxlen=capacity).append`.
    ///
    /// For a reader that wants the latest state and not each of the states in between. Both happen
    /// in one step: no other thread sees the queue with room, or over its capacity. The item that
    /// is taken out counts as processed, as after [`shutdown_now`](Self::shutdown_now): no
    /// [`task_done`](Self::task_done) is due for it. Costs a lock and an unlock.
    ///
    /// Other orders do not have it: only here is the oldest item the next to come out.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the new item, if the queue is shut down. Nothing is taken out.
    ///
    /// ```
    /// use queues::Queue;
    ///
    /// let latest = Queue::bounded(2);
    /// assert_eq!(latest.force_put(1), Ok(None));
    /// assert_eq!(latest.force_put(2), Ok(None));
    /// assert_eq!(latest.force_put(3), Ok(Some(1)));
    /// assert_eq!(latest.drain(), [2, 3]);
    /// ```
    #[doc(alias = "force_push")]
    #[must_use = "the item that was taken out is in the result"]
    pub fn force_put(&self, item: T) -> Result<Option<T>, PutError<T>> {
        self.put_and_displace(item)
    }
}

/// Frees room that a burst has left. `extern "C"`, because such a function does not unwind, so that
/// its callers need not be prepared for it. It cannot panic: half of the room is no less than what
/// is inside.
#[cold]
#[inline(never)]
extern "C" fn give_back<T>(items: &mut VecDeque<T>) {
    items.shrink_to(items.capacity() / 2);
}

impl<T> Discipline for Fifo<T> {
    type Item = T;

    #[inline]
    fn insert(&mut self, _: usize, item: T) {
        self.0.push_back(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        if memory::is_roomy::<T>(self.0.len(), self.0.capacity()) {
            give_back(&mut self.0);
        }
        self.0.pop_front()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<T> Peek for Fifo<T> {
    #[inline]
    fn peek(&self) -> Option<&T> {
        self.0.front()
    }
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> fmt::Debug for Fifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fifo").field("len", &self.0.len()).finish()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Fifo;
    use crate::discipline::Discipline;

    #[test]
    #[cfg_attr(miri, ignore = "too long for an interpreter")]
    fn the_room_of_a_burst_is_given_back() {
        let mut items = Fifo::default();
        (0..100_000).for_each(|item| items.insert(0, item));
        let of_the_burst = items.0.capacity();
        while items.pop().is_some() {}
        assert!(items.0.capacity() < of_the_burst / 4, "{}", items.0.capacity());
    }
}
