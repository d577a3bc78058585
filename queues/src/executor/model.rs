//! What the scenarios of a model need: their roles are the workers, and some examine a task without
//! a queue.
#![doc(hidden)]

use std::sync::Arc;

use super::job::{Body, Job};
use super::keep::Inside;
use super::pool::Pool;
use super::{Executor, Task};
pub use crate::workers::fail;

impl Executor {
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self { pool: Arc::new(Pool::new(workers)) }
    }

    /// What a worker's thread does.
    pub fn work(&self) {
        self.pool.work();
    }

    #[must_use]
    pub fn workers(&self) -> usize {
        1
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

/// A task, as a worker and a scope see it.
pub struct Shell(Arc<dyn Job>);

/// A task without a queue, with its handle.
pub fn unqueued<T, F>(f: F) -> (Task<T>, Shell)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let body = Arc::new(Body::<T, F, Inside>::new(f));
    let shell = Shell(Arc::clone(&body) as Arc<dyn Job>);
    (Task::new(body, Arc::new(Pool::new(0))), shell)
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
