//! What an executor, its workers and the handles of its tasks share.

use std::sync::Arc;

use super::job::Job;
use crate::Queue;
use crate::workers::drop_quietly;

/// The tasks that wait for a worker.
pub(super) struct Pool {
    pub(super) queue: Queue<Arc<dyn Job>>,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self { queue: Queue::unbounded() }
    }

    /// What each worker does, until the executor is shut down and nothing is left.
    pub(super) fn work(&self) {
        while let Ok(job) = self.queue.get() {
            job.run(); // or somebody has run it, or called it off: then it only lay here
            drop_quietly(job);
        }
    }

    /// Whether the calling thread is one of its workers. One look at a thread-local.
    #[cfg(not(model))]
    pub(super) fn is_worker(&self) -> bool {
        crate::workers::serves(self)
    }

    /// In a model the roles say for themselves when they help.
    #[cfg(model)]
    #[expect(clippy::unused_self, reason = "as in the normal build")]
    pub(super) fn is_worker(&self) -> bool {
        false
    }

    // ANCHOR: help
    /// A worker is about to wait for this task. If nobody has begun it, the worker runs it: it might be the last one
    /// that could. Returns whether it did.
    pub(super) fn help(&self, job: &dyn Job) -> bool {
        job.state().look().is_queued() && self.is_worker() && job.run()
    }
    // ANCHOR_END: help
}
