//! Submitting: at once, or when there is room; with a priority.
//!
//! An executor may have a [bound](crate::Workers::bounded) on the tasks that no worker has taken.
//! Then a thread that submits faster than the workers run is held back: it waits for room, or has
//! its closure back. **A task is never held back by its own executor**: its worker would sleep
//! until a worker takes a task, and if all workers did that, none would ever. So what a task
//! submits by [`submit`](Executor::submit) goes in beyond the bound.

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Executor;
use super::job::{Body, Job};
use super::keep::{Boxed, Inside, Keep, are_small};
use super::pool::{Patience, Queued, Refused};
use super::task::Task;
use crate::error::{PutTimeoutError, TryPutError};

pub(super) const IS_SHUT_DOWN: &str =
    "the executor is shut down and runs no more tasks: submit before, or use `try_submit`";

// ANCHOR: submit
/// Submitting tasks.
impl Executor {
    /// Adds a task; a worker runs it when the earlier ones have begun. Never blocks, unless the
    /// executor has a [bound](crate::Workers::bounded) and is full: then it blocks until a worker
    /// takes a task. (In a task of this executor it never blocks, and the bound does not hold.)
    ///
    /// The task sees all that was done before this call. _Python_: `submit(fn)`.
    ///
    /// # Panics
    ///
    /// If the executor is shut down, before or while it waits; [`try_submit`](Self::try_submit) and
    /// [`submit_timeout`](Self::submit_timeout) give the closure back instead.
    /// _Python_: `RuntimeError: cannot schedule new futures after shutdown`.
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.with_priority(0).submit(f)
    }

    /// Adds a task, unless the executor is shut down, or full. Never blocks. For programs in which
    /// one thread may submit while another shuts down, and for those that have something better to
    /// do than to wait.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`], if it has a [bound](crate::Workers::bounded), or
    /// [`TryPutError::Shutdown`]; with the closure.
    ///
    /// ```
    /// use queues::{Executor, Shutdown};
    ///
    /// let executor = Executor::new(1);
    /// executor.shutdown(Shutdown::WAIT);
    /// let f = executor.try_submit(|| 6 * 7).unwrap_err().into_inner();
    /// assert_eq!(f(), 42); // here, then
    /// ```
    #[track_caller]
    pub fn try_submit<F, T>(&self, f: F) -> Result<Task<T>, TryPutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.with_priority(0).try_submit(f)
    }

    /// Adds a task; blocks while the executor is full, for at most `timeout`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Where there is no wait,
    /// the clock is not read. It waits in a task of this executor too. _Python_: has no bound.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the closure.
    ///
    /// ```
    /// use primitives::Event;
    /// use queues::{Executor, PutTimeoutError, Workers};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let executor = Executor::with_workers(Workers::new(1).bounded(1))?;
    /// let (began, gate) = (Arc::new(Event::new()), Arc::new(Event::new()));
    /// let (begin, busy) = (Arc::clone(&began), Arc::clone(&gate));
    /// let running = executor.submit(move || {
    ///     begin.set();
    ///     busy.wait();
    /// });
    /// began.wait();
    /// let queued = executor.submit(|| "ran");
    /// let refused = executor.submit_timeout(|| "refused", Duration::from_millis(1)).unwrap_err();
    /// assert!(matches!(refused, PutTimeoutError::Timeout(_)));
    /// gate.set();
    /// assert_eq!(queued.result()?, "ran");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn submit_timeout<F, T>(
        &self,
        f: F,
        timeout: Duration,
    ) -> Result<Task<T>, PutTimeoutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.with_priority(0).submit_timeout(f, timeout)
    }

    /// Adds a task; blocks while the executor is full, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`submit_timeout`](Self::submit_timeout).
    #[track_caller]
    pub fn submit_deadline<F, T>(
        &self,
        f: F,
        deadline: Instant,
    ) -> Result<Task<T>, PutTimeoutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.with_priority(0).submit_deadline(f, deadline)
    }

    /// Submits with this priority: **the smallest number first**, as in a
    /// [`PriorityQueue`](crate::PriorityQueue) and with `nice`. A task without one has 0. Among
    /// equal ones the oldest begins first.
    ///
    /// It decides which of the queued tasks a free worker takes. It stops no task that runs, lets
    /// no thread overtake others that wait for room, and a task with a large number may wait as
    /// long as others keep coming. A task that a worker waits for begins before all others.
    ///
    /// Costs as much as `submit` for 0. Otherwise a task costs an insertion into a heap and a
    /// removal, under the executor's lock. _Python_: has none.
    ///
    /// ```
    /// use queues::Executor;
    ///
    /// let executor = Executor::new(1);
    /// let background = executor.with_priority(10);
    /// let later = background.submit(|| "compact the files");
    /// let first = executor.with_priority(-10).submit(|| "answer the health check");
    /// assert_eq!(first.result().unwrap(), "answer the health check");
    /// assert_eq!(later.result().unwrap(), "compact the files");
    /// ```
    pub fn with_priority(&self, priority: i32) -> WithPriority<'_> {
        WithPriority { executor: self, priority }
    }

    /// What each of them does. If there is no room, or the executor has ended, the closure comes
    /// back.
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub(super) fn add<F, T>(
        &self,
        f: F,
        at: &'static Location<'static>,
        priority: i32,
        patience: Patience,
    ) -> Result<Task<T>, (Refused, F)>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if are_small::<F, T>() {
            self.add_body(Body::<T, F, Inside>::new(f, at), priority, patience)
        } else {
            self.add_body(Body::<T, F, Boxed>::new(f, at), priority, patience)
        }
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn add_body<F, T, K>(
        &self,
        body: Body<T, F, K>,
        priority: i32,
        patience: Patience,
    ) -> Result<Task<T>, (Refused, F)>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Keep + 'static,
    {
        let body = Arc::new(body);
        let job = Arc::clone(&body) as Arc<dyn Job>;
        match self.pool.put(Queued { job, priority }, patience) {
            Ok(()) => {
                self.threads.grow(|started| self.pool.wants_more_than(started));
                Ok(Task::new(body, Arc::clone(&self.pool)))
            }
            Err(refused) => Err((refused, body.reclaim().expect("no other thread has seen it"))),
        }
    }
}
// ANCHOR_END: submit

/// Submits tasks with a priority: see [`Executor::with_priority`].
#[derive(Clone, Copy, Debug)]
#[must_use = "it submits nothing by itself"]
pub struct WithPriority<'a> {
    executor: &'a Executor,
    priority: i32,
}

impl WithPriority<'_> {
    /// As [`Executor::submit`].
    ///
    /// # Panics
    ///
    /// If the executor is shut down.
    #[track_caller]
    pub fn submit<F, T>(self, f: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let at = Location::caller();
        match self.executor.add(f, at, self.priority, Patience::Endless) {
            Ok(task) => task,
            Err(_) => panic!("{IS_SHUT_DOWN}"),
        }
    }

    /// As [`Executor::try_submit`].
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the closure.
    #[track_caller]
    pub fn try_submit<F, T>(self, f: F) -> Result<Task<T>, TryPutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let at = Location::caller();
        self.executor.add(f, at, self.priority, Patience::None).map_err(Refused::at_once)
    }

    /// As [`Executor::submit_timeout`].
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the closure.
    #[track_caller]
    pub fn submit_timeout<F, T>(
        self,
        f: F,
        timeout: Duration,
    ) -> Result<Task<T>, PutTimeoutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (at, patience) = (Location::caller(), Patience::Timeout(timeout));
        self.executor.add(f, at, self.priority, patience).map_err(Refused::in_time)
    }

    /// As [`Executor::submit_deadline`].
    ///
    /// # Errors
    ///
    /// As [`submit_timeout`](Self::submit_timeout).
    #[track_caller]
    pub fn submit_deadline<F, T>(
        self,
        f: F,
        deadline: Instant,
    ) -> Result<Task<T>, PutTimeoutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (at, patience) = (Location::caller(), Patience::Deadline(deadline));
        self.executor.add(f, at, self.priority, patience).map_err(Refused::in_time)
    }
}
