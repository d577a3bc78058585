//! Many items, one after the other.
//!
//! There is no place where several could lie, so a batch saves nothing here but lines of program.
//! Each item is handed over as by a call of its own.

use std::iter;
use std::time::{Duration, Instant};

use super::Rendezvous;
use crate::blocking_queue::{IntoIter, TryIter};
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};

/// Putting many.
impl<T> Rendezvous<T> {
    /// Hands all items over, one after the other; blocks until a get has taken the last. An empty
    /// `Vec` is put at once, even after a shutdown.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the items that no get has taken, if the queue is shut down,
    /// before or while waiting.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_many(&self, items: Vec<T>) -> Result<(), PutError<Vec<T>>> {
        match self.put_all(items, None) {
            Ok(()) => Ok(()),
            Err(error) => Err(PutError::Shutdown(error.into_inner())),
        }
    }

    /// Hands over as many items as there are getters that wait, from the first on; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the items that no get has taken.
    pub fn try_put_many(&self, items: Vec<T>) -> Result<(), TryPutError<Vec<T>>> {
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            self.try_put(item).map_err(|error| match error {
                TryPutError::Full(item) => TryPutError::Full(rest(item, items.by_ref())),
                TryPutError::Shutdown(item) => TryPutError::Shutdown(rest(item, items.by_ref())),
            })?;
        }
        Ok(())
    }

    /// Hands all items over, one after the other; blocks until a get has taken the last, for at
    /// most `timeout` in all. Zero is one try for each.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the items that no get
    /// has taken.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_many_timeout(
        &self,
        items: Vec<T>,
        timeout: Duration,
    ) -> Result<(), PutTimeoutError<Vec<T>>> {
        let Err(full) = self.try_put_many(items) else { return Ok(()) };
        let (items, deadline) = full.unless_it_is_over(timeout)?;
        self.put_all(items, deadline)
    }

    /// Hands all items over, one after the other; blocks until a get has taken the last, until
    /// `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`put_many_timeout`](Self::put_many_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_many_deadline(
        &self,
        items: Vec<T>,
        deadline: Instant,
    ) -> Result<(), PutTimeoutError<Vec<T>>> {
        self.put_all(items, Some(deadline))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn put_all(
        &self,
        items: Vec<T>,
        deadline: Option<Instant>,
    ) -> Result<(), PutTimeoutError<Vec<T>>> {
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            match self.put_until(item, deadline) {
                Ok(()) => {}
                Err(PutTimeoutError::Timeout(item)) => {
                    return Err(PutTimeoutError::Timeout(rest(item, items)));
                }
                Err(PutTimeoutError::Shutdown(item)) => {
                    return Err(PutTimeoutError::Shutdown(rest(item, items)));
                }
            }
        }
        Ok(())
    }
}

/// What was not put, in its order.
fn rest<T>(first: T, others: impl Iterator<Item = T>) -> Vec<T> {
    iter::once(first).chain(others).collect()
}

/// Getting many.
impl<T> Rendezvous<T> {
    /// Takes an item, and up to `most` if as many putters wait, and appends them to `into`; blocks
    /// until the first has come. Returns how many. Of nothing (`most` is zero) it takes nothing,
    /// and returns at once, even after a shutdown.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the queue is shut down.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_many(&self, into: &mut Vec<T>, most: usize) -> Result<usize, GetError> {
        self.get_up_to(into, most, None).map_err(|_| GetError::Shutdown)
    }

    /// Takes up to `most` items, of as many putters as wait, and appends them to `into`; never
    /// blocks. Returns how many.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if no putter waits, or [`TryGetError::Shutdown`].
    pub fn try_get_many(&self, into: &mut Vec<T>, most: usize) -> Result<usize, TryGetError> {
        if most == 0 {
            return Ok(0);
        }
        into.push(self.try_get()?);
        Ok(1 + self.get_others(into, most - 1))
    }

    /// [`get_many`](Self::get_many), which blocks for at most `timeout`. Zero is one try.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`] or [`GetTimeoutError::Shutdown`].
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_many_timeout(
        &self,
        into: &mut Vec<T>,
        most: usize,
        timeout: Duration,
    ) -> Result<usize, GetTimeoutError> {
        match self.try_get_many(into, most) {
            Ok(got) => Ok(got),
            Err(empty) => self.get_up_to(into, most, empty.unless_it_is_over(timeout)?),
        }
    }

    /// [`get_many`](Self::get_many), which blocks until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`get_many_timeout`](Self::get_many_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_many_deadline(
        &self,
        into: &mut Vec<T>,
        most: usize,
        deadline: Instant,
    ) -> Result<usize, GetTimeoutError> {
        self.get_up_to(into, most, Some(deadline))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn get_up_to(
        &self,
        into: &mut Vec<T>,
        most: usize,
        deadline: Option<Instant>,
    ) -> Result<usize, GetTimeoutError> {
        if most == 0 {
            return Ok(0);
        }
        into.push(self.get_until(deadline)?);
        Ok(1 + self.get_others(into, most - 1))
    }

    /// Takes the items of those that wait now. A putter that comes again at once is not asked
    /// again, or this might never end.
    fn get_others(&self, into: &mut Vec<T>, most: usize) -> usize {
        let before = into.len();
        let waiting = self.putters_waiting().min(most);
        into.extend(iter::from_fn(|| self.try_get().ok()).take(waiting));
        into.len() - before
    }

    /// Takes the items of all putters that wait; never blocks. Each is due for a
    /// [`task_done`](Self::task_done), as after a `get`.
    #[must_use = "the items are out of the queue, and in the result"]
    pub fn drain(&self) -> Vec<T> {
        let mut items = Vec::new();
        self.get_others(&mut items, usize::MAX);
        items
    }

    /// The items of the putters that wait. `for item in queue.try_iter()` never blocks, and ends
    /// when none does.
    pub fn try_iter(&self) -> TryIter<'_, Self, T> {
        TryIter::new(self)
    }
}

impl<T: Send> IntoIterator for Rendezvous<T> {
    type Item = T;
    type IntoIter = IntoIter<Self, T>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter::new(self)
    }
}
