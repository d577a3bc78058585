//! What an executor, its workers and the handles of its tasks share.

use std::sync::Arc;

use primitives::deadlock::helping;
use primitives::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::job::Job;
use crate::discipline::Discipline;
use crate::locked_queue::LockedQueue;
use crate::queue::Fifo;
use crate::workers::drop_quietly;

/// The tasks that wait for a worker.
pub(super) struct Pool {
    pub(super) queue: LockedQueue<Lanes>,
    workers: usize,
    /// How many of the taken tasks the workers are done with.
    ended: AtomicU64,
}

/// The order of tasks: first in, first out, except for those that a worker waits for.
#[derive(Default)]
pub(super) struct Lanes {
    /// The wanted tasks. Each has its own free worker: see [`hand_over`](Self::hand_over).
    wanted: Fifo<Arc<dyn Job>>,
    others: Fifo<Arc<dyn Job>>,
    /// How many tasks the workers have taken.
    taken: u64,
}

impl Lanes {
    /// Gives a task to a free worker, unless each of them already has one. Returns whether it did.
    ///
    /// A worker is free if it is done with what it has `taken`. Then it takes its next task without
    /// waiting for another thread, and wanted tasks come first. So while there are no more wanted
    /// tasks than free workers, each of them begins, whatever happens to the others.
    fn hand_over(&mut self, job: &Arc<dyn Job>, workers: usize, ended: u64) -> bool {
        let busy = self.taken.saturating_sub(ended); // `shutdown_now` resets it to 0
        let one_is_left = (self.wanted.len() as u64) < (workers as u64).saturating_sub(busy);
        if one_is_left {
            // It also stays among the others: the second worker to take it finds an empty shell.
            self.wanted.insert(0, Arc::clone(job));
        }
        one_is_left
    }
}

impl Discipline for Lanes {
    type Item = Arc<dyn Job>;

    fn insert(&mut self, place: usize, job: Self::Item) {
        self.others.insert(place, job);
    }

    fn pop(&mut self) -> Option<Self::Item> {
        let job = self.wanted.pop().or_else(|| self.others.pop());
        self.taken += u64::from(job.is_some());
        job
    }

    fn len(&self) -> usize {
        self.wanted.len() + self.others.len()
    }
}

impl Pool {
    pub(super) fn new(workers: usize) -> Self {
        Self { queue: LockedQueue::unbounded(), workers, ended: AtomicU64::new(0) }
    }

    /// What each worker does, until the executor is shut down and nothing is left.
    pub(super) fn work(&self) {
        while let Ok(job) = self.queue.get() {
            job.run(); // if it has run or was cancelled, this is an empty shell
            drop_quietly(job);
            self.done();
        }
    }

    /// A worker is done with what it took.
    pub(super) fn done(&self) {
        // Relaxed: an out-of-date number is smaller, and at worst a worker helps in vain.
        self.ended.fetch_add(1, Relaxed);
    }

    /// A worker has taken a task that was not in a queue.
    #[cfg(model)]
    pub(super) fn begin_for_a_model(&self) {
        self.queue.put_if(|lanes| {
            lanes.taken += 1;
            false
        });
    }

    /// Whether the calling thread is one of its workers. Reads a thread-local.
    #[cfg(not(model))]
    pub(super) fn is_worker(&self) -> bool {
        crate::workers::serves(self)
    }

    /// In a model the roles decide when they help.
    #[cfg(model)]
    #[expect(clippy::unused_self, reason = "as in the normal build")]
    pub(super) fn is_worker(&self) -> bool {
        false
    }

    // ANCHOR: help
    /// A worker is about to wait for this task. If the task has not begun, a free worker gets it,
    /// before all others. If no worker is free, this one runs it, because it might be the last that
    /// could. Returns whether it ran the task.
    pub(super) fn help(&self, job: &Arc<dyn Job>) -> bool {
        job.state().look().is_queued() && self.is_worker() && self.help_as_worker(job)
    }

    pub(super) fn help_as_worker(&self, job: &Arc<dyn Job>) -> bool {
        let handed_over = self.queue.put_if(|lanes| {
            // Relaxed: as in `done`. The number of taken tasks is read under the lock, so a busy
            // worker never seems free.
            lanes.hand_over(job, self.workers, self.ended.load(Relaxed))
        });
        !handed_over && helping(|| job.run())
    }
    // ANCHOR_END: help
}
