//! What the scenarios of a model need: their roles are the workers, and some examine a task without
//! a queue.
#![doc(hidden)]

use std::panic::Location;
use std::sync::Arc;

use primitives::{Event, Lock};

use super::job::{Body, Job};
use super::keep::Inside;
use super::pool::{Pool, Queued};
use super::{Executor, Task};
pub use crate::workers::fail;

impl Executor {
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self::of(workers, workers, None)
    }

    /// With a bound on the tasks that no worker has taken.
    #[must_use]
    pub fn bounded(workers: usize, bound: usize) -> Self {
        Self::of(workers, workers, Some(bound))
    }

    /// With workers that start on demand: see [`work_when_started`](Self::work_when_started).
    #[must_use]
    pub fn growing(workers: usize, most: usize) -> Self {
        Self::of(workers, most, None)
    }

    fn of(workers: usize, most: usize, bound: Option<usize>) -> Self {
        let pool = Arc::new(Pool::new(workers, most, bound));
        Self {
            pool,
            threads: Arc::new(Crew { started: Lock::new(workers), most, bell: Event::new() }),
        }
    }

    /// What a worker's thread does.
    pub fn work(&self) {
        self.pool.work(0);
    }

    /// What the thread of the first worker that is started on demand does. Returns whether it was
    /// started before the shutdown.
    pub fn work_when_started(&self) -> bool {
        self.threads.bell.wait();
        let started = *self.threads.started.lock() > 1;
        if started {
            self.pool.joins();
            self.pool.work(1);
        }
        started
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        *self.threads.started.lock()
    }

    /// What `submit` does in a task of this executor.
    pub fn submit_in_a_worker<F, T>(&self, f: F) -> Option<Task<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let body = Arc::new(Body::<T, F, Inside>::new(f, Location::caller()));
        let job = Arc::clone(&body) as Arc<dyn Job>;
        self.pool.put_as_worker(Queued { job, priority: 0 }).ok()?;
        Some(Task::new(body, Arc::clone(&self.pool)))
    }

    /// Calls `f` as a worker that has taken a task.
    pub fn in_a_worker<R>(&self, f: impl FnOnce() -> R) -> R {
        self.pool.begin_for_a_model();
        let result = f();
        self.pool.done();
        result
    }

    /// Waits for a task as a worker does from within another task. Returns whether it ran the task.
    pub fn wait_in_a_worker<T>(&self, task: &Task<T>) -> bool {
        let ran = self.pool.help_as_worker(&task.job());
        task.wait();
        ran
    }
}

/// In place of the threads: how many there are, and the bell that starts the first on demand.
pub(super) struct Crew {
    started: Lock<usize>,
    most: usize,
    bell: Event,
}

impl Crew {
    pub(super) fn grow(&self, wanted: impl FnOnce(usize) -> bool) {
        let mut started = self.started.lock();
        if *started < self.most && wanted(*started) {
            *started += 1;
            self.bell.set();
        }
    }

    pub(super) fn shut_down(&self) {
        self.bell.set();
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }
}

/// A task, as a worker and a scope see it.
pub struct Shell(Arc<dyn Job>);

/// A task without a queue, with its handle.
pub fn unqueued<T, F>(f: F) -> (Task<T>, Shell)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let body = Arc::new(Body::<T, F, Inside>::new(f, Location::caller()));
    let shell = Shell(Arc::clone(&body) as Arc<dyn Job>);
    (Task::new(body, Arc::new(Pool::new(0, 0, None))), shell)
}

impl Shell {
    /// Runs it as a worker does, or as a waiting worker does.
    pub fn run(&self) -> bool {
        self.0.run()
    }

    /// As a shutdown.
    pub fn cancel(&self) -> bool {
        self.0.cancel()
    }

    /// As the end of a scope: waits, and returns whether it panicked and its handle is gone.
    pub fn panicked_unseen(&self) -> bool {
        let state = self.0.state();
        state.wait(None, state.waiting_for_runner());
        self.0.unseen_panic().is_some()
    }
}
