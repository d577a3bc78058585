//! Many items at once.
//!
//! A `put` of one item is mostly the compare-exchange that moves the tail. So a batch looks at how
//! many places after the tail are free, one after the other, and moves the tail past all of them by
//! one exchange. That is safe because a place that is free for a position stays so until the thread
//! fills it that has the position. Getters do the same with the head.
//!
//! ```text
//!                 head                    tail   free   free   free  not yet
//!                  ▼                       ▼
//!    ┌──────┬──────┬───────┬───────┬───────┬──────┬──────┬──────┬──────┐
//!    │      │      │   C   │   D   │   E   │      │      │      │      │     tail: 5 ─▶ 8, and then
//!    └──────┴──────┴───────┴───────┴───────┴──────┴──────┴──────┴──────┘     three items, three stamps
//! ```
//!
//! Where something is in the way (the ring is full, a thread sleeps, it was shut down), one item
//! goes the way of a single one, and then the next batch is tried. So all that is said in
//! [`waiting`](super::waiting) of notes and calls is true here, too.

use std::time::{Duration, Instant};
use std::vec;

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::Ring;
use super::position::FILLED;
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};

/// Putting many.
impl<T> Ring<T> {
    /// Puts all items in, in their order; blocks while the ring is full. _Python_: a `put` for
    /// each.
    ///
    /// Other threads' items may come between any two. Costs one compare-exchange for as many as
    /// there are free places. An empty `Vec` is put at once, even after a shutdown.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the items that were not put, if the ring is shut down, before
    /// or while waiting. Those before them are in the ring.
    ///
    /// ```
    /// use queues::Ring;
    ///
    /// let ring = Ring::bounded(64);
    /// ring.put_many(vec![1, 2, 3])?;
    /// let mut items = Vec::new();
    /// assert_eq!(ring.get_many(&mut items, 2), Ok(2));
    /// assert_eq!(items, [1, 2]);
    /// # Ok::<(), queues::PutError<Vec<i32>>>(())
    /// ```
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_many(&self, items: Vec<T>) -> Result<(), PutError<Vec<T>>> {
        match self.put_all(items, None) {
            Ok(()) => Ok(()),
            Err(error) => Err(PutError::Shutdown(error.into_inner())),
        }
    }

    /// Puts in as many items as there is room for, from the first on; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the items that were not put.
    pub fn try_put_many(&self, items: Vec<T>) -> Result<(), TryPutError<Vec<T>>> {
        let mut items = items.into_iter();
        loop {
            self.put_some(&mut items);
            let Some(item) = items.next() else { return Ok(()) };
            match self.try_put_slow(item) {
                Ok(()) => {}
                Err(TryPutError::Full(item)) => return Err(TryPutError::Full(back(item, items))),
                Err(TryPutError::Shutdown(item)) => {
                    return Err(TryPutError::Shutdown(back(item, items)));
                }
            }
        }
    }

    /// Puts all items in, in their order; blocks while the ring is full, for at most `timeout` in
    /// all.
    ///
    /// Zero is one try. The clock is read only if there is no place.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the items that were not
    /// put.
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

    /// Puts all items in, in their order; blocks while the ring is full, until `deadline` at most.
    ///
    /// A deadline that has passed is one try.
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
        loop {
            self.put_some(&mut items);
            let Some(item) = items.next() else { return Ok(()) };
            match self.put_slow(item, deadline, false) {
                Ok(()) => {}
                Err(PutTimeoutError::Timeout(item)) => {
                    return Err(PutTimeoutError::Timeout(back(item, items)));
                }
                Err(PutTimeoutError::Shutdown(item)) => {
                    return Err(PutTimeoutError::Shutdown(back(item, items)));
                }
            }
        }
    }

    // ANCHOR: put-some
    /// The fast path: puts in as many as there are free places, none if there is anything in the
    /// way.
    fn put_some(&self, items: &mut vec::IntoIter<T>) {
        // Relaxed: as in `put_at_once`.
        let tail = self.tail.0.load(Relaxed);
        let (mut next, mut free) = (tail, 0);
        // Acquire: pairs with the Release in `empty`, as in `put_at_once`, for each of the places.
        while free < items.len() && self.slot(next).stamp.load(Acquire) == next {
            next = self.positions.after(next);
            free += 1;
        }
        // Release: pairs with the Acquire in `len`.
        if free == 0 || self.tail.0.compare_exchange_weak(tail, next, Release, Relaxed).is_err() {
            return;
        }
        let mut here = tail;
        for item in items.by_ref().take(free) {
            // SAFETY: the stamp said that the place is free for this position, and the exchange
            // that no other thread has any position from `tail` up to `next`.
            unsafe { self.fill(self.slot(here), here, item) };
            here = self.positions.after(here);
        }
    }
    // ANCHOR_END: put-some
}

/// An item and those that come after it.
fn back<T>(first: T, items: vec::IntoIter<T>) -> Vec<T> {
    let mut all = Vec::with_capacity(1 + items.len());
    all.push(first);
    all.extend(items);
    all
}

/// Getting many.
impl<T> Ring<T> {
    /// Takes out the next item, and up to `most` if there are as many, and appends them to `into`;
    /// blocks while the ring is empty. Returns how many. _Python_: a `get`, and then `get_nowait`
    /// for each.
    ///
    /// Costs one compare-exchange for all that are there. Of nothing (`most` is zero) it takes
    /// nothing, and returns at once, even after a shutdown.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the ring is shut down and nothing is left in it.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_many(&self, into: &mut Vec<T>, most: usize) -> Result<usize, GetError> {
        self.get_up_to(into, most, None).map_err(|_| GetError::Shutdown)
    }

    /// Takes out up to `most` items, as many as there are, and appends them to `into`; never
    /// blocks. Returns how many.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if there is none, or [`TryGetError::Shutdown`] if none will come.
    pub fn try_get_many(&self, into: &mut Vec<T>, most: usize) -> Result<usize, TryGetError> {
        let before = into.len();
        while into.len() - before < most {
            if self.get_some(into, most - (into.len() - before)) > 0 {
                continue;
            }
            match self.try_get_slow() {
                Ok(item) => into.push(item),
                Err(error) if into.len() == before => return Err(error),
                Err(_) => break,
            }
        }
        Ok(into.len() - before)
    }

    /// [`get_many`](Self::get_many), which blocks for at most `timeout`.
    ///
    /// Zero is one try. The clock is read only if there is no item.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`], or [`GetTimeoutError::Shutdown`] if none will come.
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
    /// A deadline that has passed is one try.
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
        let got = self.get_some(into, most);
        if got > 0 {
            return Ok(got);
        }
        let item = self.get_slow(deadline, false)?;
        into.push(item);
        // Not by `get_some` alone: there may be a note, and each item that is got then calls a
        // putter.
        Ok(1 + self.try_get_many(into, most - 1).unwrap_or(0))
    }

    /// The fast path: takes out as many as there are, none if there is anything in the way. Returns
    /// how many.
    fn get_some(&self, into: &mut Vec<T>, most: usize) -> usize {
        // Relaxed: as in `put_at_once`.
        let head = self.head.0.load(Relaxed);
        let (mut next, mut filled) = (head, 0);
        // Acquire: pairs with the Release in `fill`, as in `get_at_once`, for each of the places.
        while filled < most && self.slot(next).stamp.load(Acquire) == next + FILLED {
            next = self.positions.after(next);
            filled += 1;
        }
        into.reserve(filled); // now: were there no memory later, the items would be lost
        // Release: pairs with the Acquire in `len`.
        if filled == 0 || self.head.0.compare_exchange_weak(head, next, Release, Relaxed).is_err() {
            return 0;
        }
        let mut here = head;
        for _ in 0..filled {
            // SAFETY: the stamp said that the place holds the item of this position, and the
            // exchange that no other thread has any position from `head` up to `next`.
            into.push(unsafe { self.empty(self.slot(here), here) });
            here = self.positions.after(here);
        }
        filled
    }
}
