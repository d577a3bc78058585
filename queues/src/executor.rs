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
//! - A wait in a forked child. The workers are threads of the parent; the child has the executor
//!   without them, and nothing that is submitted there ever runs. (The child may drop it or call
//!   `shutdown`, unless another thread was using it at the moment of the fork.) A child that needs
//!   an executor makes its own.
//!
//! One more point does not hang but may surprise: an executor in a `static` is never dropped, as
//! nothing in a `static` is. When `main` returns, the process ends, and its running tasks end with
//! it. Call [`shutdown(true, false)`](Executor::shutdown) first.
//!
//! Source: CPython's `concurrent.futures`; helping is from Wagner and Calder, _Leapfrogging: a
//! portable technique for implementing efficient futures_ (1993), of which this is the simplest
//! case.
//!
//! | file                    | idea                                                           |
//! | ----------------------- | -------------------------------------------------------------- |
//! | `executor.rs`           | what a program calls                                           |
//! | `executor/state.rs`     | the word of a task: which thread may run it, whether it is over |
//! | `executor/job.rs`       | a task itself: the closure, the place for its result           |
//! | `executor/keep.rs`      | where a task keeps them, so that memory comes back             |
//! | `executor/task.rs`      | the handle of a task                                           |
//! | `executor/pool.rs`      | what workers and handles share; which worker helps             |
//! | `executor/map.rs`       | a function over many items, in order, a few at a time          |
//! | `executor/as_completed.rs` | many tasks, in the order in which they end                  |
//! | `executor/scope.rs`     | tasks that borrow, and why that is sound                       |

mod as_completed;
mod error;
mod job;
mod keep;
mod map;
#[cfg(model)]
pub mod model;
mod pool;
mod scope;
mod state;
mod task;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
#[cfg(not(model))]
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

pub use self::as_completed::{AsCompleted, as_completed};
pub use self::error::{ResultTimeoutError, TaskError};
use self::job::{Body, Job};
use self::keep::{Boxed, Inside, Keep, are_small};
pub use self::map::Map;
use self::pool::Pool;
pub use self::scope::Scope;
pub use self::task::Task;
use crate::error::PutError;
use crate::workers::drop_quietly;
#[cfg(not(model))]
use crate::workers::{WorkerThreads, Workers};

/// Runs closures on a few threads and hands out their results.
///
/// [`submit`](Self::submit) never waits. It returns a [`Task`], whose [`result`](Task::result)
/// waits. Tasks begin in the order in which they were submitted. A task costs one allocation, a
/// `put` and a `get` of a [`Queue`](crate::Queue) and three atomic operations, and a system call
/// when a worker must be woken.
///
/// **Dropping** it is like leaving Python's `with` block. It calls
/// [`shutdown(true, false)`](Self::shutdown), which waits until all tasks have run, also while a
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
    threads: WorkerThreads,
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

    /// Starts workers with a name and a stack size of your choice.
    ///
    /// # Errors
    ///
    /// The system's error if it cannot make that many threads; those that had started end.
    /// `InvalidInput` if the name contains a zero byte.
    pub fn with_workers(workers: Workers) -> io::Result<Self> {
        use primitives::sync::atomic::{AtomicU64, Ordering::Relaxed};
        static MADE: AtomicU64 = AtomicU64::new(0);

        // Relaxed: the numbers only have to differ.
        let name = format!("Executor-{}", MADE.fetch_add(1, Relaxed) + 1);
        let pool = Arc::new(Pool::new(workers.count()));
        match WorkerThreads::start(&workers, &name, &pool, Pool::work) {
            Ok(threads) => Ok(Self { pool, threads }),
            Err(error) => {
                pool.queue.shutdown();
                Err(error)
            }
        }
    }

    /// How many workers it has. _Python_: `max_workers`.
    #[must_use]
    #[doc(alias = "max_workers")]
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

const IS_SHUT_DOWN: &str =
    "the executor is shut down and runs no more tasks: submit before, or use `try_submit`";

// ANCHOR: submit
/// Submitting tasks.
impl Executor {
    /// Adds a task; a worker runs it when the earlier ones have begun. Never blocks.
    ///
    /// The task sees all that was done before this call. _Python_: `submit(fn)`.
    ///
    /// # Panics
    ///
    /// If the executor is shut down; [`try_submit`](Self::try_submit) gives the closure back
    /// instead. _Python_: `RuntimeError: cannot schedule new futures after shutdown`.
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match self.try_submit(f) {
            Ok(task) => task,
            Err(_) => panic!("{IS_SHUT_DOWN}"),
        }
    }

    /// Adds a task, unless the executor is shut down. Never blocks. For programs in which one
    /// thread may submit while another shuts down.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the closure.
    ///
    /// ```
    /// use queues::{Executor, PutError};
    ///
    /// let executor = Executor::new(1);
    /// executor.shutdown(true, false);
    /// let PutError::Shutdown(f) = executor.try_submit(|| 6 * 7).unwrap_err();
    /// assert_eq!(f(), 42); // here, then
    /// ```
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn try_submit<F, T>(&self, f: F) -> Result<Task<T>, PutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if are_small::<F, T>() {
            self.add(Body::<T, F, Inside>::new(f))
        } else {
            self.add(Body::<T, F, Boxed>::new(f))
        }
    }

    fn add<F, T, K>(&self, body: Body<T, F, K>) -> Result<Task<T>, PutError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        K: Keep + 'static,
    {
        let body = Arc::new(body);
        match self.pool.queue.put(Arc::clone(&body) as Arc<dyn Job>) {
            Ok(()) => Ok(Task::new(body, Arc::clone(&self.pool))),
            Err(PutError::Shutdown(_)) => {
                let f = body.reclaim().expect("no other thread has seen it");
                Err(PutError::Shutdown(f))
            }
        }
    }
}
// ANCHOR_END: submit

/// Ending.
impl Executor {
    /// Ends the executor: from now on nothing can be submitted. With `wait`, blocks until every
    /// worker has done its last task. With `cancel_pending`, cancels the tasks that no worker has
    /// begun; otherwise they still run.
    ///
    /// Cancelled tasks are over before this returns or waits: it drops their closures and calls
    /// their callbacks here. It may be called again, to wait or cancel after all, and from several
    /// threads. In a task of this executor `wait` has no effect, because the task would wait for
    /// itself. (_Python_: `RuntimeError`.)
    ///
    /// Without `wait`, the drop of the executor does not wait either (the last call counts): a task
    /// that never ends delays neither. A task that has not run when the program ends never runs.
    ///
    /// _Python_: `shutdown(wait=True, cancel_futures=False)`.
    ///
    /// ```
    /// use primitives::Event;
    /// use queues::Executor;
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
    /// executor.shutdown(false, true); // do not wait, cancel what waits
    /// assert!(waiting.is_cancelled());
    /// gate.set();
    /// assert_eq!(running.result().unwrap(), "ran");
    /// ```
    pub fn shutdown(&self, wait: bool, cancel_pending: bool) {
        #[cfg(not(model))]
        self.threads.shut_down(wait);
        if cancel_pending {
            for job in self.pool.queue.shutdown_now() {
                job.cancel();
                drop_quietly(job);
            }
        } else {
            self.pool.queue.shutdown();
        }
        #[cfg(not(model))]
        if wait && !self.pool.is_worker() {
            self.threads.wait();
        }
        #[cfg(model)]
        let _ = wait; // for the roles that are its workers, the scenario waits
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
                self.threads.end();
            }
        }
    }
}

/// The workers survive what they call, and a panic can leave nothing else half done.
impl UnwindSafe for Executor {}
impl RefUnwindSafe for Executor {}

/// Shows how many workers it has, and how many tasks wait. Never blocks.
impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("workers", &self.workers())
            .field("queue", &self.pool.queue)
            .finish()
    }
}
