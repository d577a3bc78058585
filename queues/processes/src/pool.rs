//! A pool of processes: calls go in, results come out, and a killed worker loses only one call.
//!
//! ```text
//!    submit ─▶ tasks that wait ─▶ stream of calls ─▶ worker 1 ─▶ stream of answers ─▶ result, callback
//!              (in the parent)    (shared memory)    worker 2    (shared memory)
//! ```
//!
//! | state of a task | where                            | `cancel`  | if its worker is killed             |
//! | --------------- | -------------------------------- | --------- | ----------------------------------- |
//! | queued          | in the parent, or in a stream    | yes       | another worker gets it              |
//! | begun           | in the worker                    | too late  | [`TaskError::WorkerDied`]           |
//! | done            | its answer is in the stream      | too late  | the answer is there                 |
//!
//! A call that killed its worker is never repeated automatically: it would kill the next worker.
//!
//! There are no chunks to choose. The pool sends each worker calls ahead for about 0.3 ms, by the
//! average of the last calls: many short ones, or one long one. It takes back calls that a worker
//! has not begun when another worker has nothing to do.
//!
//! | file              | idea                                                                             |
//! | ----------------- | -------------------------------------------------------------------------------- |
//! | `pool.rs`         | what a program calls                                                             |
//! | `pool/task.rs`    | the handle of a task                                                             |
//! | `pool/map.rs`     | a function over many items                                                       |
//! | `pool/inside.rs`  | the threads of the parent that do the pool's work                                |
//! | `pool/crew.rs`    | which worker does what                                                           |
//! | `pool/member.rs`  | one worker, as the crew sees it                                                  |
//! | `pool/call.rs`    | a call, and where its result goes                                                |
//! | `pool/worker.rs`  | a worker, in its own process                                                     |
//! | `pool/channel.rs` | what a pool and a worker share                                                   |
//! | `pool/slots.rs`   | the words of calls: queued, begun, withdrawn                                     |
//! | `pool/stream.rs`  | bytes from one to the other                                                      |
//! | `pool/wire.rs`    | file descriptors, and calls too large for a stream                               |
//! | `pool/bell.rs`    | wakes the parent when a worker has an answer                                     |

mod bell;
mod call;
mod channel;
mod crew;
mod error;
mod inside;
mod map;
mod member;
mod slots;
mod stream;
mod task;
mod wire;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use primitives::threads;

use self::bell::PoolBell;
use self::call::Call;
use self::crew::{Crew, Plan};
pub use self::error::{PoolError, SubmitError, TaskError};
use self::inside::{Inside, Progress};
pub use self::map::Imap;
pub use self::task::Task;
use crate::function::{self, Function, Packed};
use crate::futex;
use crate::process::StartError;

/// Processes that call functions.
///
/// Tasks begin in the order in which they were submitted. A worker that is killed, or that calls
/// `exit`, loses only its current task, and another worker takes its place.
///
/// **Dropping** it is [`shutdown`](Self::shutdown), which waits until all tasks have run.
///
/// _Python_: `multiprocessing.Pool`, which never answers after a worker was killed, and
/// `concurrent.futures.ProcessPoolExecutor`, which then gives up all its tasks.
///
/// ```
/// use processes::ProcessPool;
///
/// processes::function! {
///     fn square(x: u64) -> u64 { x * x }
///     fn add(a: u64, b: u64) -> u64 { a + b }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     processes::init();
///     let pool = ProcessPool::new(2)?;
///     assert_eq!(pool.apply(square, (3,))?, 9);
///     assert_eq!(pool.map(square, 1..=4)?, [1, 4, 9, 16]);
///     assert_eq!(pool.starmap(add, [(1, 2), (3, 4)])?, [3, 7]);
///     let task = pool.submit(square, (5,))?;
///     assert_eq!(task.result()?, 25);
///     Ok(())
/// }
/// ```
#[doc(alias = "Pool")]
#[doc(alias = "ProcessPoolExecutor")]
pub struct ProcessPool {
    shared: Arc<Inside>,
    collector: Option<threads::JoinHandle<()>>,
}

/// Settings of a pool: see [`ProcessPool::builder`].
#[derive(Default)]
#[must_use = "no worker is started before `start`"]
pub struct ProcessPoolBuilder {
    workers: Option<usize>,
    name: Option<String>,
    max_tasks_per_child: Option<u64>,
    initializer: Option<Result<(String, Vec<u8>), String>>,
    progress: Option<Progress>,
}

impl ProcessPoolBuilder {
    /// The number of workers; the default is one for each core.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// The workers are called `NAME-1`, `NAME-2` …; the default name is `Pool`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// A worker ends after `calls` calls, and another takes its place. This helps if calls leak
    /// memory. Zero counts as one.
    ///
    /// _Python_: `maxtasksperchild`, which counts chunks.
    pub fn max_tasks_per_child(mut self, calls: u64) -> Self {
        self.max_tasks_per_child = Some(calls.max(1));
        self
    }

    /// Each worker calls this first. If it panics, the pool is [broken](TaskError::Broken).
    pub fn initializer<F: Function>(mut self, _function: F, arguments: F::Args) -> Self {
        self.initializer = Some(match Packed::new(&arguments) {
            Ok(packed) if packed.fds.is_empty() => Ok((F::NAME.to_owned(), packed.bytes)),
            Ok(_) => Err("what processes share goes among the arguments of a task".to_owned()),
            Err(error) => Err(error.to_string()),
        });
        self
    }

    /// Called after each task, in the thread that read its result, with the numbers of done and
    /// submitted tasks. It must be quick.
    pub fn progress(mut self, hook: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(hook));
        self
    }

    /// Starts the workers: about 1 ms each.
    ///
    /// # Errors
    ///
    /// See [`PoolError`]; workers that had started end.
    pub fn start(self) -> Result<ProcessPool, PoolError> {
        let workers = self.workers.unwrap_or_else(primitives::sync::cores);
        if workers == 0 {
            return Err(PoolError::NoWorkers);
        }
        let plan = Plan {
            name: self.name.unwrap_or_else(|| "Pool".into()),
            workers,
            max_tasks_per_child: self.max_tasks_per_child,
            initializer: self.initializer.transpose().map_err(PoolError::Initializer)?,
        };
        let bell = PoolBell::new().map_err(StartError::Io)?;
        let crew = Crew::start(plan, bell.clone())?;
        let shared = Arc::new(Inside::new(crew, bell, self.progress));
        let inside = Arc::clone(&shared);
        let collector = threads::Builder::new().name("collector").spawn(move || inside.collect());
        let collector = collector.map_err(StartError::Io)?;
        Ok(ProcessPool { shared, collector: Some(collector) })
    }
}

impl ProcessPool {
    /// Starts a pool of `workers` workers.
    ///
    /// # Errors
    ///
    /// See [`PoolError`]: 0 workers, or [`init`](crate::init) was not called, or the system
    /// refused.
    pub fn new(workers: usize) -> Result<Self, PoolError> {
        Self::builder().workers(workers).start()
    }

    /// A pool with further settings.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::default()
    }

    /// Calls a function in a worker, and blocks until it returns.
    ///
    /// # Errors
    ///
    /// See [`TaskError`]; [`Cancelled`](TaskError::Cancelled) if the pool is shut down.
    pub fn apply<F: Function>(
        &self,
        function: F,
        arguments: F::Args,
    ) -> Result<F::Output, TaskError> {
        match self.pass(function, arguments, Inside::submit_and_wait) {
            Ok(task) => task.result(),
            Err(SubmitError::Closed) => Err(TaskError::Cancelled),
            Err(SubmitError::Arguments(error)) => Err(TaskError::Arguments(error)),
            Err(SubmitError::Broken(why)) => Err(TaskError::Broken(why)),
        }
    }

    /// Passes a call to the pool. Never blocks for long.
    ///
    /// _Python_: `apply_async`, `submit`.
    ///
    /// # Errors
    ///
    /// See [`SubmitError`].
    pub fn submit<F: Function>(
        &self,
        function: F,
        arguments: F::Args,
    ) -> Result<Task<F::Output>, SubmitError> {
        self.pass(function, arguments, Inside::submit)
    }

    fn pass<F: Function>(
        &self,
        _function: F,
        arguments: F::Args,
        submit: fn(&Inside, Call) -> Result<(), SubmitError>,
    ) -> Result<Task<F::Output>, SubmitError> {
        let arguments =
            Packed::new(&arguments).map_err(|error| SubmitError::Arguments(error.to_string()))?;
        let (task, sink) = Task::new(Arc::clone(&self.shared));
        let call = Call { sink, number: 0, function: function::place_of::<F>(), arguments };
        submit(&self.shared, call)?;
        Ok(task)
    }

    /// Calls a function with each item, and returns the results in order.
    ///
    /// # Errors
    ///
    /// The error of the first item that has one. The others still run.
    pub fn map<F, A, I>(&self, function: F, items: I) -> Result<Vec<F::Output>, TaskError>
    where
        F: Function<Args = (A,)>,
        I: IntoIterator<Item = A>,
    {
        self.imap(function, items).collect()
    }

    /// As [`map`](Self::map), for a function of several arguments.
    ///
    /// # Errors
    ///
    /// As [`map`](Self::map).
    pub fn starmap<F, I>(&self, _function: F, arguments: I) -> Result<Vec<F::Output>, TaskError>
    where
        F: Function,
        I: IntoIterator<Item = F::Args>,
    {
        Imap::new::<F, _>(&self.shared, arguments.into_iter(), true).collect()
    }

    /// As [`map`](Self::map), lazily: the results come one by one, and it reads the items a few
    /// hundred ahead.
    ///
    /// If the items' iterator panics, the results of its earlier items come first, and then the
    /// panic.
    pub fn imap<'a, F, A, I>(&'a self, _function: F, items: I) -> Imap<'a, F::Output>
    where
        F: Function<Args = (A,)>,
        I: IntoIterator<Item = A>,
        I::IntoIter: 'a,
    {
        Imap::new::<F, _>(&self.shared, items.into_iter().map(|item| (item,)), true)
    }

    /// As [`imap`](Self::imap), in the order in which the results come.
    pub fn imap_unordered<'a, F, A, I>(&'a self, _function: F, items: I) -> Imap<'a, F::Output>
    where
        F: Function<Args = (A,)>,
        I: IntoIterator<Item = A>,
        I::IntoIter: 'a,
    {
        Imap::new::<F, _>(&self.shared, items.into_iter().map(|item| (item,)), false)
    }

    /// Accepts no more tasks, and blocks until all have run and the workers have ended.
    ///
    /// _Python_: `close()` and `join()`.
    pub fn shutdown(&self) {
        self.shared.close();
        self.shared.wait_for_the_end(None);
    }

    /// As [`shutdown`](Self::shutdown), for at most `timeout`. `false` if some tasks still run;
    /// call it again, or [`terminate`](Self::terminate).
    #[must_use]
    pub fn shutdown_timeout(&self, timeout: Duration) -> bool {
        self.shared.close();
        self.shared.wait_for_the_end(futex::after(timeout))
    }

    /// Kills the workers, and blocks until they have ended. Tasks without a result are
    /// [cancelled](TaskError::Cancelled).
    pub fn terminate(&self) {
        self.shared.terminate();
        self.shared.wait_for_the_end(None);
    }

    /// The workers' process ids at this moment.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.shared.pids()
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        self.shutdown();
        if let Some(collector) = self.collector.take() {
            self.shared.wake_collector();
            // It does not panic itself, and has reported panics of callbacks.
            let _ = collector.join();
        }
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool").field("pids", &self.pids()).finish_non_exhaustive()
    }
}
