//! Two halves of a queue: the last sender that is dropped ends the receivers, and the last receiver
//! ends the senders.
//!
//! A queue that threads share ends when one of them says so. A producer that panics does not say
//! it, and its consumers sleep on. A half says it in its destructor, which runs on every way out.
//!
//! ```text
//!    Sender ──┐                                              ┌── Receiver
//!    Sender ──┼── one side ──▶  queue  ◀── the other side ───┤
//!    Sender ──┘      │                            │          └── Receiver
//!                    ▼ at the last drop           ▼ at the last drop
//!                 shutdown                     shutdown_now, and the rest goes back
//! ```
//!
//! The halves of one side share a [`Side`] by an `Arc`, and its destructor ends the queue. So the
//! count of the `Arc` is the count of the halves, and there is no other. Each half also has the
//! queue at hand, so a call goes through one pointer, as with an `Arc` of the queue.
//!
//! The two ends differ. When no sender is left, the receivers still get what is inside. When no
//! receiver is left, what is inside would be lost: it goes to the function that
//! [`channel_returning`] was given, or is dropped at once. It does not stay inside until the
//! senders are gone, because an item may hold the sender of an answer, on which the thread that put
//! it waits.

#[cfg(not(model))]
mod awaited;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::Lock;
use primitives::sync::model_failed;

use crate::blocking_queue::{BlockingQueue, Iter, TryIter};
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};
use crate::queue::Queue;

/// Two halves over any queue.
///
/// The queue is shut down when the last [`Sender`] is dropped; then the receivers get what is left
/// and end. When the last [`Receiver`] is dropped, it is shut down at once: a put gives its item
/// back in the error, and the items that are still inside are dropped. To have those,
/// use [`channel_returning`].
///
/// A call costs what it costs on the queue. _Python_: nothing like it; `queue.shutdown()` in a
/// `finally`.
///
/// ```
/// use queues::{Queue, channel};
///
/// let (sender, receiver) = channel(Queue::bounded(8));
/// std::thread::scope(|scope| {
///     for producer in 0..3 {
///         let sender = sender.clone();
///         scope.spawn(move || sender.put(producer).expect("the receiver is there"));
///     }
///     drop(sender); // the producers have theirs
///     let mut items: Vec<_> = receiver.iter().collect(); // ends when they are through
///     items.sort_unstable();
///     assert_eq!(items, [0, 1, 2]);
/// });
/// ```
pub fn channel<T, Q>(queue: Q) -> (Sender<T, Q>, Receiver<T, Q>)
where
    Q: BlockingQueue<T>,
{
    halves(queue, |queue| drop(queue.shutdown_now()))
}

/// [`channel`], with a function that gets what no receiver has got.
///
/// When the last receiver is dropped, `give_back` is called once with the items that are still
/// inside, in the order in which `get` would have returned them, unless there is none. It runs in
/// the thread that drops the receiver, perhaps while that thread unwinds, so it must not panic. An
/// item is either returned by a `get`, or is in the error of its `put`, or is among these.
///
/// ```
/// use queues::{Queue, channel_returning};
/// use std::sync::Arc;
///
/// let undone = Arc::new(Queue::unbounded());
/// let (sender, receiver) = channel_returning(Queue::unbounded(), {
///     let undone = Arc::clone(&undone);
///     move |rest: Vec<i32>| undone.put_many(rest).unwrap()
/// });
/// sender.put_many(vec![1, 2, 3]).unwrap();
/// let worker = std::thread::spawn(move || {
///     assert_eq!(receiver.get(), Ok(1));
///     // It gives up here, and drops its half.
/// });
/// worker.join().unwrap();
/// assert!(sender.put(4).is_err());
/// assert_eq!(undone.drain(), [2, 3]);
/// ```
pub fn channel_returning<T, Q>(
    queue: Q,
    give_back: impl FnOnce(Vec<T>) + Send + 'static,
) -> (Sender<T, Q>, Receiver<T, Q>)
where
    Q: BlockingQueue<T>,
{
    halves(queue, |queue| {
        let rest = queue.shutdown_now();
        if !rest.is_empty() {
            give_back(rest);
        }
    })
}

fn halves<T, Q>(
    queue: Q,
    no_receiver: impl FnOnce(&Q) + Send + 'static,
) -> (Sender<T, Q>, Receiver<T, Q>)
where
    Q: BlockingQueue<T>,
{
    let queue = Arc::new(queue);
    let sender = Sender {
        side: Side::of(&queue, |queue| queue.shutdown()),
        queue: Arc::clone(&queue),
        item: PhantomData,
    };
    (sender, Receiver { side: Side::of(&queue, no_receiver), queue, item: PhantomData })
}

/// What the halves of one side share.
struct Side<Q> {
    queue: Arc<Q>,
    /// What happens when none of them is left. The lock is never taken: it makes a closure that is
    /// `Send` also `Sync`.
    end: Lock<Option<End<Q>>>,
}

type End<Q> = Box<dyn FnOnce(&Q) + Send>;

impl<Q> Side<Q> {
    fn of(queue: &Arc<Q>, end: impl FnOnce(&Q) + Send + 'static) -> Arc<Self> {
        let end: End<Q> = Box::new(end);
        Arc::new(Self { queue: Arc::clone(queue), end: Lock::new(Some(end)) })
    }
}

/// The last half of a side is gone.
impl<Q> Drop for Side<Q> {
    fn drop(&mut self) {
        if let Some(end) = self.end.get_mut().take()
            && !model_failed()
        {
            end(&self.queue);
        }
    }
}

/// The half of a queue that puts; made by [`channel`]. Clone it for each thread that puts.
pub struct Sender<T, Q = Queue<T>> {
    /// Declared first, and so dropped first: the end finds the queue.
    side: Arc<Side<Q>>,
    queue: Arc<Q>,
    item: PhantomData<fn(T)>,
}

/// The half of a queue that gets; made by [`channel`]. Clone it for each thread that gets: each
/// item goes to one of them.
pub struct Receiver<T, Q = Queue<T>> {
    /// As in [`Sender`].
    side: Arc<Side<Q>>,
    queue: Arc<Q>,
    item: PhantomData<fn() -> T>,
}

/// Putting: the calls of the queue. `Shutdown` says that no receiver is left, or that a thread has
/// shut the queue down.
impl<T, Q: BlockingQueue<T>> Sender<T, Q> {
    /// Puts an item in; blocks while the queue is full.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the item, if no receiver is left, before or while waiting.
    #[inline]
    #[doc(alias = "send")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.queue.put(item)
    }

    /// Puts an item in if there is room; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the item.
    #[inline]
    #[doc(alias = "try_send")]
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        self.queue.try_put(item)
    }

    /// Puts an item in; blocks while the queue is full, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the item.
    #[doc(alias = "send_timeout")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutTimeoutError<T>> {
        self.queue.put_timeout(item, timeout)
    }

    /// Puts an item in; blocks while the queue is full, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`put_timeout`](Self::put_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutTimeoutError<T>> {
        self.queue.put_deadline(item, deadline)
    }

    /// Puts all items in, one after the other; blocks while the queue is full.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the items that were not put.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_many(&self, items: Vec<T>) -> Result<(), PutError<Vec<T>>> {
        self.queue.put_many(items)
    }

    /// Puts in as many items as there is room for, from the first on; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the items that were not put.
    pub fn try_put_many(&self, items: Vec<T>) -> Result<(), TryPutError<Vec<T>>> {
        self.queue.try_put_many(items)
    }

    /// Blocks until every item has been processed, if the receivers call
    /// [`task_done`](Receiver::task_done).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn join(&self) {
        self.queue.join();
    }
}

impl<T: Send> Sender<T> {
    /// [`Queue::force_put`]: puts an item in, and where the queue is full, takes the oldest one out
    /// for it; never blocks. Returns the item that it took out.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the new item, if no receiver is left.
    #[must_use = "the item that was taken out is in the result"]
    pub fn force_put(&self, item: T) -> Result<Option<T>, PutError<T>> {
        self.queue.force_put(item)
    }
}

/// Getting: the calls of the queue. `Shutdown` says that no sender is left, or that a thread has
/// shut the queue down, and that nothing is left inside.
impl<T, Q: BlockingQueue<T>> Receiver<T, Q> {
    /// Takes the next item out; blocks while the queue is empty.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the queue is empty and no sender is left, before or while waiting.
    #[inline]
    #[doc(alias = "recv")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get(&self) -> Result<T, GetError> {
        self.queue.get()
    }

    /// Takes the next item out if there is one; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`], or [`TryGetError::Shutdown`] if no item will come.
    #[inline]
    #[doc(alias = "try_recv")]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.queue.try_get()
    }

    /// Takes the next item out; blocks while the queue is empty, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`], or [`GetTimeoutError::Shutdown`] if no item will come.
    #[doc(alias = "recv_timeout")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError> {
        self.queue.get_timeout(timeout)
    }

    /// Takes the next item out; blocks while the queue is empty, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`get_timeout`](Self::get_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetTimeoutError> {
        self.queue.get_deadline(deadline)
    }

    /// Takes out the next item, and up to `most` if there are as many, and appends them to `into`;
    /// blocks while the queue is empty. Returns how many.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the queue is empty and no sender is left.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_many(&self, into: &mut Vec<T>, most: usize) -> Result<usize, GetError> {
        self.queue.get_many(into, most)
    }

    /// Takes all items out that are there; never blocks.
    #[must_use = "the items are out of the queue, and in the result"]
    pub fn drain(&self) -> Vec<T> {
        self.queue.drain()
    }

    /// The items as they come. It blocks for each, and ends when the queue is empty and no sender
    /// is left.
    pub fn iter(&self) -> Iter<'_, Q, T> {
        self.queue.iter()
    }

    /// The items that are there. It never blocks.
    pub fn try_iter(&self) -> TryIter<'_, Q, T> {
        self.queue.try_iter()
    }

    /// Says that an item has been processed, for a [`join`](Sender::join).
    ///
    /// # Errors
    ///
    /// [`TaskDoneError`] if there were more calls than items; the count stays as it is.
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        self.queue.task_done()
    }
}

/// What both halves have, written once.
macro_rules! both {
    ($half:ident, $name:literal) => {
        impl<T, Q> $half<T, Q> {
            /// The queue between the halves, for the calls that only its kind has. It ends with the
            /// halves.
            #[must_use]
            pub fn queue(&self) -> &Q {
                &self.queue
            }

            /// Whether both are halves of one queue.
            #[must_use]
            pub fn same_channel(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.side, &other.side)
            }
        }

        impl<T, Q: BlockingQueue<T>> $half<T, Q> {
            /// How many items are inside.
            #[must_use]
            pub fn len(&self) -> usize {
                self.queue.len()
            }

            /// Whether no item is inside.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.queue.is_empty()
            }

            /// Whether there is no room.
            #[must_use]
            pub fn is_full(&self) -> bool {
                self.queue.is_full()
            }

            /// How many items fit; `None` if any number does.
            #[must_use]
            pub fn capacity(&self) -> Option<usize> {
                self.queue.capacity()
            }

            /// Ends the queue before its halves do: nothing more can be put, and what is left can
            /// be got.
            pub fn shutdown(&self) {
                self.queue.shutdown();
            }

            /// Whether nothing more can be put: one side is gone, or a thread has shut it down.
            #[must_use]
            #[doc(alias = "is_disconnected")]
            pub fn is_shutdown(&self) -> bool {
                self.queue.is_shutdown()
            }
        }

        impl<T, Q> Clone for $half<T, Q> {
            fn clone(&self) -> Self {
                Self {
                    side: Arc::clone(&self.side),
                    queue: Arc::clone(&self.queue),
                    item: PhantomData,
                }
            }
        }

        /// Shows the queue. Never blocks.
        impl<T, Q: fmt::Debug> fmt::Debug for $half<T, Q> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name).field("queue", &self.queue).finish()
            }
        }
    };
}
both!(Sender, "Sender");
both!(Receiver, "Receiver");

/// The items as they come, from a receiver that it owns.
#[must_use = "an iterator takes nothing out until it is used"]
pub struct ReceiverIntoIter<T, Q>(Receiver<T, Q>);

impl<T, Q: BlockingQueue<T>> Iterator for ReceiverIntoIter<T, Q> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.get().ok()
    }
}

/// Once shut down and empty, a queue stays so.
impl<T, Q: BlockingQueue<T>> FusedIterator for ReceiverIntoIter<T, Q> {}

impl<T, Q: fmt::Debug> fmt::Debug for ReceiverIntoIter<T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReceiverIntoIter").field(&self.0).finish()
    }
}

/// Blocks for each item, and ends when the queue is empty and no sender is left.
impl<T, Q: BlockingQueue<T>> IntoIterator for Receiver<T, Q> {
    type Item = T;
    type IntoIter = ReceiverIntoIter<T, Q>;

    fn into_iter(self) -> Self::IntoIter {
        ReceiverIntoIter(self)
    }
}

impl<'a, T, Q: BlockingQueue<T>> IntoIterator for &'a Receiver<T, Q> {
    type Item = T;
    type IntoIter = Iter<'a, Q, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
