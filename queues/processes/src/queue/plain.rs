//! Items that are plain bytes: copied into their places, and out of them.

use std::io;
use std::time::{Duration, Instant};

use bytemuck::Pod;
use queues::{GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError};

use super::ring::{NotGot, NotPut, Ring};
use super::{Form, SharedQueue, sealed};
use crate::futex::{self, Deadline};

/// The form of a [`SharedQueue`] of plain bytes: any bytes are a valid item, which contains no
/// addresses. Derive [`Pod`] for your own type with [`bytemuck`].
#[derive(Clone, Copy, Debug)]
pub enum Plain {}

impl sealed::Sealed for Plain {}

impl<T: Pod + Send> Form<T> for Plain {
    type Place = T;
    const HAS_BLOCKS: bool = false;
}

impl<T: Pod + Send> SharedQueue<T, Plain> {
    /// A queue for up to `capacity` items. Costs about 30 µs, a file descriptor, and memory for 64
    /// more items.
    ///
    /// # Errors
    ///
    /// The system's error: no file descriptor or no memory is left.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    pub fn bounded(capacity: usize) -> io::Result<Self> {
        assert!(capacity > 0, "a shared queue of capacity 0: at least 1 is needed");
        Ok(Self::from_ring(Ring::new(capacity, 0)?))
    }

    /// Puts an item at the end; blocks while the queue is full.
    ///
    /// # Errors
    ///
    /// The item, if the queue is shut down.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_until(&item, None).map_err(|_| PutError::Shutdown(item))
    }

    /// Puts an item, unless the queue is full. Never blocks.
    ///
    /// _Python_: `put_nowait`.
    ///
    /// # Errors
    ///
    /// The item, if the queue is full or shut down.
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        self.put_once(&item).map_err(|error| match error {
            NotPut::Full => TryPutError::Full(item),
            NotPut::Closed => TryPutError::Shutdown(item),
        })
    }

    /// Puts an item; blocks for at most `timeout`. Zero tries once; a timeout that overflows the
    /// clock never expires.
    ///
    /// # Errors
    ///
    /// The item, if the queue stayed full, or is shut down.
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutTimeoutError<T>> {
        self.put_before(item, futex::after(timeout))
    }

    /// Puts an item; blocks until `deadline` at most. With a deadline that has passed it tries
    /// once.
    ///
    /// # Errors
    ///
    /// As [`put_timeout`](Self::put_timeout).
    pub fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutTimeoutError<T>> {
        self.put_before(item, Some(deadline))
    }

    fn put_before(&self, item: T, deadline: Deadline) -> Result<(), PutTimeoutError<T>> {
        self.put_until(&item, deadline).map_err(|error| match error {
            NotPut::Full => PutTimeoutError::Timeout(item),
            NotPut::Closed => PutTimeoutError::Shutdown(item),
        })
    }

    /// Gets the first item; blocks while there is none.
    ///
    /// # Errors
    ///
    /// If the queue is shut down and empty.
    pub fn get(&self) -> Result<T, GetError> {
        self.get_until(None).map_err(|_| GetError::Shutdown)
    }

    /// Gets the first item, if there is one. Never blocks.
    ///
    /// _Python_: `get_nowait`.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.get_once().map_err(|error| match error {
            NotGot::Empty => TryGetError::Empty,
            NotGot::Closed => TryGetError::Shutdown,
        })
    }

    /// Gets the first item; blocks for at most `timeout`. Zero tries once; a timeout that overflows
    /// the clock never expires.
    ///
    /// # Errors
    ///
    /// If there was none until then, or the queue is shut down and empty.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError> {
        self.get_before(futex::after(timeout))
    }

    /// Gets the first item; blocks until `deadline` at most. With a deadline that has passed it
    /// tries once.
    ///
    /// # Errors
    ///
    /// As [`get_timeout`](Self::get_timeout).
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetTimeoutError> {
        self.get_before(Some(deadline))
    }

    fn get_before(&self, deadline: Deadline) -> Result<T, GetTimeoutError> {
        self.get_until(deadline).map_err(|error| match error {
            NotGot::Empty => GetTimeoutError::Timeout,
            NotGot::Closed => GetTimeoutError::Shutdown,
        })
    }

    /// Gets items until the queue is shut down and empty; blocks while there is none.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.get().ok())
    }

    /// Ends the queue, and returns the remaining items; each counts as done.
    #[must_use]
    pub fn shutdown_now(&self) -> Vec<T> {
        self.shutdown();
        let mut left = Vec::new();
        // A put in progress succeeds, or finds the end.
        while let Ok(item) = self.get() {
            left.push(item);
            self.ring().done();
        }
        left
    }

    #[inline]
    fn put_until(&self, item: &T, deadline: Deadline) -> Result<(), NotPut> {
        self.handle.put_until(deadline, || self.put_once(item))
    }

    #[inline]
    fn get_until(&self, deadline: Deadline) -> Result<T, NotGot> {
        self.handle.get_until(deadline, || self.get_once())
    }

    #[inline]
    pub(super) fn put_once(&self, item: &T) -> Result<(), NotPut> {
        self.ring().try_put(&mut |_, place: *mut T| {
            // SAFETY: a place for an item, and this thread's.
            unsafe { place.write(*item) };
            true
        })
    }

    #[inline]
    pub(super) fn get_once(&self) -> Result<T, NotGot> {
        // SAFETY: an item that was put, and this thread's; any bytes are an item.
        self.ring().try_get(|_| size_of::<T>() / 8, |_, place| unsafe { place.read() })
    }
}
