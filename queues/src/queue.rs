//! [`Queue`]: first in, first out.

use std::collections::VecDeque;
use std::fmt;

use crate::discipline::Discipline;
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
