//! The queue between processes: items in shared memory, where no process can stop the others.
//!
//! | file                  | idea                                                        |
//! | --------------------- | ----------------------------------------------------------- |
//! | `queue.rs`            | what all queues have, and how long a call waits             |
//! | `queue/plain.rs`      | items that are plain bytes, in the places themselves        |
//! | `queue/encoded.rs`    | items of any type, as bytes of any length                   |
//! | `queue/ring.rs`       | the places: what the processes share, and who takes part    |
//! | `queue/steps.rs`      | a put and a get, and what if its process does not come back |
//! | `queue/stamp.rs`      | the word of a place                                         |
//! | `queue/blocks.rs`     | the bytes of long items, and what becomes of them           |
//! | `queue/bell.rs`       | what those sleep on that find it full or empty              |

pub(crate) mod bell;
mod blocks;
mod encoded;
mod plain;
mod ring;
mod stamp;
mod steps;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytemuck::Pod;
use queues::TaskDoneError;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::encoded::{DecodeError, Encoded, GetEncodedError, PutEncodedError};
pub use self::plain::Plain;
use self::ring::{NotGot, NotPut, Ring};
use crate::futex::{self, Deadline, Wait};

/// A first-in, first-out queue for the threads of several processes.
///
/// The items lie in shared memory. It calls the kernel only to sleep and to wake. How an item gets
/// there is the queue's form:
///
/// | queue                     | made by                          | items                                            |
/// | ------------------------- | -------------------------------- | ------------------------------------------------ |
/// | `SharedQueue<T>`          | [`bounded`](Self::bounded)       | plain bytes ([`Pod`]), copied in and out         |
/// | `SharedQueue<T, Encoded>` | [`encoded`](SharedQueue::encoded) | of any type that serde can write, of any length |
///
/// A clone is another handle of the same queue; up to 256 handles of all processes may be in use.
///
/// **When a process is killed or stopped** in the middle of a `put` or a `get`, that one item may
/// be lost (if it is killed) or come later (if it is stopped and continues). No other process waits
/// for it longer than a few µs, or, for an encoded item, than its bytes take to copy. Items that a
/// killed process had got and not reported as [done](Self::task_done) count as done.
///
/// _Uncontended_: a `put` is three compare-exchanges, a `get` is three and an addition. An encoded
/// item adds one to each for each 256 bytes.
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
pub struct SharedQueue<T, F: Form<T> = Plain> {
    handle: Arc<Handle<F::Place>>,
    item: PhantomData<fn(T) -> T>,
}

/// How a [`SharedQueue`] keeps its items: [`Plain`] or [`Encoded`].
pub trait Form<T>: sealed::Sealed {
    /// What stands in the place of an item.
    #[doc(hidden)]
    type Place: Pod + Send;
    /// Whether the items' bytes lie in blocks.
    #[doc(hidden)]
    const HAS_BLOCKS: bool;
}

mod sealed {
    pub trait Sealed {}
}

struct Handle<P> {
    ring: Ring<P>,
    /// How long spinning before a sleep has paid lately, in pauses.
    put_patience: AtomicU32,
    get_patience: AtomicU32,
}

/// The longest spin before a sleep: about 20 µs, less than a sleep and a wake-up cost together.
const MOST_PATIENCE: u32 = 1200;

impl<T, F: Form<T>> SharedQueue<T, F> {
    fn from_ring(ring: Ring<F::Place>) -> Self {
        let patience = || AtomicU32::new(MOST_PATIENCE / 4);
        let handle = Handle { ring, put_patience: patience(), get_patience: patience() };
        Self { handle: Arc::new(handle), item: PhantomData }
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
    fn ring(&self) -> &Ring<F::Place> {
        &self.handle.ring
    }
}

impl<P: Pod> Handle<P> {
    /// Tries to put until it succeeds, or until the deadline.
    #[inline]
    fn put_until(
        &self,
        deadline: Deadline,
        mut try_put: impl FnMut() -> Result<(), NotPut>,
    ) -> Result<(), NotPut> {
        match try_put() {
            Err(NotPut::Full) => self.put_slow(deadline, try_put),
            result => result,
        }
    }

    #[cold]
    fn put_slow(
        &self,
        deadline: Deadline,
        mut try_put: impl FnMut() -> Result<(), NotPut>,
    ) -> Result<(), NotPut> {
        let ring = &self.ring;
        let result = look(&self.put_patience, || match try_put() {
            Err(NotPut::Full) => None,
            result => Some(result),
        });
        if let Some(result) = result {
            return result;
        }
        loop {
            let seen = ring.body().not_full.prepare();
            match try_put() {
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
                    return try_put();
                }
            }
        }
    }

    /// Tries to get until it succeeds, or until the deadline.
    #[inline]
    fn get_until<R>(
        &self,
        deadline: Deadline,
        mut try_get: impl FnMut() -> Result<R, NotGot>,
    ) -> Result<R, NotGot> {
        match try_get() {
            Err(NotGot::Empty) => self.get_slow(deadline, try_get),
            result => result,
        }
    }

    #[cold]
    fn get_slow<R>(
        &self,
        deadline: Deadline,
        mut try_get: impl FnMut() -> Result<R, NotGot>,
    ) -> Result<R, NotGot> {
        let ring = &self.ring;
        let result = look(&self.get_patience, || match try_get() {
            Err(NotGot::Empty) => None,
            result => Some(result),
        });
        if let Some(result) = result {
            return result;
        }
        loop {
            let seen = ring.body().not_empty.prepare();
            match try_get() {
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
                return try_get();
            }
        }
    }
}

/// Never on one core.
#[cfg(not(model))]
fn may_spin() -> bool {
    primitives::sync::cores() > 1
}

/// In a model spins only multiply the interleavings.
#[cfg(model)]
fn may_spin() -> bool {
    false
}

/// Spins for as long as that has lately paid.
fn look<R>(patience: &AtomicU32, mut try_it: impl FnMut() -> Option<R>) -> Option<R> {
    const PAUSES: u32 = 40;
    if !may_spin() {
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

impl<T, F: Form<T>> Clone for SharedQueue<T, F> {
    fn clone(&self) -> Self {
        Self { handle: Arc::clone(&self.handle), item: PhantomData }
    }
}

impl<T, F: Form<T>> Serialize for SharedQueue<T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.handle.ring.give(serializer)
    }
}

impl<'de, T, F: Form<T>> Deserialize<'de> for SharedQueue<T, F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ring::take(deserializer, F::HAS_BLOCKS).map(Self::from_ring)
    }
}

impl<T, F: Form<T>> fmt::Debug for SharedQueue<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedQueue")
            .field("len", &self.handle.ring.len())
            .field("capacity", &self.handle.ring.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
