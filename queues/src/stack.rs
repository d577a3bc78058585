//! [`Stack`]: last in, first out.

use std::fmt;

use crate::discipline::{Discipline, Peek};
use crate::locked_queue::LockedQueue;
use crate::memory;

/// A last-in, first-out queue: Python's `queue.LifoQueue`.
///
/// [`LockedQueue`], which all orders share, describes the calls.
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

/// The order of a [`Stack`]: the newest item.
pub struct Lifo<T>(Vec<T>);

/// Frees room that a burst has left. `extern "C"` for the reason that the [`Queue`](crate::Queue)
/// has.
#[cold]
#[inline(never)]
extern "C" fn give_back<T>(items: &mut Vec<T>) {
    items.shrink_to(items.capacity() / 2);
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
            give_back(&mut self.0);
        }
        self.0.pop()
    }

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }
}
// ANCHOR_END: discipline

impl<T> Peek for Lifo<T> {
    #[inline]
    fn peek(&self) -> Option<&T> {
        self.0.last()
    }
}

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

#[cfg(all(test, not(model)))]
mod tests {
    use super::Lifo;
    use crate::discipline::Discipline;

    #[test]
    #[cfg_attr(miri, ignore = "too long for an interpreter")]
    fn the_room_of_a_burst_is_given_back() {
        let mut items = Lifo::default();
        (0..100_000).for_each(|item| items.insert(0, item));
        let of_the_burst = items.0.capacity();
        while items.pop().is_some() {}
        assert!(items.0.capacity() < of_the_burst / 4, "{}", items.0.capacity());
    }
}
