//! Many items under one lock.
//!
//! A batch is a loop of `put` or `get` that takes the lock once for as many items as there is room
//! for, or as there are. Each item still calls one sleeper of the other side, and all calls are
//! made together after the lock was released.
//!
//! The items come in a `Vec`, and not in any iterator, because an iterator is the program's own
//! code, which would run under the lock.

use std::time::{Duration, Instant};
use std::vec;

use primitives::LockGuard;

use super::owed::{Owed, unless_it_panics};
use super::{LockedQueue, State};
use crate::discipline::Discipline;
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};

/// Putting many.
impl<S: Discipline> LockedQueue<S> {
    /// Puts all items in, one after the other; blocks while the queue is full. _Python_: a `put`
    /// for each.
    ///
    /// Other threads' items may come between any two, where it must wait. Costs one lock and unlock
    /// for as many as there is room for. An empty `Vec` is put at once, even after a shutdown.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the items that were not put, if the queue is shut down, before
    /// or while waiting. Those before them are in the queue.
    ///
    /// # Panics
    ///
    /// If a comparison of two items panics: those before stay in the queue, the others are dropped.
    ///
    /// ```
    /// use queues::Queue;
    ///
    /// let queue = Queue::unbounded();
    /// queue.put_many(vec![1, 2, 3])?;
    /// let mut items = Vec::new();
    /// assert_eq!(queue.get_many(&mut items, 2), Ok(2));
    /// assert_eq!(items, [1, 2]);
    /// # Ok::<(), queues::PutError<Vec<i32>>>(())
    /// ```
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_many(&self, items: Vec<S::Item>) -> Result<(), PutError<Vec<S::Item>>> {
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
    pub fn try_put_many(&self, items: Vec<S::Item>) -> Result<(), TryPutError<Vec<S::Item>>> {
        let mut items = items.into_iter();
        let state = self.state.lock();
        if items.len() == 0 {
            return Ok(());
        }
        if state.shut_down {
            return Err(TryPutError::Shutdown(items.collect()));
        }
        self.push_some(&mut items, state);
        if items.len() == 0 { Ok(()) } else { Err(TryPutError::Full(items.collect())) }
    }

    /// Puts all items in, one after the other; blocks while the queue is full, for at most
    /// `timeout` in all.
    ///
    /// Zero is one try. Where there is no wait, the clock is not read.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the items that were not
    /// put.
    pub fn put_many_timeout(
        &self,
        items: Vec<S::Item>,
        timeout: Duration,
    ) -> Result<(), PutTimeoutError<Vec<S::Item>>> {
        let Err(full) = self.try_put_many(items) else { return Ok(()) };
        let (items, deadline) = full.unless_it_is_over(timeout)?;
        self.put_all(items, deadline)
    }

    /// Puts all items in, one after the other; blocks while the queue is full, until `deadline` at
    /// most.
    ///
    /// # Errors
    ///
    /// As [`put_many_timeout`](Self::put_many_timeout).
    pub fn put_many_deadline(
        &self,
        items: Vec<S::Item>,
        deadline: Instant,
    ) -> Result<(), PutTimeoutError<Vec<S::Item>>> {
        self.put_all(items, Some(deadline))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn put_all(
        &self,
        items: Vec<S::Item>,
        deadline: Option<Instant>,
    ) -> Result<(), PutTimeoutError<Vec<S::Item>>> {
        let mut items = items.into_iter();
        if items.len() == 0 {
            return Ok(());
        }
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        let mut time_is_up = false;
        let mut lingers = self.capacity > 1;
        // The order of the questions matters, as in `put_until`.
        loop {
            if state.shut_down {
                return Err(PutTimeoutError::Shutdown(items.collect()));
            }
            if state.items.len() < self.capacity {
                self.push_some(&mut items, state);
                if items.len() == 0 {
                    return Ok(());
                }
                lingers = self.capacity > 1;
                state = self.state.lock();
            } else if time_is_up {
                return Err(PutTimeoutError::Timeout(items.collect()));
            } else if lingers {
                lingers = false;
                state = self.linger(state, |state| state.items.len() < self.capacity);
            } else {
                state.putters.enter();
                time_is_up = self.not_full.wait_for(&mut state, deadline, target).timed_out();
                state.putters.leave();
            }
        }
    }

    /// Puts in as many as there is room for, and calls a getter for each. If a comparison panics,
    /// its item is still among `items`, which the caller drops when the lock is released.
    fn push_some(&self, items: &mut vec::IntoIter<S::Item>, state: LockGuard<'_, State<S>>) {
        let mut owed = Owed::nothing(self);
        let mut state = state; // and it is dropped before `owed`
        let mut put = 0;
        while state.items.len() < self.capacity
            && let Some(item) = items.as_slice().first()
        {
            let State { items: inside, putters, getters, .. } = &mut *state;
            let on_panic = || {
                owed.call_putter(putters);
                owed.call_getters(getters, put);
            };
            let place = unless_it_panics(|| inside.place(item), on_panic);
            let item = items.next().expect("it was there to be looked at");
            inside.insert(place, item);
            state.unfinished += 1;
            put += 1;
        }
        let calls = state.getters.call(put);
        let is_watched = state.getters.is_watched();
        drop(state);
        if calls > 0 || is_watched {
            self.wake_getters(calls, is_watched);
        }
    }
}

/// Getting many.
impl<S: Discipline> LockedQueue<S> {
    /// Takes out the next item, and up to `most` if there are as many, and appends them to `into`;
    /// blocks while the queue is empty. Returns how many. _Python_: a `get`, and then `get_nowait`
    /// for each.
    ///
    /// Costs one lock and unlock for all that are there. Of nothing (`most` is zero) it takes
    /// nothing, and returns at once, even after a shutdown.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the queue is shut down and nothing is left in it.
    ///
    /// # Panics
    ///
    /// If a comparison of two items panics: those that were taken out are in `into`.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_many(&self, into: &mut Vec<S::Item>, most: usize) -> Result<usize, GetError> {
        self.get_up_to(into, most, None).map_err(|_| GetError::Shutdown)
    }

    /// Takes out up to `most` items, as many as there are, and appends them to `into`; never
    /// blocks. Returns how many.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if there is none, or [`TryGetError::Shutdown`] if none will come.
    pub fn try_get_many(&self, into: &mut Vec<S::Item>, most: usize) -> Result<usize, TryGetError> {
        let state = self.state.lock();
        if most == 0 {
            Ok(0)
        } else if !state.items.is_empty() {
            Ok(self.pop_some(into, most, state))
        } else if state.shut_down {
            Err(TryGetError::Shutdown)
        } else {
            Err(TryGetError::Empty)
        }
    }

    /// [`get_many`](Self::get_many), which blocks for at most `timeout`.
    ///
    /// Zero is one try. Where there is no wait, the clock is not read.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`], or [`GetTimeoutError::Shutdown`] if none will come.
    pub fn get_many_timeout(
        &self,
        into: &mut Vec<S::Item>,
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
    pub fn get_many_deadline(
        &self,
        into: &mut Vec<S::Item>,
        most: usize,
        deadline: Instant,
    ) -> Result<usize, GetTimeoutError> {
        self.get_up_to(into, most, Some(deadline))
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn get_up_to(
        &self,
        into: &mut Vec<S::Item>,
        most: usize,
        deadline: Option<Instant>,
    ) -> Result<usize, GetTimeoutError> {
        if most == 0 {
            return Ok(0);
        }
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        let mut time_is_up = false;
        let mut lingers = self.capacity > 1;
        // The order of the questions matters, as in `get_until`.
        loop {
            if !state.items.is_empty() {
                return Ok(self.pop_some(into, most, state));
            }
            if state.shut_down {
                return Err(GetTimeoutError::Shutdown);
            }
            if time_is_up {
                return Err(GetTimeoutError::Timeout);
            }
            if lingers {
                lingers = false;
                state = self.linger(state, |state| !state.items.is_empty());
                continue;
            }
            state.getters.enter();
            time_is_up = self.not_empty.wait_for(&mut state, deadline, target).timed_out();
            state.getters.leave();
        }
    }

    /// Takes out as many as there are, up to `most`, and calls a putter for each.
    fn pop_some(
        &self,
        into: &mut Vec<S::Item>,
        most: usize,
        state: LockGuard<'_, State<S>>,
    ) -> usize {
        let mut owed = Owed::nothing(self);
        let mut state = state; // and it is dropped before `owed`
        let there = state.items.len().min(most);
        into.reserve(there);
        for got in 0..there {
            let State { items, putters, getters, .. } = &mut *state;
            let on_panic = || {
                owed.call_getters(getters, 1);
                owed.putters += putters.call(got);
            };
            into.extend(unless_it_panics(|| items.pop(), on_panic));
        }
        let calls = state.putters.call(there);
        drop(state);
        if calls > 0 {
            self.not_full.notify(calls);
        }
        there
    }
}
