//! The queue between processes: items in shared memory, where no process can stop the others.
//!
//! | file             | idea                                                                     |
//! | ---------------- | ------------------------------------------------------------------------ |
//! | `queue.rs`       | what a program calls: which call waits, and until when                   |
//! | `queue/ring.rs`  | the places, and what becomes of one whose owner does not come back       |
//! | `queue/stamp.rs` | the word of a place                                                      |
//! | `queue/bell.rs`  | what those sleep on that find it full or empty                           |

pub(crate) mod bell;
mod ring;
mod stamp;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytemuck::Pod;
use queues::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::ring::{NotGot, NotPut, Ring};
use crate::futex::{self, Deadline, Wait};

/// A first-in, first-out queue for the threads of several processes.
///
/// The items are plain bytes ([`Pod`]), which are copied into shared memory and out of it. It calls
/// the kernel only to sleep and to wake. Use a [`pipe`](crate::pipe) for values of any type.
///
/// A clone is another handle of the same queue; up to 256 handles of all processes may be in use.
///
/// **When a process is killed or stopped** in the middle of a `put` or a `get`, that one item may
/// be lost (if it is killed) or come later (if it is stopped and continues). No other process waits
/// for it longer than a few µs. Items that a killed process had got and not reported as
/// [done](Self::task_done) count as done.
///
/// _Uncontended_: a `put` is three compare-exchanges, a `get` is three and an addition.
///
/// _Python_: `multiprocessing.Queue` and `JoinableQueue`, where a process that is killed in `get`
/// takes a lock with it.
///
/// ```
/// use processes::SharedQueue;
///
/// let numbers = SharedQueue::bounded(64)?;
/// std::thread::scope(|s| {
///     let sum = s.spawn(|| numbers.iter().sum::<u64>());
///     for number in 1..=100u64 {
///         numbers.put(number).unwrap();
///     }
///     numbers.shutdown();
///     assert_eq!(sum.join().unwrap(), 5050);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct SharedQueue<T: Pod> {
    handle: Arc<Handle<T>>,
}

struct Handle<T> {
    ring: Ring<T>,
    /// How long spinning before a sleep has paid lately, in pauses.
    put_patience: AtomicU32,
    get_patience: AtomicU32,
}

/// The longest spin before a sleep: about 20 µs, less than a sleep and a wake-up cost together.
const MOST_PATIENCE: u32 = 1200;

impl<T: Pod + Send> SharedQueue<T> {
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
        Ok(Self::from_ring(Ring::new(capacity)?))
    }

    fn from_ring(ring: Ring<T>) -> Self {
        let patience = || AtomicU32::new(MOST_PATIENCE / 4);
        Self {
            handle: Arc::new(Handle { ring, put_patience: patience(), get_patience: patience() }),
        }
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
        self.ring().try_put(&item).map_err(|error| match error {
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
        self.ring().try_get().map_err(|error| match error {
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

    /// Reports as done an item that this handle, or a clone of it in this process, has got.
    ///
    /// # Errors
    ///
    /// If all items that it has got are done.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        if self.ring().done() { Ok(()) } else { Err(TaskDoneError) }
    }

    /// How many items are in the queue, or got and not [done](Self::task_done).
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.ring().unfinished()
    }

    /// Blocks until each item that was put is got and [done](Self::task_done), or until a dead
    /// process had got it.
    pub fn join(&self) {
        self.join_until(None);
    }

    /// As [`join`](Self::join), for at most `timeout`. Returns whether all are done.
    #[must_use]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.join_until(futex::after(timeout))
    }

    fn join_until(&self, deadline: Deadline) -> bool {
        let ring = self.ring();
        loop {
            let seen = ring.body().all_done.prepare();
            if ring.unfinished() == 0 {
                return true;
            }
            if ring.body().all_done.sleep(seen, deadline) == Wait::TimedOut {
                ring.bury();
                if futex::is_over(deadline) {
                    return ring.unfinished() == 0;
                }
            }
        }
    }

    /// Ends the queue: puts fail at once, gets take the remaining items and then fail.
    pub fn shutdown(&self) {
        self.ring().close();
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

    /// Whether it is shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.ring().is_closed()
    }

    /// How many items are inside; out of date at once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring().len()
    }

    /// Whether there is no item; out of date at once.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room; out of date at once.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity()
    }

    /// How many items fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring().capacity()
    }

    #[inline]
    fn ring(&self) -> &Ring<T> {
        &self.handle.ring
    }

    #[inline]
    fn put_until(&self, item: &T, deadline: Deadline) -> Result<(), NotPut> {
        match self.ring().try_put(item) {
            Err(NotPut::Full) => self.put_slow(item, deadline),
            result => result,
        }
    }

    #[cold]
    fn put_slow(&self, item: &T, deadline: Deadline) -> Result<(), NotPut> {
        let ring = self.ring();
        let result = look(&self.handle.put_patience, || match ring.try_put(item) {
            Err(NotPut::Full) => None,
            result => Some(result),
        });
        if let Some(result) = result {
            return result;
        }
        loop {
            let seen = ring.body().not_full.prepare();
            match ring.try_put(item) {
                Err(NotPut::Full) => {}
                result => {
                    // A ring may have been for another sleeper.
                    ring.body().not_full.ring();
                    return result;
                }
            }
            if ring.body().not_full.sleep(seen, deadline) == Wait::TimedOut {
                ring.bury();
                if futex::is_over(deadline) {
                    return ring.try_put(item);
                }
            }
        }
    }

    #[inline]
    fn get_until(&self, deadline: Deadline) -> Result<T, NotGot> {
        match self.ring().try_get() {
            Err(NotGot::Empty) => self.get_slow(deadline),
            result => result,
        }
    }

    #[cold]
    fn get_slow(&self, deadline: Deadline) -> Result<T, NotGot> {
        let ring = self.ring();
        let result = look(&self.handle.get_patience, || match ring.try_get() {
            Err(NotGot::Empty) => None,
            result => Some(result),
        });
        if let Some(result) = result {
            return result;
        }
        loop {
            let seen = ring.body().not_empty.prepare();
            match ring.try_get() {
                Err(NotGot::Empty) => {}
                result => {
                    // A ring may have been for another sleeper.
                    ring.body().not_empty.ring();
                    return result;
                }
            }
            if ring.body().not_empty.sleep(seen, deadline) == Wait::TimedOut
                && futex::is_over(deadline)
            {
                return ring.try_get();
            }
        }
    }
}

/// Spins for as long as that has lately paid; never on one core.
pub(crate) fn look<R>(patience: &AtomicU32, mut try_it: impl FnMut() -> Option<R>) -> Option<R> {
    const PAUSES: u32 = 40;
    if primitives::sync::cores() == 1 {
        return None;
    }
    // Relaxed: a guess, by the last writer.
    let most = patience.load(Relaxed);
    let mut spent = 0;
    while spent < most {
        (0..PAUSES).for_each(|_| std::hint::spin_loop());
        spent += PAUSES;
        if let Some(result) = try_it() {
            patience.store((most + most / 4 + PAUSES).min(MOST_PATIENCE), Relaxed);
            return Some(result);
        }
    }
    // Never zero, or it could not find out that spinning pays again.
    patience.store((most / 2).max(PAUSES), Relaxed);
    None
}

impl<T: Pod> Clone for SharedQueue<T> {
    fn clone(&self) -> Self {
        Self { handle: Arc::clone(&self.handle) }
    }
}

impl<T: Pod> Serialize for SharedQueue<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.handle.ring.give(serializer)
    }
}

impl<'de, T: Pod + Send> Deserialize<'de> for SharedQueue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ring::take(deserializer).map(Self::from_ring)
    }
}

impl<T: Pod> fmt::Debug for SharedQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedQueue")
            .field("len", &self.handle.ring.len())
            .field("capacity", &self.handle.ring.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
