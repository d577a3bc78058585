//! The task queue: a few threads run closures.
//!
//! This is the oldest use of a blocking queue: a [`Queue`] of closures, threads that get them one
//! after the other and call them, and a count of the outcomes:
//!
//! ```text
//!    add_task ──▶ ┌───────┐ ──▶ worker: get ─▶ call, in `catch_panic` ─▶ count ─▶ task_done ─┐
//!    add_task ──▶ │ Queue │ ──▶ worker:  ▲                                                   │
//!                 └───────┘              └───────────────────────────────────────────────────┘
//!                     ▲
//!    join ────────────┘ sleeps until there were as many `task_done` as there were tasks
//! ```
//!
//! The order at the end matters. A task is counted before it is done, so a thread that returns from
//! [`join`](TaskQueue::join) finds it in the numbers. What the task captured is dropped before
//! both, because the call consumes it.
//!
//! No further atomic is needed. The queue's lock orders a task after everything that came before it
//! was added, and the code after a `join` after all that the tasks did.
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

use crate::error::{PutError, PutTimeoutError, TryPutError};
use crate::queue::Queue;
#[cfg(not(model))]
use crate::workers::{WorkerThreads, Workers, serves};
use crate::workers::{catch_panic, drop_quietly};

/// A closure in its own box.
trait Task: Any + Send {
    fn run(self: Box<Self>);
}

impl<F: FnOnce() + Send + 'static> Task for F {
    fn run(self: Box<Self>) {
        self();
    }
}

/// The closure, which is what was boxed just now.
fn unbox<F: 'static>(task: Box<dyn Task>) -> F {
    let task: Box<dyn Any> = task;
    *task.downcast().expect("it is what was put just now")
}

/// Runs closures on a few threads, in the order in which they were added.
///
/// [`add_task`](Self::add_task) never waits, unless the queue has a
/// [bound](crate::Workers::bounded); [`join`](Self::join) waits until all is done. The
/// panic hook reports a panic of a task with the thread's name, the message and the place, as any
/// panic; the task counts as failed, and its worker continues with the next.
///
/// A task costs a box, and a `put` and a `get` of a [`Queue`]. The number of waiting tasks is not
/// limited without a bound: a program that adds faster than its tasks run wants one.
///
/// **Dropping** it shuts it down and waits for the workers: tasks that were added still run, also
/// while a panic unwinds. (If a task drops the last handle, in a worker, the drop does not wait,
/// because it would wait for itself; the workers end when the queue is empty.) A drop after a
/// [`shutdown`](Self::shutdown) or a [`shutdown_now`](Self::shutdown_now) does not wait: a program
/// that calls one of them decides whether to [`join`](Self::join). A task that has not run when the
/// program ends never runs.
///
/// For a pool in a `static`, and after a `fork`, see the [`executor`](crate::executor#what-hangs).
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

/// What the queue and its workers share.
struct Shared {
    tasks: Queue<Box<dyn Task>>,
    counts: Lock<TaskCounts>,
}

/// How many tasks of a [`TaskQueue`] have ended since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskCounts {
    /// Tasks that ran, and returned or panicked.
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
        // Unwind safe: the closure is gone after a panic. Others answer for what it shared with
        // them, as with a thread.
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
    /// Starts `workers` workers, named `TaskQueue-1_0`, `TaskQueue-1_1` …, where the first number
    /// counts the task queues of this program. Costs about 75 µs a worker.
    ///
    /// # Panics
    ///
    /// If `workers` is zero, or the system cannot make a thread
    /// ([`with_workers`](Self::with_workers) returns that as an error).
    #[must_use]
    #[track_caller]
    pub fn new(workers: usize) -> Self {
        Self::with_workers(Workers::new(workers)).expect("the system has no thread to give")
    }

    /// Starts workers with a name, a stack size, an initializer of your choice; more when they are
    /// needed; for a limited number of tasks at once: see [`Workers`]. [`Workers::default`] chooses
    /// how many.
    ///
    /// # Errors
    ///
    /// The system's error if it cannot make that many threads; those that had started end.
    /// `InvalidInput` if the name contains a zero byte. The panic of an
    /// [initializer](Workers::initializer).
    pub fn with_workers(workers: Workers) -> io::Result<Self> {
        use primitives::sync::atomic::{AtomicU64, Ordering::Relaxed};
        static MADE: AtomicU64 = AtomicU64::new(0);

        // Relaxed: the numbers only have to differ.
        let pool = format!("TaskQueue-{}", MADE.fetch_add(1, Relaxed) + 1);
        let shared = Arc::new(Shared::new(workers.bound));
        match WorkerThreads::start(&workers, &pool, &shared, |shared, _, _| shared.work()) {
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
        serves(&*self.shared).is_some()
    }
}

/// For a model, whose roles are the workers.
#[cfg(model)]
#[doc(hidden)]
impl TaskQueue {
    #[must_use]
    pub fn new(_: usize) -> Self {
        Self { shared: Arc::new(Shared::new(None)) }
    }

    pub fn work(&self) {
        self.shared.work();
    }

    fn is_in_a_task(&self) -> bool {
        false
    }
}

impl Shared {
    fn new(bound: Option<usize>) -> Self {
        let tasks = match bound {
            Some(bound) => Queue::bounded(bound).named("inbox"),
            None => Queue::unbounded(),
        };
        Self { tasks, counts: Lock::new(TaskCounts::default()) }
    }
}

/// Adding tasks, and waiting for them.
impl TaskQueue {
    /// Adds a task; a worker runs it when the earlier ones have been taken. Never blocks, unless
    /// the queue has a [bound](crate::Workers::bounded) and is full: then it blocks until a worker
    /// takes a task. (In a task of this queue it never blocks, and the bound does not hold.)
    ///
    /// The task sees all that was done before this call.
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
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn add_task<F>(&self, task: F) -> Result<(), PutError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let (tasks, task) = (&self.shared.tasks, Box::new(task));
        let is_bounded = tasks.capacity().is_some();
        let put = if is_bounded && self.is_in_a_task() {
            tasks.put_beyond(task)
        } else {
            tasks.put(task)
        };
        put.map_err(|error| PutError::Shutdown(unbox(error.into_inner())))?;
        self.grow();
        Ok(())
    }

    /// Adds a task, unless the queue is shut down, or full. Never blocks.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`], if it has a [bound](crate::Workers::bounded), or
    /// [`TryPutError::Shutdown`]; with the closure.
    pub fn try_add_task<F>(&self, task: F) -> Result<(), TryPutError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.shared.tasks.try_put(Box::new(task)).map_err(|error| match error {
            TryPutError::Full(task) => TryPutError::Full(unbox(task)),
            TryPutError::Shutdown(task) => TryPutError::Shutdown(unbox(task)),
        })?;
        self.grow();
        Ok(())
    }

    /// Adds a task; blocks while the queue is full, for at most `timeout`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. It waits in a task of
    /// this queue too.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the closure.
    pub fn add_task_timeout<F>(&self, task: F, timeout: Duration) -> Result<(), PutTimeoutError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.shared.tasks.put_timeout(Box::new(task), timeout).map_err(|error| match error {
            PutTimeoutError::Timeout(task) => PutTimeoutError::Timeout(unbox(task)),
            PutTimeoutError::Shutdown(task) => PutTimeoutError::Shutdown(unbox(task)),
        })?;
        self.grow();
        Ok(())
    }

    /// Starts another worker, if there may be more and none is free.
    fn grow(&self) {
        #[cfg(not(model))]
        self.threads.grow(|started| {
            let (queued, running) = self.shared.tasks.queued_and_running();
            !self.is_shutdown() && queued > started.saturating_sub(running)
        });
    }

    /// Blocks until no task waits or runs. Returns how many ran, and how many of them failed, since
    /// the queue was made.
    ///
    /// By then every task that was added before this call has ended, and so has every task that
    /// those added, and so on: a task adds others before it ends, so the number never drops to zero
    /// in between. This may also wait for tasks that other threads add meanwhile; if they never
    /// stop adding, it may never return. It neither waits for tasks that
    /// [`shutdown_now`](Self::shutdown_now) discards, nor counts them.
    ///
    /// When it returns, the caller sees all that the tasks did, and everything that they captured
    /// is dropped.
    ///
    /// _Python_: `queue.join()`, which returns nothing.
    ///
    /// # Panics
    ///
    /// If a task of this queue calls it: that task would wait for its own end. (This panic, too, is
    /// counted and reported.)
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

    /// [`join`](Self::join), for at most `timeout`; `None` if the time ran out first. Zero looks
    /// once.
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

    /// How many tasks have ended so far. Never waits for a task.
    #[must_use]
    pub fn counts(&self) -> TaskCounts {
        *self.shared.counts.lock()
    }

    /// How many tasks no worker has taken. The answer may be out of date when you read it.
    #[must_use]
    #[doc(alias = "qsize")]
    pub fn queued(&self) -> usize {
        self.shared.tasks.len()
    }

    /// How many tasks run at this moment. The answer may be out of date when you read it.
    #[must_use]
    pub fn running(&self) -> usize {
        self.shared.tasks.queued_and_running().1
    }

    /// How many tasks wait or run at this moment. The answer may be out of date when you read it.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.shared.tasks.unfinished()
    }
}

/// Ending.
impl TaskQueue {
    /// Ends the queue: from now on nothing can be added, and tasks that were added still run.
    /// Neither this nor a later drop waits: [`join`](Self::join) does. A second call changes
    /// nothing.
    ///
    /// A worker that finds nothing left ends.
    pub fn shutdown(&self) {
        self.shared.tasks.shutdown();
        self.let_go();
    }

    /// Ends the queue at once: from now on nothing can be added, and this drops the tasks that no
    /// worker has begun. Returns how many those were. Neither this nor a later drop waits for the
    /// running tasks.
    ///
    /// A drop that panics is reported, and the others are still dropped.
    pub fn shutdown_now(&self) -> usize {
        let discarded = self.shared.tasks.shutdown_now();
        let count = discarded.len();
        discarded.into_iter().for_each(drop_quietly);
        self.let_go();
        count
    }

    /// The caller has chosen not to wait for the workers, so the drop does not wait.
    fn let_go(&self) {
        #[cfg(not(model))]
        self.threads.shut_down(false);
    }

    /// Whether the queue was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.shared.tasks.is_shutdown()
    }
}

/// Runs the added tasks, and waits for them: see [`TaskQueue`].
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

/// The workers survive what they call, and a panic can leave nothing else half done.
impl UnwindSafe for TaskQueue {}
impl RefUnwindSafe for TaskQueue {}

/// Shows how many workers it has, how many tasks wait, and the counts of the others. Never blocks.
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
