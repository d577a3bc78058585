//! The executor: closures that return something go in, and a handle comes out for each.
//!
//! Python's `ThreadPoolExecutor`. A few threads take tasks from a [`Queue`](crate::Queue) and run them;
//! [`Task`] is what Python calls a future, and the word in it what decides all that two threads could disagree about:
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
//! A cancelled task stays in the queue as an empty shell until a worker comes by; its closure is gone at once.
//!
//! # Panics
//!
//! A task that panics is reported by the panic hook, as any thread's panic is, and [`Task::result`] returns it as
//! [`TaskError::Panicked`], which has the thread's name, the message and `file:line:column`. The worker goes on with the
//! next task. The same holds for what a task captured, for results that nobody asks for and for callbacks: whatever of
//! the program's panics in a worker, the worker lives on.
//!
//! # A task that waits for a task
//!
//! A task may wait for the [`result`](Task::result) of another one of the same executor. With as many tasks that wait
//! as there are workers, nobody would be left to run what they wait for. CPython's documentation shows such a
//! program, a pool of one, which hangs for ever and silently. Here it does not: **a worker that waits for a task which nobody has
//! begun, and nobody is free to begin, runs it itself**, on its own stack, and then has its result. That costs one claim,
//! which the worker that finds the empty shell loses.
//!
//! Why help, and not report an error? Such a program is not wrong: it divides its work, and would run with more workers.
//! And a lock that it holds and that task wants would have stopped both in any case, because the worker runs _the very
//! task_ that it waits for, and no other. (What helps with just any task may run one that wants a lock which the waiting
//! one holds, though the task that it waits for does not.)
//!
//! But a task that is run by a worker which waits for it runs in _that worker's thread_, and finds there what belongs to
//! the thread: a `RefCell` in a `thread_local!` that the waiting one has borrowed, which then panics; an
//! [`RLock`](primitives::RLock) that the waiting one holds, and which lets the other in as its owner, into the middle of
//! what it should not see. So **a worker helps only when no worker is free.** If one is, the task is handed to it, before
//! all others, and is begun for certain. Better still is to hold nothing of the thread's over a
//! [`result`](Task::result): where no worker is free, nothing warns of it.
//!
//! The same goes for [`Task::wait`], [`map`](Executor::map), [`as_completed`] and the end of a
//! [`scope`](Executor::scope), when a task calls them. What remains for a program to know:
//!
//! - Each such wait may nest a task on the stack of the one that waits, as a recursive call does. Tasks that
//!   divide their work in two a few dozen times are fine; a chain of thousands, each waiting for the next, wants
//!   [a larger stack](crate::Workers::stack_size).
//! - A wait with a time limit runs nothing, for it could not keep the limit. It times out.
//! - A task that waits for itself, or for one that it is helping and that waits for it, panics with a clear message.
//!
//! # What hangs
//!
//! - Two tasks that run in two workers and wait for each other.
//! - Tasks that wait for each other by any other means (an [`Event`](primitives::Event), a queue, a lock) with fewer
//!   workers than there are such tasks and one more. No executor can know better: start as many workers as tasks must be
//!   able to wait at once.
//! - Tasks of _two executors_ that wait for each other's, if all workers of both do: a worker helps its own executor
//!   alone. Let tasks that wait for each other share an executor.
//! - A wait in the child of a `fork`. The workers are threads of the parent; the child has the executor without them, and
//!   nothing that is submitted there ever runs. (To drop it there, or to call `shutdown`, does no harm, unless
//!   another thread was just using it when the fork came.) A child that needs an executor makes its own.
//!
//! And one thing that does not hang but may surprise: an executor in a `static` is never dropped, as nothing in a
//! `static` is. When `main` returns, the process ends, and with it what the workers were at. Call
//! [`shutdown(true, false)`](Executor::shutdown) before.
//!
//! Source: CPython's `concurrent.futures`; helping, from Wagner and Calder, _Leapfrogging: a portable technique
//! for implementing efficient futures_ (1993), of which this is the simplest case.
//!
//! | file                    | idea                                                           |
//! | ----------------------- | -------------------------------------------------------------- |
//! | `executor.rs`           | what a program calls                                           |
//! | `executor/state.rs`     | the word of a task: who may run it, whether it is over         |
//! | `executor/job.rs`       | a task itself: the closure, the place for its result           |
//! | `executor/keep.rs`      | where a task keeps them, so that memory comes back             |
//! | `executor/task.rs`      | the handle of a task                                           |
//! | `executor/pool.rs`      | what workers and handles share; who helps                      |
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
/// [`submit`](Self::submit) never waits and returns a [`Task`], whose [`result`](Task::result) does. Tasks begin in the
/// order in which they were submitted. A task costs one allocation, a `put` and a `get` of a [`Queue`](crate::Queue) and
/// three atomic operations, and a system call when a worker must be woken.
///
/// **Dropping** it is what leaving Python's `with` block is: [`shutdown(true, false)`](Self::shutdown), which waits until
/// all tasks have run, also if a panic unwinds. If the last handle is dropped by one of its own tasks it does not wait,
/// and the workers end by themselves. For another end call [`shutdown`](Self::shutdown) before: after one that does not
/// wait, the drop does not wait either.
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
    /// Starts so many workers, named `Executor-1_0`, `Executor-1_1` …, where the first number counts the executors of this
    /// program. Costs about 75 µs a worker.
    ///
    /// [`Executor::default`] chooses how many: see [`Workers::default`].
    ///
    /// # Panics
    ///
    /// If `workers` is zero, or the system has no thread to give ([`with_workers`](Self::with_workers) returns that as
    /// an error).
    #[must_use]
    #[track_caller]
    pub fn new(workers: usize) -> Self {
        Self::with_workers(Workers::new(workers)).expect(CANNOT_START)
    }

    /// Starts workers with a name and a stack size of your choice.
    ///
    /// # Errors
    ///
    /// What the system says if it has not that many threads to give; those that had started end. `InvalidInput` if the
    /// name has a zero byte in it.
    pub fn with_workers(workers: Workers) -> io::Result<Self> {
        use primitives::sync::atomic::{AtomicU64, Ordering::Relaxed};
        static MADE: AtomicU64 = AtomicU64::new(0);

        // Relaxed: only that no two are the same.
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

/// With [`Workers::default`]: one for each core, and at least four.
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
/// Giving it something to do.
impl Executor {
    /// Adds a task; a worker runs it when those before it have begun. Never blocks.
    ///
    /// All that was done before this call is visible to the task. _Python_: `submit(fn)`.
    ///
    /// # Panics
    ///
    /// If the executor is shut down; [`try_submit`](Self::try_submit) gives the closure back instead.
    /// _Python_: `RuntimeError: cannot schedule new futures after shutdown`.
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

    /// Adds a task, unless the executor is shut down. Never blocks. For programs in which one thread may submit as
    /// another shuts down.
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
                let f = body.reclaim().expect("nobody else has seen it");
                Err(PutError::Shutdown(f))
            }
        }
    }
}
// ANCHOR_END: submit

// ANCHOR: shutdown
/// Ending.
impl Executor {
    /// From now on nothing can be submitted. With `wait`, blocks until every worker has done its last task; with
    /// `cancel_pending`, cancels what no worker has begun, and otherwise that still runs.
    ///
    /// Cancelled tasks are over, their closures dropped and their callbacks called, here, before this returns or waits.
    /// May be called again, to wait or cancel after all, and from several threads. A task of this executor that
    /// calls it with `wait` does not wait: it would wait for itself. (_Python_: `RuntimeError`.)
    ///
    /// Without `wait`, the drop of the executor does not wait either (the last call counts): a task that never ends
    /// holds up neither. What has not run when the program ends, never does.
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

    /// Whether it was shut down.
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.pool.queue.is_shutdown()
    }
}
// ANCHOR_END: shutdown

/// Runs what was submitted, and waits for it: see [`Executor`].
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

/// The workers outlive what they call, and there is nothing else that a panic could leave half done.
impl UnwindSafe for Executor {}
impl RefUnwindSafe for Executor {}

/// How many workers it has, and how many tasks wait. Never blocks.
impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("workers", &self.workers())
            .field("queue", &self.pool.queue)
            .finish()
    }
}
