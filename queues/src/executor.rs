//! The executor: it takes closures that return a value, and gives a handle for each.
//!
//! Python's `ThreadPoolExecutor`. A few threads take tasks from a [`Queue`](crate::Queue) and run
//! them; [`Task`] is what Python calls a future. The word in it decides everything that two threads
//! could disagree about:
//!
//! ```text
//!    submit ──┬──▶ Queue ──▶ worker:  claim ─▶ run ─▶ leave the result ─▶ finish ─▶ wake ─▶ callbacks
//!             │                         ╲
//!             │                          the same compare-exchange: one of them wins
//!             │                         ╱
//!             └──▶ Task ───▶ cancel:  claim ─▶ drop the closure ─────────▶ finish ─▶ wake ─▶ callbacks
//!                       ───▶ result:  sleep ◀───────────────────────────────────────┘
//! ```
//!
//! A cancelled task stays in the queue as an empty shell until a worker takes it; its closure is
//! dropped at once.
//!
//! # Panics
//!
//! A task that panics is reported by the panic hook, as any thread's panic is, and [`Task::result`]
//! returns it as [`TaskError::Panicked`], which has the thread's name, the message and
//! `file:line:column`. The worker goes on with the next task. The same holds for captured values,
//! for results that no thread takes, and for callbacks: whatever code of the program panics in a
//! worker, the worker continues.
//!
//! # A task that waits for a task
//!
//! A task may wait for the [`result`](Task::result) of another one of the same executor. If every
//! worker waits in a task, no worker is left to run what they wait for. CPython's documentation
//! shows such a program, a pool of one worker, which hangs silently. Here it does not: **if a
//! worker waits for a task that has not begun, and no worker is free to begin it, the waiting
//! worker runs it itself**, on its own stack, and then has its result. That costs one claim, which
//! the worker that later finds the empty shell loses.
//!
//! Why help, and not report an error? Such a program is correct: it divides its work, and would run
//! with more workers. Helping causes no new deadlock over a lock: the worker runs only _the very
//! task_ that it waits for. If that task wants a lock that the waiting task holds, both would have
//! stopped in any case. (A worker that helps with any task may run one that wants such a lock,
//! though the awaited task does not want it.)
//!
//! But a task that the waiting worker runs is in _that worker's thread_, and sees the thread's
//! state. A `RefCell` in a `thread_local!` that the waiting task has borrowed panics. An
//! [`RLock`](primitives::RLock) that the waiting task holds lets the other task in, because both
//! have the same owner, and it sees unfinished changes. So **a worker helps only when no worker is
//! free.** If one is free, it gets the task before all others, and certainly begins it. It is
//! better still to hold no such state during a [`result`](Task::result): where no worker is free,
//! the task runs here in any case. With the feature `deadlock-detection`, an `RLock` that lets such
//! a task in is reported (`Verdict::Reentry`); a borrowed thread-local is not.
//!
//! The same holds for [`Task::wait`], [`map`](Executor::map), [`as_completed`] and the end of a
//! [`scope`](Executor::scope), when a task calls them. A program should also know:
//!
//! - Each such wait may nest a task on the waiting task's stack, as a recursive call does. Tasks
//!   that halve their work a few dozen times are fine; a chain of thousands, each waiting for the
//!   next, needs [a larger stack](crate::Workers::stack_size).
//! - A timed wait runs no task, because it could not keep its limit. It times out.
//! - A task that waits for itself panics with a clear message. So does a task that waits for
//!   another further down its own stack.
//!
//! # What hangs
//!
//! - Two tasks that run in two workers and wait for each other.
//! - Tasks that wait for each other by any other means (an [`Event`](primitives::Event), a queue, a
//!   lock) with too few workers: such tasks need one worker each, and one more. No executor can
//!   detect this: start as many workers as tasks must be able to wait at once.
//! - Tasks of _two executors_ that wait for each other, if all workers of both do: a worker helps
//!   only its own executor. Let tasks that wait for each other share an executor.
//! - A task that waits by [`submit_timeout`](Executor::submit_timeout) without end for room in its
//!   own executor, if all workers do. ([`submit`](Executor::submit) does not wait there.)
//! - A wait in a forked child. The workers are threads of the parent; the child has the executor
//!   without them, and nothing that is submitted there ever runs. (The child may drop it or call
//!   `shutdown`, unless another thread was using it at the moment of the fork.) A child that needs
//!   an executor makes its own.
//!
//! One more point does not hang but may surprise: an executor in a `static` is never dropped, as
//! nothing in a `static` is. When `main` returns, the process ends, and its running tasks end with
//! it. Call [`shutdown(Shutdown::WAIT)`](Executor::shutdown) first.
//!
//! Source: CPython's `concurrent.futures`; helping is from Wagner and Calder, _Leapfrogging: a
//! portable technique for implementing efficient futures_ (1993), of which this is the simplest
//! case.
//!
//! | file                    | idea                                                           |
//! | ----------------------- | -------------------------------------------------------------- |
//! | `executor.rs`           | what a program calls                                           |
//! | `executor/submit.rs`    | submitting: at once, or when there is room; with a priority    |
//! | `executor/shutdown.rs`  | how an executor ends, in words                                 |
//! | `executor/state.rs`     | the word of a task: which thread may run it, whether it is over |
//! | `executor/job.rs`       | a task itself: the closure, the place for its result           |
//! | `executor/keep.rs`      | where a task keeps them, so that memory comes back             |
//! | `executor/task.rs`      | the handle of a task                                           |
//! | `executor/pool.rs`      | what workers and handles share; which worker helps             |
//! | `executor/at_work.rs`   | which task each worker is at                                   |
//! | `executor/map.rs`       | a function over many items, in order, a few at a time          |
//! | `executor/as_completed.rs` | many tasks, in the order in which they end                  |
//! | `executor/scope.rs`     | tasks that borrow, and why that is sound                       |

mod as_completed;
#[cfg(not(model))]
mod at_work;
mod error;
mod job;
mod keep;
mod map;
#[cfg(model)]
pub mod model;
mod pool;
mod scope;
mod shutdown;
mod state;
mod submit;
mod task;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
#[cfg(not(model))]
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
#[cfg(not(model))]
use std::time::Duration;

#[cfg(not(model))]
use primitives::park::deadline_after;
#[cfg(not(model))]
use primitives::sync::thread::yield_now;

pub use self::as_completed::{AsCompleted, as_completed};
pub use self::error::{ResultTimeoutError, TaskError};
pub use self::map::Map;
use self::pool::Pool;
pub use self::scope::Scope;
pub use self::shutdown::{RunningTask, Shutdown, StillRunning};
pub use self::submit::WithPriority;
pub use self::task::Task;
use crate::workers::drop_quietly;
#[cfg(not(model))]
use crate::workers::{WorkerThreads, Workers};

/// Runs closures on a few threads and hands out their results.
///
/// [`submit`](Self::submit) never waits, unless the executor has a [bound](crate::Workers::bounded)
/// and is full. It returns a [`Task`], whose [`result`](Task::result) waits. Tasks begin in the
/// order in which they were submitted, except those that have a [priority](Self::with_priority). A
/// task costs one allocation, a `put` and a `get` of a [`Queue`](crate::Queue) and three atomic
/// operations, and a system call when a worker must be woken.
///
/// **Dropping** it is like leaving Python's `with` block. It calls
/// [`shutdown(Shutdown::WAIT)`](Self::shutdown), which waits until all tasks have run, also while a
/// panic unwinds. If one of its own tasks drops the last handle, the drop does not wait, and the
/// workers end by themselves. To end it in another way call [`shutdown`](Self::shutdown) first:
/// after a call that does not wait, the drop does not wait either.
///
/// _Python_: `concurrent.futures.ThreadPoolExecutor`.
///
/// ```
/// use queues::Executor;
///
/// let executor = Executor::new(4);
/// let sum = executor.submit(|| (1..=100).sum::<u32>());
/// let product = executor.submit(|| (1..=10).product::<u32>());
/// assert_eq!(sum.result()?, 5050);
/// assert_eq!(product.result()?, 3_628_800);
/// # Ok::<(), queues::TaskError>(())
/// ```
#[doc(alias = "ThreadPoolExecutor")]
pub struct Executor {
    pool: Arc<Pool>,
    #[cfg(not(model))]
    threads: Arc<WorkerThreads>,
    #[cfg(model)]
    threads: Arc<model::Crew>,
}

/// Making one.
#[cfg(not(model))]
impl Executor {
    /// Starts `workers` workers, named `Executor-1_0`, `Executor-1_1` …, where the first number
    /// counts the executors of this program. Costs about 75 µs a worker.
    ///
    /// [`Executor::default`] chooses how many: see [`Workers::default`].
    ///
    /// # Panics
    ///
    /// If `workers` is zero, or the system cannot make a thread
    /// ([`with_workers`](Self::with_workers) returns that as an error).
    #[must_use]
    #[track_caller]
    pub fn new(workers: usize) -> Self {
        Self::with_workers(Workers::new(workers)).expect(CANNOT_START)
    }

    /// Starts workers with a name, a stack size, an initializer of your choice; more when they are
    /// needed; for a limited number of tasks at once: see [`Workers`].
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
        let name = format!("Executor-{}", MADE.fetch_add(1, Relaxed) + 1);
        let pool = Arc::new(Pool::new(workers.count(), workers.most(), workers.bound));
        let work = |pool: &Pool, worker, came_later| {
            if came_later {
                pool.joins();
            }
            pool.work(worker);
        };
        match WorkerThreads::start(&workers, &name, &pool, work) {
            Ok(threads) => Ok(Self { pool, threads: Arc::new(threads) }),
            Err(error) => {
                pool.queue.shutdown();
                Err(error)
            }
        }
    }

    /// How many workers it has: how many were started, if they [start on
    /// demand](Workers::grow_to).
    #[must_use]
    pub fn workers(&self) -> usize {
        self.threads.len()
    }
}

#[cfg(not(model))]
const CANNOT_START: &str = "the system has no thread to give";

/// Has [`Workers::default`]: one worker for each core, and at least four.
#[cfg(not(model))]
impl Default for Executor {
    #[track_caller]
    fn default() -> Self {
        Self::with_workers(Workers::default()).expect(CANNOT_START)
    }
}

/// Ending.
impl Executor {
    /// Ends the executor: from now on nothing can be submitted. With [`Shutdown::WAIT`], blocks
    /// until every worker has done its last task. With [`Shutdown::CANCEL_PENDING`], cancels the
    /// tasks that no worker has begun; otherwise they still run.
    ///
    /// Cancelled tasks are over before this returns or waits: it drops their closures and calls
    /// their callbacks here. It may be called again, to wait or cancel after all, and from several
    /// threads. A thread that waits for room to submit is refused. In a task of this executor it
    /// does not wait, because the task would wait for itself. (_Python_: `RuntimeError`.)
    ///
    /// Without `WAIT`, the drop of the executor does not wait either (the last call counts): a task
    /// that never ends delays neither. A task that has not run when the program ends never runs.
    ///
    /// _Python_: `shutdown(wait=True, cancel_futures=False)`.
    ///
    /// ```
    /// use primitives::Event;
    /// use queues::{Executor, Shutdown};
    /// use std::sync::Arc;
    ///
    /// let executor = Executor::new(1);
    /// let (began, gate) = (Arc::new(Event::new()), Arc::new(Event::new()));
    /// let (begin, busy) = (Arc::clone(&began), Arc::clone(&gate));
    /// let running = executor.submit(move || {
    ///     begin.set();
    ///     busy.wait();
    ///     "ran"
    /// });
    /// let waiting = executor.submit(|| "ran too");
    /// began.wait();
    /// executor.shutdown(Shutdown::CANCEL_PENDING); // and do not wait
    /// assert!(waiting.is_cancelled());
    /// gate.set();
    /// assert_eq!(running.result().unwrap(), "ran");
    /// ```
    pub fn shutdown(&self, how: Shutdown) {
        #[cfg(not(model))]
        self.threads.shut_down(how.wait);
        self.pool.queue.shutdown();
        if how.cancel_pending {
            for job in self.pool.take_all() {
                job.cancel();
                drop_quietly(job);
            }
        }
        #[cfg(not(model))]
        if how.wait && !self.pool.is_worker() {
            self.threads.wait_until(None);
        }
        #[cfg(model)]
        self.threads.shut_down(); // for the roles that are its workers, the scenario waits
    }

    /// [`shutdown`](Self::shutdown), with a limit on the wait: blocks for at most `timeout`.
    ///
    /// `how` says whether pending tasks are cancelled; it waits in either case. Zero looks once; a
    /// timeout that overflows `Instant` never expires. A later call waits again. When the time was
    /// up, the drop of the executor does not wait. In a task of this executor it does not wait, and
    /// the error names that task. _Python_: has no limit.
    ///
    /// # Errors
    ///
    /// [`StillRunning`], which names the tasks that run still, by the worker and by the place where
    /// they were submitted. They go on.
    ///
    /// ```
    /// use primitives::Event;
    /// use queues::{Executor, Shutdown};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let executor = Executor::new(1);
    /// let (began, gate) = (Arc::new(Event::new()), Arc::new(Event::new()));
    /// let (begin, busy) = (Arc::clone(&began), Arc::clone(&gate));
    /// executor.submit(move || {
    ///     begin.set();
    ///     busy.wait();
    /// });
    /// began.wait();
    /// let error = executor.shutdown_timeout(Shutdown::WAIT, Duration::from_millis(1)).unwrap_err();
    /// println!("{error}");
    /// // the time is up, with 1 running and 0 queued; Executor-1_0 runs the task of src/main.rs:9:10
    /// assert_eq!(error.tasks()[0].submitted_at.file(), file!());
    /// gate.set();
    /// assert!(executor.shutdown_timeout(Shutdown::WAIT, Duration::MAX).is_ok());
    /// ```
    #[cfg(not(model))]
    pub fn shutdown_timeout(&self, how: Shutdown, timeout: Duration) -> Result<(), StillRunning> {
        self.shutdown(Shutdown { wait: false, ..how });
        let ended = !self.pool.is_worker() && self.threads.wait_until(deadline_after(timeout));
        loop {
            let (queued, busy) = self.pool.queued_and_busy();
            if ended || queued == 0 && busy == 0 {
                self.threads.shut_down(true); // there is nothing to wait for
                return Ok(());
            }
            let task = |(worker, submitted_at)| RunningTask {
                worker: self.threads.name(worker),
                submitted_at,
            };
            let tasks: Vec<_> = self.pool.at_work.look().map(task).collect();
            if queued > 0 || !tasks.is_empty() {
                return Err(StillRunning { tasks, queued });
            }
            // A worker has taken a task, and says in a moment which; or is done with it.
            yield_now();
        }
    }

    /// Whether the executor was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.pool.queue.is_shutdown()
    }
}

/// Runs the submitted tasks, and waits for them: see [`Executor`].
#[cfg(not(model))]
impl Drop for Executor {
    fn drop(&mut self) {
        if self.threads.is_here() {
            self.pool.queue.shutdown();
            if !self.pool.is_worker() {
                self.threads.end(); // if a shutdown has not said otherwise
            }
        }
    }
}

/// The workers survive what they call, and a panic can leave nothing else half done.
impl UnwindSafe for Executor {}
impl RefUnwindSafe for Executor {}

/// How much it has to do. An answer may be out of date when you read it.
impl Executor {
    /// How many workers it may have: as many as it has, unless they [start on
    /// demand](crate::Workers::grow_to). _Python_: `max_workers`.
    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.threads.most()
    }

    /// How many tasks no worker has taken. Counts a cancelled task until a worker comes to it.
    #[must_use]
    #[doc(alias = "qsize")]
    pub fn queued(&self) -> usize {
        self.pool.queued_and_busy().0
    }

    /// How many workers are at a task. One that waits for another task, and runs it meanwhile,
    /// counts once. Costs a load for each worker.
    ///
    /// ```
    /// use primitives::Event;
    /// use queues::Executor;
    /// use std::sync::Arc;
    ///
    /// let executor = Executor::new(1);
    /// let (began, gate) = (Arc::new(Event::new()), Arc::new(Event::new()));
    /// let (begin, busy) = (Arc::clone(&began), Arc::clone(&gate));
    /// executor.submit(move || {
    ///     begin.set();
    ///     busy.wait();
    /// });
    /// executor.submit(|| ());
    /// began.wait();
    /// assert_eq!((executor.running(), executor.queued()), (1, 1));
    /// gate.set();
    /// ```
    #[cfg(not(model))]
    #[must_use]
    pub fn running(&self) -> usize {
        self.pool.at_work.look().count()
    }
}

/// Shows how many workers it has, and how many tasks wait. Never blocks.
impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("workers", &self.workers())
            .field("queue", &self.pool.queue)
            .finish()
    }
}
