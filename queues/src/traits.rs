//! The calls that every queue here has, whatever its order.

use std::time::{Duration, Instant};

use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};
use crate::{Blocking, Iter, Store};

/// What a program needs that does not care which queue it is given: every call of [`Blocking`], and
/// described there.
///
/// Usable as `dyn BlockingQueue<T>`, but for [`iter`](Self::iter).
///
/// ```
/// use queues::{BlockingQueue, Queue};
///
/// fn fill(queue: &dyn BlockingQueue<u32>) {
///     while queue.try_put(7).is_ok() {}
/// }
/// let queue = Queue::bounded(3);
/// fill(&queue);
/// assert_eq!(queue.len(), 3);
/// ```
#[allow(missing_docs, reason = "each call is described at `Blocking`")]
pub trait BlockingQueue<T>: Send + Sync {
    fn put(&self, item: T) -> Result<(), PutError<T>>;
    fn try_put(&self, item: T) -> Result<(), TryPutError<T>>;
    fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutTimeoutError<T>>;
    fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutTimeoutError<T>>;

    fn get(&self) -> Result<T, GetError>;
    fn try_get(&self) -> Result<T, TryGetError>;
    fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError>;
    fn get_deadline(&self, deadline: Instant) -> Result<T, GetTimeoutError>;

    #[must_use]
    fn len(&self) -> usize;
    #[must_use]
    fn is_empty(&self) -> bool;
    #[must_use]
    fn is_full(&self) -> bool;
    #[must_use]
    fn capacity(&self) -> Option<usize>;

    fn task_done(&self) -> Result<(), TaskDoneError>;
    #[must_use]
    fn unfinished(&self) -> usize;
    fn join(&self);
    #[must_use = "`false` says that not all was done"]
    fn join_timeout(&self, timeout: Duration) -> bool;

    fn shutdown(&self);
    fn shutdown_now(&self) -> Vec<T>;
    #[must_use]
    fn is_shutdown(&self) -> bool;

    fn iter(&self) -> Iter<'_, Self, T>
    where
        Self: Sized,
    {
        Iter::new(self)
    }
}

/// Each call is the inherent one of the same name.
impl<S> BlockingQueue<S::Item> for Blocking<S>
where
    S: Store + Send,
    S::Item: Send,
{
    fn put(&self, item: S::Item) -> Result<(), PutError<S::Item>> {
        self.put(item)
    }

    fn try_put(&self, item: S::Item) -> Result<(), TryPutError<S::Item>> {
        self.try_put(item)
    }

    fn put_timeout(
        &self,
        item: S::Item,
        timeout: Duration,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        self.put_timeout(item, timeout)
    }

    fn put_deadline(
        &self,
        item: S::Item,
        deadline: Instant,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        self.put_deadline(item, deadline)
    }

    fn get(&self) -> Result<S::Item, GetError> {
        self.get()
    }

    fn try_get(&self) -> Result<S::Item, TryGetError> {
        self.try_get()
    }

    fn get_timeout(&self, timeout: Duration) -> Result<S::Item, GetTimeoutError> {
        self.get_timeout(timeout)
    }

    fn get_deadline(&self, deadline: Instant) -> Result<S::Item, GetTimeoutError> {
        self.get_deadline(deadline)
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn is_full(&self) -> bool {
        self.is_full()
    }

    fn capacity(&self) -> Option<usize> {
        self.capacity()
    }

    fn task_done(&self) -> Result<(), TaskDoneError> {
        self.task_done()
    }

    fn unfinished(&self) -> usize {
        self.unfinished()
    }

    fn join(&self) {
        self.join();
    }

    fn join_timeout(&self, timeout: Duration) -> bool {
        self.join_timeout(timeout)
    }

    fn shutdown(&self) {
        self.shutdown();
    }

    fn shutdown_now(&self) -> Vec<S::Item> {
        self.shutdown_now()
    }

    fn is_shutdown(&self) -> bool {
        self.is_shutdown()
    }
}
