//! The handle of a task.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

use primitives::{Condition, Lock};
use serde::de::DeserializeOwned;

use super::call::Sink;
use super::error::TaskError;
use super::inside::{Inside, quietly};
use crate::function::Packed;
use crate::futex::{self, Deadline};

/// A call that was passed to a [`ProcessPool`](crate::ProcessPool). If it is dropped, the call runs
/// on.
///
/// _Python_: `AsyncResult`, `Future`.
pub struct Task<R> {
    cell: Arc<Cell>,
    pool: Arc<Inside>,
    output: PhantomData<fn() -> R>,
}

type Callback = Box<dyn FnOnce(Result<Packed, TaskError>) + Send>;

/// The place for the result.
#[derive(Default)]
struct Cell {
    is_done: AtomicBool,
    is_cancelled: AtomicBool,
    place: Lock<Place>,
    changed: Condition,
}

#[derive(Default)]
enum Place {
    #[default]
    Empty,
    Result(Result<Packed, TaskError>),
    Callback(Callback),
    /// The result was taken.
    Given,
}

impl Sink for Cell {
    fn done(&self, _number: usize, result: Result<Packed, TaskError>) {
        let mut place = self.place.lock();
        // Release: pairs with the Acquire in `is_done`.
        self.is_done.store(true, Release);
        match std::mem::take(&mut *place) {
            Place::Callback(callback) => {
                *place = Place::Given;
                drop(place);
                quietly(|| callback(result));
            }
            Place::Empty => {
                *place = Place::Result(result);
                drop(place);
            }
            other => *place = other,
        }
        self.changed.notify_all();
    }

    fn is_cancelled(&self) -> bool {
        // Relaxed: the cancelling thread decides under the crew's lock.
        self.is_cancelled.load(Relaxed)
    }
}

impl<R: DeserializeOwned> Task<R> {
    pub(super) fn new(pool: Arc<Inside>) -> (Self, Arc<dyn Sink>) {
        let cell = Arc::new(Cell::default());
        let sink = Arc::clone(&cell) as Arc<dyn Sink>;
        (Self { cell, pool, output: PhantomData }, sink)
    }

    /// Blocks until the task is done, and returns its result.
    ///
    /// # Errors
    ///
    /// See [`TaskError`].
    pub fn result(self) -> Result<R, TaskError> {
        self.wait_until(None);
        match std::mem::replace(&mut *self.cell.place.lock(), Place::Given) {
            Place::Result(result) => open(result),
            _ => unreachable!("it is done, and only this handle takes its result"),
        }
    }

    /// Calls `f` with the result as soon as the task is done, in the thread that read the result,
    /// so `f` must be quick. The panic hook reports a panic in it, which ends there. It may submit
    /// more tasks, unless the pool is shut down.
    ///
    /// _Python_: `callback` and `error_callback` of `apply_async`.
    pub fn on_done(self, f: impl FnOnce(Result<R, TaskError>) + Send + 'static) {
        let mut place = self.cell.place.lock();
        match std::mem::take(&mut *place) {
            Place::Result(result) => {
                *place = Place::Given;
                drop(place);
                quietly(|| f(open(result)));
            }
            _ => *place = Place::Callback(Box::new(|result| f(open(result)))),
        }
    }
}

impl<R> Task<R> {
    /// Blocks until the task is done.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Blocks until the task is done, for at most `timeout`. Returns whether it is done.
    #[must_use]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(futex::after(timeout))
    }

    /// Blocks until the task is done, or until `deadline`. Returns whether it is done.
    #[must_use]
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.wait_until(Some(deadline))
    }

    /// Cancels the task, if no worker has begun it. Returns whether it is cancelled, by this call
    /// or an earlier one.
    pub fn cancel(&self) -> bool {
        let sink = Arc::clone(&self.cell) as Arc<dyn Sink>;
        let told = self.pool.crew.lock().withdraw(&sink);
        if told.is_some() {
            self.cell.is_cancelled.store(true, Relaxed);
        }
        self.pool.tell(told.into_iter().collect());
        self.cell.is_cancelled()
    }

    /// Whether the task is done, cancelled or failed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.cell.is_done()
    }

    /// Whether a worker has begun the task and it is not done.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let sink = Arc::clone(&self.cell) as Arc<dyn Sink>;
        !self.is_done() && self.pool.crew.lock().is_running(&sink)
    }

    fn wait_until(&self, deadline: Deadline) -> bool {
        if self.pool.help_until(deadline, || self.cell.is_done()) {
            return true;
        }
        let mut place = self.cell.place.lock();
        while !self.cell.is_done() {
            match deadline {
                None => self.cell.changed.wait(&mut place),
                Some(deadline) => {
                    if self.cell.changed.wait_deadline(&mut place, deadline).timed_out() {
                        return self.cell.is_done();
                    }
                }
            }
        }
        true
    }
}

impl Cell {
    fn is_done(&self) -> bool {
        // Acquire: pairs with the Release in `done`.
        self.is_done.load(Acquire)
    }
}

pub(super) fn open<R: DeserializeOwned>(result: Result<Packed, TaskError>) -> Result<R, TaskError> {
    result?.open().map_err(|error| TaskError::Output(error.to_string()))
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("done", &self.is_done()).finish_non_exhaustive()
    }
}
