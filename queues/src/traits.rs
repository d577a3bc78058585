//! The calls that every queue here has, whatever its order.

use std::time::{Duration, Instant};

use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};
use crate::{Discipline, Iter, LockedQueue, Ring};

/// What a program needs that does not care which queue it is given: every call of [`LockedQueue`], and
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
#[allow(missing_docs, reason = "each call is described at `LockedQueue`")]
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

/// The calls of the trait, each the inherent one of the same name.
macro_rules! inherent {
    ($item:ty) => {
        fn put(&self, item: $item) -> Result<(), PutError<$item>> {
            self.put(item)
        }

        fn try_put(&self, item: $item) -> Result<(), TryPutError<$item>> {
            self.try_put(item)
        }

        fn put_timeout(
            &self,
            item: $item,
            timeout: Duration,
        ) -> Result<(), PutTimeoutError<$item>> {
            self.put_timeout(item, timeout)
        }

        fn put_deadline(
            &self,
            item: $item,
            deadline: Instant,
        ) -> Result<(), PutTimeoutError<$item>> {
            self.put_deadline(item, deadline)
        }

        fn get(&self) -> Result<$item, GetError> {
            self.get()
        }

        fn try_get(&self) -> Result<$item, TryGetError> {
            self.try_get()
        }

        fn get_timeout(&self, timeout: Duration) -> Result<$item, GetTimeoutError> {
            self.get_timeout(timeout)
        }

        fn get_deadline(&self, deadline: Instant) -> Result<$item, GetTimeoutError> {
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

        fn shutdown_now(&self) -> Vec<$item> {
            self.shutdown_now()
        }

        fn is_shutdown(&self) -> bool {
            self.is_shutdown()
        }
    };
}

impl<S> BlockingQueue<S::Item> for LockedQueue<S>
where
    S: Discipline + Send,
    S::Item: Send,
{
    inherent!(S::Item);
}

impl<T: Send> BlockingQueue<T> for Ring<T> {
    inherent!(T);
}
