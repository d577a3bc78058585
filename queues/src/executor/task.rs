//! [`Task`]: the handle of a task of an executor.

use std::fmt;
#[cfg(not(explore))]
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
#[cfg(not(explore))]
use std::pin::Pin;
use std::sync::Arc;
#[cfg(not(explore))]
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

#[cfg(not(explore))]
use primitives::park::Place;
use primitives::park::deadline_after;

use super::job::{Job, Outcome};
use super::pool::Pool;
use super::state::Phase;
use super::{ResultTimeoutError, TaskError};

/// A task of an [`Executor`](super::Executor): ask for its result, wait, cancel it, or drop this
/// and let it run on.
///
/// Any thread may hold it. All calls except those that take the result are by `&self`, also from
/// several threads at once. Dropping it cancels nothing: the task still runs, and its result is
/// dropped. (Then only the panic hook reports a panic; in a [scope](super::Scope) the scope panics
/// too.)
///
/// _Python_: `concurrent.futures.Future`.
///
/// ```
/// use queues::{Executor, TaskError};
///
/// let executor = Executor::new(2);
/// let task = executor.submit(|| "12a".parse::<u32>().unwrap());
/// match task.result() {
///     Ok(number) => println!("{number}"),
///     Err(TaskError::Cancelled) => println!("called off"),
///     Err(TaskError::Panicked(panic)) => {
///         assert!(panic.message().contains("InvalidDigit"));
///         assert!(panic.thread_name().starts_with("Executor-"));
///         // None, if the program hushes panics by a hook of its own.
///         let place = panic.location().map_or("an unknown place".into(), ToString::to_string);
///         println!("failed at {place}");
///     }
/// }
/// ```
///
/// It is also a future: `task.await` is [`result`](Self::result) in a coroutine.
pub struct Task<T> {
    body: Arc<dyn Outcome<T>>,
    pool: Arc<Pool>,
    /// Where a coroutine waits for the result.
    #[cfg(not(explore))]
    awaited: Awaited,
}

impl<T> Task<T> {
    pub(super) fn new(body: Arc<dyn Outcome<T>>, pool: Arc<Pool>) -> Self {
        Self {
            body,
            pool,
            #[cfg(not(explore))]
            awaited: Awaited::NotYet,
        }
    }

    fn look(&self) -> Phase {
        self.body.state().look()
    }

    /// The task, as the queue sees it.
    pub(super) fn job(&self) -> Arc<dyn Job> {
        Arc::clone(&self.body) as _
    }
}

/// Its result.
impl<T> Task<T> {
    /// Waits until the task is over and returns what its closure returned. Blocks.
    ///
    /// The caller sees all that the task did. In a worker of the same executor, a task that has not
    /// begun goes to a free worker. If there is none, this worker runs it at once: see
    /// [`executor`](super#a-task-that-waits-for-a-task).
    ///
    /// If the task is over: one load. _Python_: `future.result()`.
    ///
    /// # Errors
    ///
    /// [`TaskError::Cancelled`], or [`TaskError::Panicked`] with message, thread and place.
    ///
    /// # Panics
    ///
    /// If a task asks for its own result, directly or through a task that it runs here: it would
    /// never return.
    #[track_caller]
    pub fn result(self) -> Result<T, TaskError> {
        self.wait();
        self.take()
    }

    /// [`result`](Self::result), for at most `timeout`; if the time is up, the error gives the task
    /// back, which runs on.
    ///
    /// Zero looks once; a timeout that overflows `Instant` never expires. It runs no task here,
    /// because that might take longer. _Python_: `future.result(timeout)`.
    ///
    /// # Errors
    ///
    /// [`ResultTimeoutError::Timeout`] with the task, or [`ResultTimeoutError::Failed`].
    ///
    /// # Panics
    ///
    /// If a task asks for its own result.
    ///
    /// ```
    /// use queues::{Executor, ResultTimeoutError};
    /// use std::time::Duration;
    ///
    /// let executor = Executor::new(1);
    /// let mut task = executor.submit(|| (1..=20_u64).product::<u64>());
    /// let product = loop {
    ///     match task.result_timeout(Duration::from_millis(10)) {
    ///         Ok(product) => break product,
    ///         Err(ResultTimeoutError::Timeout(again)) => task = again, // and tell the user
    ///         Err(ResultTimeoutError::Failed(error)) => panic!("{error}"),
    ///     }
    /// };
    /// assert_eq!(product, 2_432_902_008_176_640_000);
    /// ```
    #[track_caller]
    pub fn result_timeout(self, timeout: Duration) -> Result<T, ResultTimeoutError<T>> {
        if self.wait_timeout(timeout) {
            self.take().map_err(ResultTimeoutError::Failed)
        } else {
            Err(ResultTimeoutError::Timeout(self))
        }
    }

    /// [`result_timeout`](Self::result_timeout), until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As for [`result_timeout`](Self::result_timeout).
    ///
    /// # Panics
    ///
    /// If a task asks for its own result.
    #[track_caller]
    pub fn result_deadline(self, deadline: Instant) -> Result<T, ResultTimeoutError<T>> {
        if self.wait_deadline(deadline) {
            self.take().map_err(ResultTimeoutError::Failed)
        } else {
            Err(ResultTimeoutError::Timeout(self))
        }
    }

    /// The result of a task that is over.
    fn take(self) -> Result<T, TaskError> {
        // SAFETY: the task is over, as each caller has seen, and this is its handle.
        unsafe { self.taken() }
    }

    /// Takes the result out.
    ///
    /// # Safety
    ///
    /// The task is over.
    unsafe fn taken(&self) -> Result<T, TaskError> {
        // SAFETY: by the caller's promise, and this is the handle.
        match unsafe { self.body.take() } {
            Some(Ok(value)) => Ok(value),
            Some(Err(panic)) => Err(TaskError::Panicked(panic)),
            None => Err(TaskError::Cancelled),
        }
    }
}

/// Whether a coroutine waits for a task.
#[cfg(not(explore))]
enum Awaited {
    /// It has not been polled, or was over at once.
    NotYet,
    /// In a box, because a task may be moved.
    At(Pin<Box<Place>>),
    /// The result was taken.
    Over,
}

/// Waits until the task is over, and returns its result, as [`result`](Task::result) does in a
/// thread. It never runs the task here. _Python_: `await asyncio.wrap_future(future)`.
///
/// If it is dropped, the task runs on. Costs an allocation if the task is not over.
///
/// # Panics
///
/// If it is polled after it has returned the result, and if a task awaits its own.
///
/// ```
/// use primitives::block_on;
/// use queues::Executor;
///
/// let executor = Executor::new(2);
/// let (one, two) = (executor.submit(|| 1), executor.submit(|| 2));
/// assert_eq!(block_on(async { one.await.unwrap() + two.await.unwrap() }), 3);
/// ```
#[cfg(not(explore))]
impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = &mut *self;
        assert!(
            !matches!(task.awaited, Awaited::Over),
            "a task was polled after it had returned its result",
        );
        task.refuse_itself();
        if !task.look().is_over() {
            if matches!(task.awaited, Awaited::NotYet) {
                task.awaited = Awaited::At(Box::pin(Place::new()));
            }
            if let Awaited::At(place) = &task.awaited {
                ready!(task.body.state().poll_wait(place.as_ref(), cx));
            }
        }
        task.awaited = Awaited::Over;
        // SAFETY: the task is over, and this is its handle.
        Poll::Ready(unsafe { task.taken() })
    }
}

/// Waiting, without taking the result.
impl<T> Task<T> {
    /// Waits until the task is over, as [`result`](Self::result) does. _Python_:
    /// `concurrent.futures.wait`.
    ///
    /// # Panics
    ///
    /// If a task waits for itself.
    #[track_caller]
    pub fn wait(&self) {
        self.refuse_itself();
        self.pool.help(&self.job());
        self.wait_until(None);
    }

    /// Waits until the task is over, for at most `timeout`. Returns whether it is. Zero looks once.
    ///
    /// # Panics
    ///
    /// If a task waits for itself.
    #[must_use = "`false` says that the task is not over"]
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.refuse_itself();
        if timeout.is_zero() {
            return self.is_done();
        }
        self.wait_until(deadline_after(timeout))
    }

    /// [`wait_timeout`](Self::wait_timeout), until `deadline` at most.
    ///
    /// # Panics
    ///
    /// If a task waits for itself.
    #[must_use = "`false` says that the task is not over"]
    #[track_caller]
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.refuse_itself();
        self.wait_until(Some(deadline))
    }

    #[track_caller]
    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let state = self.body.state();
        state.wait(deadline, state.waiting_for_runner())
    }

    #[track_caller]
    fn refuse_itself(&self) {
        assert!(
            !self.body.state().runs_here(),
            "a task waits for its own end, or for that of a task that waits for it, and would never return",
        );
    }

    /// In a worker that would otherwise wait, makes sure that the task begins: in a free worker, or
    /// here at once. Returns whether it ran here.
    pub(super) fn help(&self) -> bool {
        self.pool.help(&self.job())
    }

    /// Cancels the task, if it has not begun; returns whether this call prevents it from running.
    ///
    /// `false` if it runs, is over, or was cancelled before: a running task cannot be stopped.
    /// Before it returns, it drops the closure and calls the callbacks here; a drop that panics is
    /// reported and otherwise ignored. One compare-exchange decides between this, other calls like
    /// it and the workers. Never waits for them.
    ///
    /// _Python_: `future.cancel()`, which returns `True` the second time too.
    ///
    /// ```
    /// use primitives::Event;
    /// use queues::{Executor, TaskError};
    /// use std::sync::Arc;
    ///
    /// let executor = Executor::new(1);
    /// let gate = Arc::new(Event::new());
    /// let (began, busy) = (Arc::new(Event::new()), Arc::clone(&gate));
    /// let begin = Arc::clone(&began);
    /// let running = executor.submit(move || {
    ///     begin.set();
    ///     busy.wait();
    /// });
    /// let waiting = executor.submit(|| unreachable!("it is called off"));
    /// began.wait();
    /// assert!(!running.cancel()); // it runs already
    /// assert!(waiting.cancel());
    /// gate.set();
    /// assert!(running.result().is_ok());
    /// assert!(matches!(waiting.result(), Err(TaskError::Cancelled)));
    /// ```
    pub fn cancel(&self) -> bool {
        self.body.cancel()
    }
}

/// Queries. An answer may be out of date when you read it, except that a task which is over stays
/// over.
impl<T> Task<T> {
    /// Whether it is over: it has returned, panicked, or been cancelled. If so, the caller sees all
    /// that it did, and [`result`](Self::result) will not wait. One load. _Python_: `done()`.
    #[must_use]
    #[doc(alias = "done")]
    pub fn is_done(&self) -> bool {
        self.look().is_over()
    }

    /// Whether a worker is running it at this moment. One load. _Python_: `running()`.
    #[must_use]
    #[doc(alias = "running")]
    pub fn is_running(&self) -> bool {
        self.look().is_running()
    }

    /// Whether it was cancelled. One load. _Python_: `cancelled()`.
    #[must_use]
    #[doc(alias = "cancelled")]
    pub fn is_cancelled(&self) -> bool {
        self.look().is_cancelled()
    }
}

impl<T> Task<T> {
    /// Calls `callback` when the task is over. If it is over and no earlier callback is left, calls
    /// it at once, in this thread.
    ///
    /// It is called exactly once, after the waiter for the result was woken. Several callbacks are
    /// called in the order in which they were added, each when the one before has returned. Usually
    /// the thread that ran the task (a worker) or cancelled it calls them. A callback that is added
    /// when the task is over is called here; if a thread is still calling earlier ones, that thread
    /// calls it after them. So a callback should be short: it occupies a worker, and must not wait
    /// for anything that needs one. A panic of a callback is reported by the panic hook, and
    /// changes nothing else.
    ///
    /// Does not wait for other callbacks. _Python_: `add_done_callback(fn)`, which calls a late
    /// callback at once, so that it may overtake earlier ones.
    ///
    /// ```
    /// use queues::{Executor, Queue};
    /// use std::sync::Arc;
    ///
    /// let executor = Executor::new(2);
    /// let done = Arc::new(Queue::unbounded());
    /// for number in 0..3 {
    ///     let done = Arc::clone(&done);
    ///     executor.submit(|| ()).on_done(move || done.put(number).unwrap());
    /// }
    /// assert_eq!((0..3).map(|_| done.get().unwrap()).sum::<i32>(), 0 + 1 + 2);
    /// ```
    #[doc(alias = "add_done_callback")]
    pub fn on_done(&self, callback: impl FnOnce() + Send + 'static) {
        self.body.when_over(Box::new(callback));
    }

    /// Calls `watcher`, which must be short, when the task is over, whatever its callbacks do.
    pub(super) fn watch(&self, watcher: impl FnOnce() + Send + 'static) {
        self.body.watch(Box::new(watcher));
    }
}

/// The task runs on without the handle. An unclaimed result is dropped; here, if the task is over.
impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !primitives::sync::model_failed() {
            // SAFETY: this is the handle, and nothing comes after its drop.
            unsafe { self.body.abandon() };
        }
    }
}

/// There is a result or there is none, also after a panic in the thread that holds the handle.
impl<T> UnwindSafe for Task<T> {}
impl<T> RefUnwindSafe for Task<T> {}

/// Shows the state. Never blocks.
impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("state", &self.look()).finish_non_exhaustive()
    }
}
