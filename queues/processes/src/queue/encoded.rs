//! Items of any type and length: written as bytes by serde, into blocks of shared memory.
//!
//! ```text
//!     put                                             get
//!     encode the item, in its own memory
//!     claim a place, and blocks for it                take the place
//!     copy the bytes into them                        copy the bytes out of them
//!     publish the place                               free them, and the place
//!                                                     decode the item
//! ```
//!
//! An item is published whole and taken whole, so no call ever waits in the middle of one, and a
//! timeout is that of the whole item. (Python writes an item into a pipe. A process that is killed
//! in the middle leaves half an item there, and `get(timeout)` waits without a limit once the first
//! byte has come.)

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};
use queues::{GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::blocks::BLOCK;
use super::ring::{NotGot, NotPut, Ring};
use super::{Form, SharedQueue, sealed};
use crate::futex::{self, Deadline};

/// The room that [`encoded`](SharedQueue::encoded) adds to that of short items, in bytes.
const ROOM: usize = 1 << 20;

/// The form of a [`SharedQueue`] whose items serde writes as bytes.
#[derive(Clone, Copy, Debug)]
pub enum Encoded {}

impl sealed::Sealed for Encoded {}

impl<T: Serialize + DeserializeOwned> Form<T> for Encoded {
    type Place = Parcel;
    const HAS_BLOCKS: bool = true;
}

/// Where the bytes of an item are.
#[doc(hidden)]
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Parcel {
    first: u32,
    /// In bytes.
    len: u32,
}

/// The bytes of a taken item, or that they were no whole chain.
type Bytes = Result<Vec<u8>, DecodeError>;

impl<T: Serialize + DeserializeOwned> SharedQueue<T, Encoded> {
    /// A queue for up to `capacity` items of any type that serde can write, with 1 MiB of room for
    /// their bytes, and 256 bytes more for each item. No memory is used before it is written to.
    ///
    /// ```
    /// use processes::{Encoded, SharedQueue};
    ///
    /// let names: SharedQueue<(u32, String), Encoded> = SharedQueue::encoded(64)?;
    /// names.put((1, "Ada".to_owned()))?;
    /// assert_eq!(names.get()?, (1, "Ada".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The system's error: no file descriptor or no address space is left.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    pub fn encoded(capacity: usize) -> io::Result<Self> {
        Self::encoded_with_room(capacity, capacity.saturating_mul(BLOCK).saturating_add(ROOM))
    }

    /// As [`encoded`](Self::encoded), with room for `bytes` bytes, in blocks of 256 bytes. An item
    /// takes whole blocks; a longer item than all of them is an error.
    ///
    /// # Errors
    ///
    /// As [`encoded`](Self::encoded).
    ///
    /// # Panics
    ///
    /// If `capacity` or `bytes` is zero.
    pub fn encoded_with_room(capacity: usize, bytes: usize) -> io::Result<Self> {
        assert!(capacity > 0, "a shared queue of capacity 0: at least 1 is needed");
        assert!(bytes > 0, "a shared queue with room for 0 bytes: at least 1 is needed");
        Ok(Self::from_ring(Ring::new(capacity, bytes)?))
    }

    /// The longest item, in bytes as serde writes it.
    #[must_use]
    pub fn room(&self) -> usize {
        self.ring().blocks().most()
    }

    /// Puts an item at the end; blocks while the queue is full, or has no room for its bytes. Many
    /// short items may come before a long one that waits for room.
    ///
    /// # Errors
    ///
    /// The item, if the queue is shut down, or if the item is too long or cannot be written.
    pub fn put(&self, item: T) -> Result<(), PutEncodedError<T, PutError<T>>> {
        self.put_until(
            item,
            |bytes| self.put_before(bytes, None),
            |_, item| PutError::Shutdown(item),
        )
    }

    /// Puts an item, unless the queue is full, or has no room for its bytes. Never blocks.
    ///
    /// _Python_: `put_nowait`.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), or the item, if there is no room for it now.
    pub fn try_put(&self, item: T) -> Result<(), PutEncodedError<T, TryPutError<T>>> {
        let once = |bytes: &[u8]| {
            self.put_once(bytes).or_else(|error| match error {
                // The room may be that of a process that was killed.
                NotPut::Full if self.ring().bury() > 0 => self.put_once(bytes),
                error => Err(error),
            })
        };
        self.put_until(item, once, |error, item| match error {
            NotPut::Full => TryPutError::Full(item),
            NotPut::Closed => TryPutError::Shutdown(item),
        })
    }

    /// Puts an item; blocks for at most `timeout`, for the whole item. Zero tries once; a timeout
    /// that overflows the clock never expires.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), or the item, if there was no room for it until then.
    pub fn put_timeout(
        &self,
        item: T,
        timeout: Duration,
    ) -> Result<(), PutEncodedError<T, PutTimeoutError<T>>> {
        self.put_timed(item, futex::after(timeout))
    }

    /// Puts an item; blocks until `deadline` at most. With a deadline that has passed it tries
    /// once.
    ///
    /// # Errors
    ///
    /// As [`put_timeout`](Self::put_timeout).
    pub fn put_deadline(
        &self,
        item: T,
        deadline: Instant,
    ) -> Result<(), PutEncodedError<T, PutTimeoutError<T>>> {
        self.put_timed(item, Some(deadline))
    }

    /// Gets the first item; blocks while there is none.
    ///
    /// # Errors
    ///
    /// If the queue is shut down and empty; or if the bytes of the item that was got are no `T`.
    pub fn get(&self) -> Result<T, GetEncodedError<GetError>> {
        self.get_until(|| self.get_before(None), |_| GetError::Shutdown)
    }

    /// Gets the first item, if there is one. Never blocks.
    ///
    /// _Python_: `get_nowait`.
    ///
    /// # Errors
    ///
    /// If there is none; or if the bytes of the item that was got are no `T`.
    pub fn try_get(&self) -> Result<T, GetEncodedError<TryGetError>> {
        self.get_until(
            || self.get_once(),
            |error| match error {
                NotGot::Empty => TryGetError::Empty,
                NotGot::Closed => TryGetError::Shutdown,
            },
        )
    }

    /// Gets the first item; blocks for at most `timeout`, for the whole item. Zero tries once; a
    /// timeout that overflows the clock never expires.
    ///
    /// # Errors
    ///
    /// If there was none until then, or the queue is shut down and empty; or if the bytes of the
    /// item that was got are no `T`.
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetEncodedError<GetTimeoutError>> {
        self.get_timed(futex::after(timeout))
    }

    /// Gets the first item; blocks until `deadline` at most. With a deadline that has passed it
    /// tries once.
    ///
    /// # Errors
    ///
    /// As [`get_timeout`](Self::get_timeout).
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetEncodedError<GetTimeoutError>> {
        self.get_timed(Some(deadline))
    }

    /// Gets items until the queue is shut down and empty; blocks while there is none.
    pub fn iter(&self) -> impl Iterator<Item = Result<T, DecodeError>> + '_ {
        std::iter::from_fn(|| match self.get() {
            Ok(item) => Some(Ok(item)),
            Err(GetEncodedError::Queue(GetError::Shutdown)) => None,
            Err(GetEncodedError::Decode(error)) => Some(Err(error)),
        })
    }

    /// Ends the queue, and returns the remaining items; each counts as done.
    #[must_use]
    pub fn shutdown_now(&self) -> Vec<Result<T, DecodeError>> {
        self.shutdown();
        // A put in progress succeeds, or finds the end.
        let done = |_: &_| _ = self.ring().done();
        self.iter().inspect(done).collect()
    }

    fn put_timed(
        &self,
        item: T,
        deadline: Deadline,
    ) -> Result<(), PutEncodedError<T, PutTimeoutError<T>>> {
        self.put_until(
            item,
            |bytes| self.put_before(bytes, deadline),
            |error, item| match error {
                NotPut::Full => PutTimeoutError::Timeout(item),
                NotPut::Closed => PutTimeoutError::Shutdown(item),
            },
        )
    }

    fn put_until<E>(
        &self,
        item: T,
        put: impl FnOnce(&[u8]) -> Result<(), NotPut>,
        refused: impl FnOnce(NotPut, T) -> E,
    ) -> Result<(), PutEncodedError<T, E>> {
        let bytes = match postcard::to_stdvec(&item) {
            Ok(bytes) => bytes,
            Err(error) => return Err(PutEncodedError::Encode { item, why: error.to_string() }),
        };
        if bytes.len() > self.room() {
            let (len, most) = (bytes.len(), self.room());
            return Err(PutEncodedError::TooLong { item, len, most });
        }
        put(&bytes).map_err(|error| PutEncodedError::Queue(refused(error, item)))
    }

    fn put_before(&self, bytes: &[u8], deadline: Deadline) -> Result<(), NotPut> {
        self.handle.put_until(deadline, || self.put_once(bytes))
    }

    fn put_once(&self, bytes: &[u8]) -> Result<(), NotPut> {
        let ring = self.ring();
        let (blocks, cursor) = (ring.blocks(), &ring.body().cursor);
        // Before the claim: a claimed place without an item still counts, until a get comes by.
        if !ring.is_closed() && !blocks.have_room(cursor, bytes.len(), |item| ring.use_of(item)) {
            return Err(NotPut::Full);
        }
        let mut short = false;
        let put = ring.try_put(&mut |position, place: *mut Parcel| {
            // SAFETY: a place, of this thread; another may only read the length, see `get_once`.
            let len = unsafe { AtomicU32::from_ptr(&raw mut (*place).len) };
            // Relaxed: a get reads it early as a hint, and in earnest after the publication.
            len.store(bytes.len() as u32, Relaxed);
            let first = blocks.write(cursor, position, bytes, |item| ring.use_of(item));
            short = first.is_none();
            // SAFETY: as above.
            unsafe { (&raw mut (*place).first).write(first.unwrap_or(0)) };
            !short
        });
        if short {
            // Another put may have waited for the blocks that this one took and gave back.
            ring.body().not_full.ring_each();
        }
        put
    }

    fn get_timed(&self, deadline: Deadline) -> Result<T, GetEncodedError<GetTimeoutError>> {
        self.get_until(
            || self.get_before(deadline),
            |error| match error {
                NotGot::Empty => GetTimeoutError::Timeout,
                NotGot::Closed => GetTimeoutError::Shutdown,
            },
        )
    }

    fn get_until<E>(
        &self,
        get: impl FnOnce() -> Result<Bytes, NotGot>,
        refused: impl FnOnce(NotGot) -> E,
    ) -> Result<T, GetEncodedError<E>> {
        let bytes = get().map_err(|error| GetEncodedError::Queue(refused(error)))?;
        bytes.and_then(|bytes| decode(&bytes)).map_err(GetEncodedError::Decode)
    }

    fn get_before(&self, deadline: Deadline) -> Result<Bytes, NotGot> {
        self.handle.get_until(deadline, || self.get_once())
    }

    fn get_once(&self) -> Result<Bytes, NotGot> {
        let ring = self.ring();
        let len = |place: *const Parcel| {
            // SAFETY: a place; its put may write the length at the same time, by this same atomic.
            let len = unsafe { AtomicU32::from_ptr((&raw const (*place).len).cast_mut()) };
            // Relaxed: see `put_once`.
            len.load(Relaxed) as usize
        };
        ring.try_get(
            |place| len(place) / 8,
            |position, place| {
                let len = len(place);
                // SAFETY: its put has written it, and published it.
                let first = unsafe { (&raw const (*place).first).read() };
                let bytes = ring.blocks().read(first, len, position);
                ring.blocks().free(first, len.div_ceil(BLOCK), position);
                bytes.ok_or_else(|| DecodeError("its bytes are not whole".to_owned()))
            },
        )
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let read = postcard::take_from_bytes(bytes).map_err(|error| DecodeError(error.to_string()))?;
    match read {
        (item, []) => Ok(item),
        // Bytes that are left over mean another type.
        (_, rest) => Err(DecodeError(format!("{} bytes are left over", rest.len()))),
    }
}

/// Why an item was not put into a queue of [encoded](Encoded) items. It has the item.
#[derive(Debug)]
pub enum PutEncodedError<T, E> {
    /// The queue did not take it.
    Queue(E),
    /// It is longer than all the queue's [room](SharedQueue::room).
    TooLong {
        /// It.
        item: T,
        /// Its length, in bytes.
        len: usize,
        /// The room, in bytes.
        most: usize,
    },
    /// serde cannot write it.
    Encode {
        /// It.
        item: T,
        /// serde's reason.
        why: String,
    },
}

impl<T, E: fmt::Display> fmt::Display for PutEncodedError<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(error) => error.fmt(f),
            Self::TooLong { len, most, .. } => {
                write!(f, "an item of {len} bytes in a queue with room for {most}")
            }
            Self::Encode { why, .. } => write!(f, "the item cannot be written as bytes: {why}"),
        }
    }
}

impl<T: fmt::Debug, E: fmt::Debug + fmt::Display> Error for PutEncodedError<T, E> {}

/// Why a queue of [encoded](Encoded) items gave none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GetEncodedError<E> {
    /// There was no item.
    Queue(E),
    /// There was one, of another type. It is no longer in the queue.
    Decode(DecodeError),
}

impl<E: fmt::Display> fmt::Display for GetEncodedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for GetEncodedError<E> {}

/// The bytes of an item are no item of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(String);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the item that was got is of another type: {}", self.0)
    }
}

impl Error for DecodeError {}

#[cfg(test)]
mod tests;
