//! The calls that every queue here has, whatever its order.

mod iterators;

use std::time::{Duration, Instant};

pub use self::iterators::{IntoIter, Iter, TryIter};
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TaskDoneError, TryGetError, TryPutError,
};

/// The interface for a program that accepts any queue: every call of
/// [`LockedQueue`](crate::LockedQueue), which describes them.
///
/// Usable as `dyn BlockingQueue<T>`, except for [`iter`](Self::iter) and
/// [`try_iter`](Self::try_iter).
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
#[allow(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "each call is described at `LockedQueue`"
)]
pub trait BlockingQueue<T>: Send + Sync {
    fn put(&self, item: T) -> Result<(), PutError<T>>;
    fn try_put(&self, item: T) -> Result<(), TryPutError<T>>;
    fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutTimeoutError<T>>;
    fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutTimeoutError<T>>;

    fn get(&self) -> Result<T, GetError>;
    fn try_get(&self) -> Result<T, TryGetError>;
    fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError>;
    fn get_deadline(&self, deadline: Instant) -> Result<T, GetTimeoutError>;

    fn put_many(&self, items: Vec<T>) -> Result<(), PutError<Vec<T>>>;
    fn try_put_many(&self, items: Vec<T>) -> Result<(), TryPutError<Vec<T>>>;
    fn put_many_timeout(
        &self,
        items: Vec<T>,
        timeout: Duration,
    ) -> Result<(), PutTimeoutError<Vec<T>>>;
    fn put_many_deadline(
        &self,
        items: Vec<T>,
        deadline: Instant,
    ) -> Result<(), PutTimeoutError<Vec<T>>>;

    fn get_many(&self, into: &mut Vec<T>, most: usize) -> Result<usize, GetError>;
    fn try_get_many(&self, into: &mut Vec<T>, most: usize) -> Result<usize, TryGetError>;
    fn get_many_timeout(
        &self,
        into: &mut Vec<T>,
        most: usize,
        timeout: Duration,
    ) -> Result<usize, GetTimeoutError>;
    fn get_many_deadline(
        &self,
        into: &mut Vec<T>,
        most: usize,
        deadline: Instant,
    ) -> Result<usize, GetTimeoutError>;

    #[must_use = "the items are out of the queue, and in the result"]
    fn drain(&self) -> Vec<T>;

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

    fn try_iter(&self) -> TryIter<'_, Self, T>
    where
        Self: Sized,
    {
        TryIter::new(self)
    }
}

/// The calls of the trait. Each is the inherent method of the same name.
macro_rules! inherent {
    ($item:ty) => {
        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn put(&self, item: $item) -> Result<(), $crate::error::PutError<$item>> {
            self.put(item)
        }

        fn try_put(&self, item: $item) -> Result<(), $crate::error::TryPutError<$item>> {
            self.try_put(item)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn put_timeout(
            &self,
            item: $item,
            timeout: ::std::time::Duration,
        ) -> Result<(), $crate::error::PutTimeoutError<$item>> {
            self.put_timeout(item, timeout)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn put_deadline(
            &self,
            item: $item,
            deadline: ::std::time::Instant,
        ) -> Result<(), $crate::error::PutTimeoutError<$item>> {
            self.put_deadline(item, deadline)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn get(&self) -> Result<$item, $crate::error::GetError> {
            self.get()
        }

        fn try_get(&self) -> Result<$item, $crate::error::TryGetError> {
            self.try_get()
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn get_timeout(
            &self,
            timeout: ::std::time::Duration,
        ) -> Result<$item, $crate::error::GetTimeoutError> {
            self.get_timeout(timeout)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn get_deadline(
            &self,
            deadline: ::std::time::Instant,
        ) -> Result<$item, $crate::error::GetTimeoutError> {
            self.get_deadline(deadline)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn put_many(&self, items: Vec<$item>) -> Result<(), $crate::error::PutError<Vec<$item>>> {
            self.put_many(items)
        }

        fn try_put_many(
            &self,
            items: Vec<$item>,
        ) -> Result<(), $crate::error::TryPutError<Vec<$item>>> {
            self.try_put_many(items)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn put_many_timeout(
            &self,
            items: Vec<$item>,
            timeout: ::std::time::Duration,
        ) -> Result<(), $crate::error::PutTimeoutError<Vec<$item>>> {
            self.put_many_timeout(items, timeout)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn put_many_deadline(
            &self,
            items: Vec<$item>,
            deadline: ::std::time::Instant,
        ) -> Result<(), $crate::error::PutTimeoutError<Vec<$item>>> {
            self.put_many_deadline(items, deadline)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn get_many(
            &self,
            into: &mut Vec<$item>,
            most: usize,
        ) -> Result<usize, $crate::error::GetError> {
            self.get_many(into, most)
        }

        fn try_get_many(
            &self,
            into: &mut Vec<$item>,
            most: usize,
        ) -> Result<usize, $crate::error::TryGetError> {
            self.try_get_many(into, most)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn get_many_timeout(
            &self,
            into: &mut Vec<$item>,
            most: usize,
            timeout: ::std::time::Duration,
        ) -> Result<usize, $crate::error::GetTimeoutError> {
            self.get_many_timeout(into, most, timeout)
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn get_many_deadline(
            &self,
            into: &mut Vec<$item>,
            most: usize,
            deadline: ::std::time::Instant,
        ) -> Result<usize, $crate::error::GetTimeoutError> {
            self.get_many_deadline(into, most, deadline)
        }

        fn drain(&self) -> Vec<$item> {
            self.drain()
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

        fn task_done(&self) -> Result<(), $crate::error::TaskDoneError> {
            self.task_done()
        }

        fn unfinished(&self) -> usize {
            self.unfinished()
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn join(&self) {
            self.join();
        }

        #[cfg_attr(feature = "deadlock-detection", track_caller)]
        fn join_timeout(&self, timeout: ::std::time::Duration) -> bool {
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
pub(crate) use inherent;
