//! The task queue: closures go in, a few threads run them.
//!
//! The oldest use of a blocking queue. It is a [`Queue`] whose items are closures, threads that get one
//! after the other and call it, and a count of what became of them:
//!
//! ```text
//!    add_task ──▶ ┌───────┐ ──▶ worker: get ─▶ call, in `catch_panic` ─▶ count ─▶ task_done ─┐
//!    add_task ──▶ │ Queue │ ──▶ worker:  ▲                                                   │
//!                 └───────┘              └───────────────────────────────────────────────────┘
//!                     ▲
//!    join ────────────┘ sleeps until there were as many `task_done` as there were tasks
//! ```
//!
//! The order at the end is what matters: a task is counted before it is done, so whoever
//! [`join`](TaskQueue::join) lets go finds it in the numbers; and what the task captured is dropped before either, for
//! the call consumes it.
//!
//! Nothing here needs an atomic of its own: the queue's lock orders what a task does after what was done before it was
//! added, and what is done after a `join` after all that the tasks did.
//!
//! Source: CPython's `queue` module, the example at its end.

#[cfg(all(test, not(model)))]
mod tests;

use std::any::Any;
use std::fmt;
#[cfg(not(model))]
use std::io;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use primitives::Lock;

use crate::error::PutError;
use crate::queue::Queue;
#[cfg(not(model))]
use crate::workers::{WorkerThreads, Workers, serves};
use crate::workers::{catch_panic, drop_quietly};

/// A closure, in a box of its own.
trait Task: Any + Send {
    fn run(self: Box<Self>);
}

impl<F: FnOnce() + Send + 'static> Task for F {
    fn run(self: Box<Self>) {
        self();
    }
}

/// Runs closures on a few threads, in the order in which they were added.
///
/// [`add_task`](Self::add_task) never waits; [`join`](Self::join) waits until all is done. A task that panics is
/// reported by the panic hook with the thread's name, the message and the place, as any panic is; it counts as failed,
/// and its worker goes on with the next.
///
/// A task costs a box, and a `put` and a `get` of a [`Queue`]. There is no limit to how many may wait: a program that
/// adds faster than its tasks run should [`join`](Self::join) now and then.
///
/// **Dropping** it shuts it down and waits for the workers: what was added still runs, also if the drop happens because
/// a panic unwinds. (If a task has the last handle and drops it, in a worker, then it does not wait, for it would wait
/// for itself; the workers end when the queue is empty.) A drop after a [`shutdown`](Self::shutdown) or a
/// [`shutdown_now`](Self::shutdown_now) does not wait: a program that calls one of them decides for itself whether to
/// [`join`](Self::join). What has not run when the program ends, never does.
///
/// What holds for a pool in a `static`, and after a `fork`, is told for the [`executor`](crate::executor#what-hangs).
///
/// _Python_: a `queue.Queue` and the worker threads from the example in its documentation.
///
/// ```
/// use queues::TaskQueue;
/// use std::sync::{Arc, atomic::{AtomicU32, Ordering::Relaxed}};
///
/// let tasks = TaskQueue::new(4);
/// let sum = Arc::new(AtomicU32::new(0));
/// for number in 1..=100 {
///     let sum = Arc::clone(&sum);
///     tasks.add_task(move || {
///         assert!(number != 13, "out of superstition");
///         sum.fetch_add(number, Relaxed);
///     })?;
/// }
/// let counts = tasks.join();
/// assert_eq!((counts.ran, counts.failed), (100, 1)); // one panicked, and was reported
/// assert_eq!(sum.load(Relaxed), 5050 - 13); // what they did is visible after `join`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TaskQueue {
    shared: Arc<Shared>,
    #[cfg(not(model))]
    threads: WorkerThreads,
}

/// What the queue and its workers both have.
struct Shared {
    tasks: Queue<Box<dyn Task>>,
    counts: Lock<TaskCounts>,
}

/// How many tasks of a [`TaskQueue`] have come to an end, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskCounts {
    /// Tasks that were called, and returned or panicked.
    pub ran: u64,
    /// How many of them panicked.
    pub failed: u64,
}

// ANCHOR: work
impl Shared {
    /// What each worker does, until the queue is shut down and empty.
    fn work(&self) {
        while let Ok(task) = self.tasks.get() {
            self.run(task);
        }
    }

    fn run(&self, task: Box<dyn Task>) {
        // Unwind safe: the closure is gone after a panic; what it shared with others is their affair, as with a thread.
        let outcome = catch_panic(AssertUnwindSafe(|| task.run()));
        {
            let mut counts = self.counts.lock();
            counts.ran += 1;
            counts.failed += u64::from(outcome.is_err());
        }
        drop_quietly(outcome); // before the task is done: the payload of a panic is the task's, too
        self.tasks.task_done().expect("once for each task");
    }
}
// ANCHOR_END: work

/// Making one.
#[cfg(not(model))]
impl TaskQueue {
    /// Starts so many workers, named `TaskQueue-1_0`, `TaskQueue-1_1` …, where the first number counts the task queues of
    /// this program. Costs about 75 µs a worker.
    ///
    /// # Panics
    ///
    /// If `workers` is zero, or the system has no thread to give ([`with_workers`](Self::with_workers) returns that as
    /// an error).
    #[must_use]
    #[track_caller]
    pub fn new(workers: usize) -> Self {
        Self::with_workers(Workers::new(workers)).expect("the system has no thread to give")
    }

    /// Starts workers with a name and a stack size of your choice; [`Workers::default`] chooses how many.
    ///
    /// # Errors
    ///
    /// What the system says if it has not that many threads to give; those that had started end. `InvalidInput` if the
    /// name has a zero byte in it.
    pub fn with_workers(workers: Workers) -> io::Result<Self> {
        use primitives::sync::atomic::{AtomicU64, Ordering::Relaxed};
        static MADE: AtomicU64 = AtomicU64::new(0);

        // Relaxed: only that no two are the same.
        let pool = format!("TaskQueue-{}", MADE.fetch_add(1, Relaxed) + 1);
        let shared = Arc::new(Shared::new());
        match WorkerThreads::start(&workers, &pool, &shared, Shared::work) {
            Ok(threads) => Ok(Self { shared, threads }),
            Err(error) => {
                shared.tasks.shutdown();
                Err(error)
            }
        }
    }

    /// How many workers it has.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.threads.len()
    }

    fn is_in_a_task(&self) -> bool {
        serves(&*self.shared)
    }
}

/// In a model, whose roles are the workers.
#[cfg(model)]
#[doc(hidden)]
impl TaskQueue {
    #[must_use]
    pub fn new(_: usize) -> Self {
        Self { shared: Arc::new(Shared::new()) }
    }

    pub fn work(&self) {
        self.shared.work();
    }

    fn is_in_a_task(&self) -> bool {
        false
    }
}

impl Shared {
    fn new() -> Self {
        Self { tasks: Queue::unbounded(), counts: Lock::new(TaskCounts::default()) }
    }
}

// ANCHOR: add-and-join
/// Adding tasks, and waiting for them.
impl TaskQueue {
    /// Adds a task; a worker runs it when those before it have been taken. Never blocks.
    ///
    /// All that was done before this call is visible to the task.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the closure, if the queue is shut down.
    ///
    /// ```
    /// use queues::{PutError, TaskQueue};
    ///
    /// let tasks = TaskQueue::new(1);
    /// tasks.shutdown();
    /// let PutError::Shutdown(task) = tasks.add_task(|| println!("here, then")).unwrap_err();
    /// task();
    /// ```
    pub fn add_task<F>(&self, task: F) -> Result<(), PutError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.shared.tasks.put(Box::new(task)).map_err(|PutError::Shutdown(task)| {
            let task: Box<dyn Any> = task;
            PutError::Shutdown(*task.downcast().expect("it is what was put just now"))
        })
    }

    /// Blocks until no task is left, waiting or running; returns how many ran, and how many of them failed, since the
    /// queue was made.
    ///
    /// Every task that was added before this call has come to its end by then, and so has every task that one of
    /// those added, and so on: a task adds before it ends, so there is no moment between at which none is left. Tasks that
    /// other threads add while this waits may be waited for as well; if they never stop adding, this need not return.
    /// Tasks that [`shutdown_now`](Self::shutdown_now) discards are not waited for, nor counted.
    ///
    /// All that the tasks did is visible when it returns, and everything that they captured is dropped.
    ///
    /// _Python_: `queue.join()`, which returns nothing.
    ///
    /// # Panics
    ///
    /// If a task of this queue calls it: that task would wait for its own end. (A panic in a task is counted and
    /// reported, so this one is, too.)
    ///
    /// ```
    /// use queues::TaskQueue;
    /// use std::sync::Arc;
    ///
    /// let tasks = Arc::new(TaskQueue::new(2));
    /// let again = Arc::clone(&tasks);
    /// tasks.add_task(move || again.add_task(|| ()).unwrap())?;
    /// assert_eq!(tasks.join().ran, 2); // the second was added by the first
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join(&self) -> TaskCounts {
        self.refuse_to_wait_for_itself();
        self.shared.tasks.join();
        self.counts()
    }

    /// [`join`](Self::join) for at most `timeout`; `None` if the time was up before. Zero is one look.
    ///
    /// # Panics
    ///
    /// As [`join`](Self::join).
    #[must_use = "`None` says that not all was done"]
    #[track_caller]
    pub fn join_timeout(&self, timeout: Duration) -> Option<TaskCounts> {
        self.refuse_to_wait_for_itself();
        self.shared.tasks.join_timeout(timeout).then(|| self.counts())
    }

    #[track_caller]
    fn refuse_to_wait_for_itself(&self) {
        assert!(
            !self.is_in_a_task(),
            "a task joins the queue that runs it and would wait for its own end: join from outside",
        );
    }

    /// How many tasks have come to an end so far. Never waits for a task.
    #[must_use]
    pub fn counts(&self) -> TaskCounts {
        *self.shared.counts.lock()
    }

    /// How many tasks wait or run at this moment; out of date before you look at the answer.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.shared.tasks.unfinished()
    }
}
// ANCHOR_END: add-and-join

/// Ending.
impl TaskQueue {
    /// From now on nothing can be added; what was added still runs. Does not wait, nor does the drop that comes after
    /// it: [`join`](Self::join) does. Twice is as good as once.
    ///
    /// A worker that finds nothing left ends.
    pub fn shutdown(&self) {
        self.shared.tasks.shutdown();
        self.let_go();
    }

    /// From now on nothing can be added, and what no worker has begun is dropped, here. Returns how many tasks that
    /// were. Does not wait for those that run, nor does the drop that comes after it.
    ///
    /// A drop that panics is reported, and the others are dropped all the same.
    pub fn shutdown_now(&self) -> usize {
        let discarded = self.shared.tasks.shutdown_now();
        let count = discarded.len();
        discarded.into_iter().for_each(drop_quietly);
        self.let_go();
        count
    }

    /// The caller has chosen not to wait for the workers, and so the drop does not.
    fn let_go(&self) {
        #[cfg(not(model))]
        self.threads.shut_down(false);
    }

    /// Whether it was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.shared.tasks.is_shutdown()
    }
}

/// Runs what was added, and waits for it: see [`TaskQueue`].
#[cfg(not(model))]
impl Drop for TaskQueue {
    fn drop(&mut self) {
        if self.threads.is_here() {
            self.shared.tasks.shutdown();
            if !self.is_in_a_task() {
                self.threads.end();
            }
        }
    }
}

/// The workers outlive what they call, and there is nothing else that a panic could leave half done.
impl UnwindSafe for TaskQueue {}
impl RefUnwindSafe for TaskQueue {}

/// How many workers it has, how many tasks wait, and what became of the others. Never blocks.
impl fmt::Debug for TaskQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut queue = f.debug_struct("TaskQueue");
        #[cfg(not(model))]
        queue.field("workers", &self.workers());
        queue.field("tasks", &self.shared.tasks);
        if let Some(counts) = self.shared.counts.try_lock() {
            queue.field("counts", &*counts);
        }
        queue.finish()
    }
}
