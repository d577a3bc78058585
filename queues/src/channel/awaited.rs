//! Putting and getting in a coroutine: the calls of the queue below.

use std::future::Future;

use super::{Receiver, Sender};
use crate::discipline::Discipline;
use crate::error::{GetError, GetTimeoutError, PutError, PutTimeoutError};
use crate::locked_queue::LockedQueue;
use crate::ring::Ring;

macro_rules! awaited {
    ($($queue:ty $(, $discipline:ident: $bound:path)?;)*) => {$(
        /// Putting in a coroutine. See [`primitives::coroutines`].
        impl<T $(, $discipline: $bound)?> Sender<T, $queue> {
            /// Puts an item in; waits while the queue is full. If the future is dropped, so is the
            /// item. _Python_: `await asyncio.Queue.put(item)`.
            ///
            /// # Errors
            ///
            /// As [`put`](Self::put).
            pub async fn put_async(&self, item: T) -> Result<(), PutError<T>> {
                self.queue.put_async(item).await
            }

            /// [`put_async`](Self::put_async), of the item in `from`, which stays there if the
            /// future is dropped or fails.
            ///
            /// # Errors
            ///
            /// As [`put`](Self::put).
            ///
            /// # Panics
            ///
            /// If there is no item.
            pub async fn put_from_async(&self, from: &mut Option<T>) -> Result<(), PutError<()>> {
                self.queue.put_from_async(from).await
            }

            /// [`put_async`](Self::put_async), until the `timer` is over. Any future will do for a
            /// timer.
            ///
            /// # Errors
            ///
            /// As [`put_deadline`](Self::put_deadline).
            pub async fn put_deadline_async(
                &self,
                item: T,
                timer: impl Future,
            ) -> Result<(), PutTimeoutError<T>> {
                self.queue.put_deadline_async(item, timer).await
            }

            /// Waits until every item has been processed, if the receivers call
            /// [`task_done`](Receiver::task_done). _Python_: `await asyncio.Queue.join()`.
            pub async fn join_async(&self) {
                self.queue.join_async().await;
            }
        }

        /// Getting in a coroutine. See [`primitives::coroutines`].
        impl<T $(, $discipline: $bound)?> Receiver<T, $queue> {
            /// Takes the next item out; waits while the queue is empty. If the future is dropped,
            /// it has taken none. _Python_: `await asyncio.Queue.get()`.
            ///
            /// # Errors
            ///
            /// As [`get`](Self::get).
            ///
            /// ```
            /// use primitives::block_on;
            /// use queues::{Queue, channel};
            ///
            /// let (sender, receiver) = channel(Queue::bounded(2));
            /// std::thread::scope(|s| {
            ///     s.spawn(move || sender.put("from a thread"));
            ///     block_on(async {
            ///         assert_eq!(receiver.get_async().await, Ok("from a thread"));
            ///         assert!(receiver.get_async().await.is_err(), "no sender is left");
            ///     });
            /// });
            /// ```
            pub async fn get_async(&self) -> Result<T, GetError> {
                self.queue.get_async().await
            }

            /// [`get_async`](Self::get_async), until the `timer` is over. Any future will do for a
            /// timer.
            ///
            /// # Errors
            ///
            /// As [`get_deadline`](Self::get_deadline).
            pub async fn get_deadline_async(
                &self,
                timer: impl Future,
            ) -> Result<T, GetTimeoutError> {
                self.queue.get_deadline_async(timer).await
            }
        }
    )*};
}
awaited! {
    LockedQueue<D>, D: Discipline<Item = T>;
    Ring<T>;
}
