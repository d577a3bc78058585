//! What an executor, its workers and the handles of its tasks share.

use std::iter;
use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::deadlock::helping;
use primitives::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

#[cfg(not(model))]
use super::at_work::AtWork;
use super::job::Job;
use crate::discipline::{Discipline, Peek};
use crate::error::{PutTimeoutError, TryPutError};
use crate::locked_queue::LockedQueue;
use crate::priority_queue::{Keyed, SmallestFirst};
use crate::queue::Fifo;
use crate::workers::drop_quietly;

/// The tasks that wait for a worker.
pub(super) struct Pool {
    pub(super) queue: LockedQueue<Lanes>,
    is_bounded: bool,
    /// How many workers take tasks.
    workers: AtomicUsize,
    /// How many of the taken tasks the workers are done with.
    ended: AtomicU64,
    #[cfg(not(model))]
    pub(super) at_work: AtWork,
}

/// A task in the queue.
pub(super) struct Queued {
    pub(super) job: Arc<dyn Job>,
    /// The smallest first.
    pub(super) priority: i32,
}

/// How long a thread waits for room.
#[derive(Clone, Copy)]
pub(super) enum Patience {
    None,
    Timeout(Duration),
    Deadline(Instant),
    Endless,
}

/// Why a task was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Shutdown,
}

impl Refused {
    pub(super) fn at_once<F>((refused, f): (Self, F)) -> TryPutError<F> {
        match refused {
            Self::Full => TryPutError::Full(f),
            Self::Shutdown => TryPutError::Shutdown(f),
        }
    }

    pub(super) fn in_time<F>((refused, f): (Self, F)) -> PutTimeoutError<F> {
        match refused {
            Self::Full => PutTimeoutError::Timeout(f),
            Self::Shutdown => PutTimeoutError::Shutdown(f),
        }
    }
}

/// The order of tasks: by priority, and then first in, first out; except for those that a worker
/// waits for. The usual priority has a lane of its own, without a heap.
#[derive(Default)]
pub(super) struct Lanes {
    /// The wanted tasks. Each has its own free worker: see [`hand_over`](Self::hand_over).
    wanted: Fifo<Arc<dyn Job>>,
    others: Fifo<Arc<dyn Job>>,
    /// Those with a priority other than 0.
    ranked: SmallestFirst<Keyed<i32, Arc<dyn Job>>>,
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
        let busy = self.taken.saturating_sub(ended);
        let one_is_left = (self.wanted.len() as u64) < (workers as u64).saturating_sub(busy);
        if one_is_left {
            // It also stays among the others: the second worker to take it finds an empty shell.
            self.wanted.insert(0, Arc::clone(job));
        }
        one_is_left
    }

    /// The next of those that no worker waits for.
    #[inline]
    fn next(&mut self) -> Option<Arc<dyn Job>> {
        let ranked = self.ranked.peek().map(|first| first.key);
        if ranked.is_some_and(|key| key < 0 || self.others.is_empty()) {
            return self.ranked.pop().map(Keyed::into_inner);
        }
        self.others.pop()
    }

    /// How many tasks no worker has taken.
    fn queued(&self) -> usize {
        self.others.len() + self.ranked.len()
    }

    /// Takes out what no worker has taken, in order.
    fn take_all(&mut self) -> Vec<Arc<dyn Job>> {
        self.wanted = Fifo::default(); // each is among the others, too
        iter::from_fn(|| self.next()).collect()
    }
}

impl Discipline for Lanes {
    type Item = Queued;

    /// Each lane knows: a comparison of two numbers cannot panic.
    fn place(&self, _: &Queued) -> usize {
        0
    }

    fn insert(&mut self, _: usize, Queued { job, priority }: Queued) {
        if priority == 0 {
            self.others.insert(0, job);
        } else {
            let task = Keyed::new(priority, job);
            let place = self.ranked.place(&task);
            self.ranked.insert(place, task);
        }
    }

    fn pop(&mut self) -> Option<Queued> {
        let job = self.wanted.pop().or_else(|| self.next());
        self.taken += u64::from(job.is_some());
        job.map(|job| Queued { job, priority: 0 })
    }

    fn len(&self) -> usize {
        self.wanted.len() + self.queued()
    }
}

impl Pool {
    /// For so many workers at first, and `most` later; and for `bound` tasks that no worker has
    /// taken.
    pub(super) fn new(workers: usize, most: usize, bound: Option<usize>) -> Self {
        #[cfg(model)]
        let _ = most;
        Self {
            queue: match bound {
                Some(bound) => LockedQueue::bounded(bound).named("inbox"),
                None => LockedQueue::unbounded(),
            },
            is_bounded: bound.is_some(),
            workers: AtomicUsize::new(workers),
            ended: AtomicU64::new(0),
            #[cfg(not(model))]
            at_work: AtWork::new(most),
        }
    }

    /// What each worker does, until the executor is shut down and nothing is left.
    pub(super) fn work(&self, worker: usize) {
        #[cfg(model)]
        let _ = worker;
        while let Ok(Queued { job, .. }) = self.queue.get() {
            #[cfg(not(model))]
            let before = self.at_work.begin(worker, job.submitted_at());
            job.run(); // if it has run or was cancelled, this is an empty shell
            drop_quietly(job);
            self.done();
            #[cfg(not(model))]
            self.at_work.end(worker, before);
        }
    }

    /// A worker that was not there from the start takes tasks from now on.
    pub(super) fn joins(&self) {
        // Relaxed: a smaller number is out of date, and at worst a worker helps in vain.
        self.workers.fetch_add(1, Relaxed);
    }

    // ANCHOR: put
    /// Queues a task. A worker of this pool that would wait without end goes beyond the bound.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn put(&self, task: Queued, patience: Patience) -> Result<(), Refused> {
        match patience {
            Patience::Endless if self.is_bounded && self.is_worker() => self.put_as_worker(task),
            Patience::Endless => self.queue.put(task).map_err(|_| Refused::Shutdown),
            Patience::None => match self.queue.try_put(task) {
                Ok(()) => Ok(()),
                Err(TryPutError::Full(_)) => Err(Refused::Full),
                Err(TryPutError::Shutdown(_)) => Err(Refused::Shutdown),
            },
            Patience::Timeout(timeout) => in_time(self.queue.put_timeout(task, timeout)),
            Patience::Deadline(deadline) => in_time(self.queue.put_deadline(task, deadline)),
        }
    }
    // ANCHOR_END: put

    pub(super) fn put_as_worker(&self, task: Queued) -> Result<(), Refused> {
        self.queue.put_beyond(task).map_err(|_| Refused::Shutdown)
    }

    // ANCHOR: grow
    /// Whether there are more tasks than workers to take them at once, of `started` workers. One
    /// that is on its way counts, because it will take one.
    pub(super) fn wants_more_than(&self, started: usize) -> bool {
        let (queued, busy) = self.queued_and_busy();
        !self.queue.is_shutdown() && queued as u64 > (started as u64).saturating_sub(busy)
    }
    // ANCHOR_END: grow

    /// How many tasks no worker has taken, and how many workers are not done with what they took.
    pub(super) fn queued_and_busy(&self) -> (usize, u64) {
        // Relaxed: as in `done`.
        self.queue.with_order(|lanes| {
            (lanes.queued(), lanes.taken.saturating_sub(self.ended.load(Relaxed)))
        })
    }

    /// Takes out what no worker has taken, in order. Only after a shutdown: no thread that waits
    /// for room is told.
    pub(super) fn take_all(&self) -> Vec<Arc<dyn Job>> {
        self.queue.with_order(Lanes::take_all)
    }

    /// A worker is done with what it took.
    pub(super) fn done(&self) {
        // Relaxed: an out-of-date number is smaller, and at worst a worker helps in vain.
        self.ended.fetch_add(1, Relaxed);
    }

    /// A worker has taken a task that was not in a queue.
    #[cfg(model)]
    pub(super) fn begin_for_a_model(&self) {
        self.queue.with_order(|lanes| lanes.taken += 1);
    }

    /// Whether the calling thread is one of its workers. Reads a thread-local.
    #[cfg(not(model))]
    pub(super) fn is_worker(&self) -> bool {
        crate::workers::serves(self).is_some()
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
            lanes.hand_over(job, self.workers.load(Relaxed), self.ended.load(Relaxed))
        });
        !handed_over && helping(|| self.run_inside(job))
    }
    // ANCHOR_END: help

    /// Runs a task inside the one that this worker is at.
    #[cfg(not(model))]
    fn run_inside(&self, job: &Arc<dyn Job>) -> bool {
        let Some(worker) = crate::workers::serves(self) else { return job.run() };
        let before = self.at_work.begin(worker, job.submitted_at());
        let ran = job.run();
        self.at_work.end(worker, before);
        ran
    }

    #[cfg(model)]
    #[expect(clippy::unused_self, reason = "as in the normal build")]
    fn run_inside(&self, job: &Arc<dyn Job>) -> bool {
        job.run()
    }
}

fn in_time(put: Result<(), PutTimeoutError<Queued>>) -> Result<(), Refused> {
    put.map_err(|error| match error {
        PutTimeoutError::Timeout(_) => Refused::Full,
        PutTimeoutError::Shutdown(_) => Refused::Shutdown,
    })
}
