//! What is done with the items that are there: look at the next, take all, put one over the oldest.
//! None of these calls waits for another thread, but for the lock.

use super::LockedQueue;
use crate::blocking_queue::{IntoIter, TryIter};
use crate::discipline::{Discipline, Peek};
use crate::error::PutError;

/// Taking what is there.
impl<S: Discipline> LockedQueue<S> {
    /// Takes all items out, in the order in which `get` would have returned them; never blocks.
    ///
    /// Each is due for a [`task_done`](Self::task_done), as after a `get`. The queue stays open;
    /// [`shutdown_now`](Self::shutdown_now) ends it. Costs one lock and unlock.
    ///
    /// # Panics
    ///
    /// If a comparison of two items panics: those that were taken out before are dropped. To keep
    /// them, use [`try_get_many`](Self::try_get_many).
    ///
    /// ```
    /// use queues::Stack;
    ///
    /// let plates = Stack::unbounded();
    /// plates.put_many(vec![1, 2, 3]).unwrap();
    /// assert_eq!(plates.drain(), [3, 2, 1]);
    /// assert_eq!(plates.drain(), []);
    /// ```
    #[must_use = "the items are out of the queue, and in the result"]
    pub fn drain(&self) -> Vec<S::Item> {
        let mut items = Vec::new();
        // An error says that there is none.
        let _ = self.try_get_many(&mut items, usize::MAX);
        items
    }

    /// The items that are there. `for item in queue.try_iter()` never blocks, and ends when the
    /// queue is empty. Each item costs a [`try_get`](Self::try_get).
    pub fn try_iter(&self) -> TryIter<'_, Self, S::Item> {
        TryIter::new(self)
    }
}

/// Looking.
impl<S: Peek> LockedQueue<S> {
    /// Lets `look` see the item that the next `get` would return, which stays inside. `None` if
    /// there is none. _Python_: `queue.queue[0]`, without its lock.
    ///
    /// Another thread may take the item as soon as this returns. Costs a lock and an unlock. `look`
    /// runs between the two, so it must not use the queue: it would wait for itself. Clone what is
    /// needed, or take a number.
    ///
    /// # Panics
    ///
    /// If `look` or a comparison of two items panics; the queue is as it was.
    ///
    /// ```
    /// use queues::PriorityQueue;
    ///
    /// let alarms = PriorityQueue::unbounded();
    /// assert_eq!(alarms.peek(|next: &u32| *next), None);
    /// alarms.put(730).unwrap();
    /// alarms.put(615).unwrap();
    /// assert_eq!(alarms.peek(|next| *next), Some(615));
    /// assert_eq!(alarms.len(), 2);
    /// ```
    pub fn peek<R>(&self, look: impl FnOnce(&S::Item) -> R) -> Option<R> {
        self.state.lock().items.peek().map(look)
    }
}

/// Displacing.
impl<S: Discipline> LockedQueue<S> {
    /// Puts an item in, and where there is no room, takes out the next one first. The order must
    /// not compare items, or a panic would lose one.
    pub(crate) fn put_and_displace(
        &self,
        item: S::Item,
    ) -> Result<Option<S::Item>, PutError<S::Item>> {
        let mut state = self.state.lock();
        if state.shut_down {
            return Err(PutError::Shutdown(item));
        }
        let mut displaced = None;
        if state.items.len() >= self.capacity {
            displaced = state.items.pop();
            // Saturating: as in `shutdown_now`. Joiners are not told: an item comes in its place.
            // Neither are putters: its room is taken at once.
            state.unfinished = state.unfinished.saturating_sub(1);
        }
        // A getter that was called for the displaced item finds this one. To call one more would be
        // in vain at worst.
        self.push(item, state);
        Ok(displaced)
    }
}

impl<S> IntoIterator for LockedQueue<S>
where
    S: Discipline + Send,
    S::Item: Send,
{
    type Item = S::Item;
    type IntoIter = IntoIter<Self, S::Item>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter::new(self)
    }
}

/// What the pools of this crate need.
impl<S: Discipline> LockedQueue<S> {
    /// [`put`](Self::put) without a look at the capacity, and so without a wait.
    pub(crate) fn put_beyond(&self, item: S::Item) -> Result<(), PutError<S::Item>> {
        let state = self.state.lock();
        if state.shut_down {
            return Err(PutError::Shutdown(item));
        }
        self.push(item, state);
        Ok(())
    }

    /// How many items are inside, and how many were got for which no `task_done` was called yet.
    pub(crate) fn queued_and_running(&self) -> (usize, usize) {
        let state = self.state.lock();
        let queued = state.items.len();
        (queued, state.unfinished.saturating_sub(queued))
    }

    /// Calls `f` with the items, under the lock. It may take items out, but puts none in, and no
    /// thread that waits is told.
    pub(crate) fn with_order<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        f(&mut self.state.lock().items)
    }
}
