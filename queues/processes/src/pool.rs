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
//! | `pool/crew.rs`    | the inside: which worker does what                                               |
//! | `pool/worker.rs`  | a worker                                                                         |
//! | `pool/channel.rs` | what a pool and a worker share; the word of a call                               |
//! | `pool/stream.rs`  | bytes from one to the other                                                      |

mod channel;
mod crew;
mod error;
mod map;
mod stream;
mod task;
mod worker;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::time::Duration;

use primitives::{Condition, Lock, threads};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::crew::{Call, Crew, Plan, Told};
pub use self::error::{PoolError, SubmitError, TaskError};
pub use self::map::Imap;
pub use self::task::Task;
use crate::control::{self, Payload};
use crate::function::{self, Function, Packed};
use crate::futex::{self, Deadline};
use crate::process::StartError;
use crate::queue::bell::{Bell, Seen};
use crate::queue::look;
use crate::segment::{Segment, Shared};

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

type Progress = Box<dyn Fn(usize, usize) + Send + Sync>;

/// What the pool, its tasks and its collector share.
struct Inside {
    crew: Lock<Crew>,
    bell: PoolBell,
    /// Notified when a worker has ended, or the last task.
    changed: Condition,
    progress: Option<Progress>,
    submitted: AtomicUsize,
    done: AtomicUsize,
    /// How long a thread spins for its result, in pauses.
    patience: AtomicU32,
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
        let shared = Arc::new(Inside {
            crew: Lock::new(crew),
            bell,
            changed: Condition::new(),
            progress: self.progress,
            submitted: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            patience: AtomicU32::new(400),
        });
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
        match self.submit(function, arguments) {
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
        _function: F,
        arguments: F::Args,
    ) -> Result<Task<F::Output>, SubmitError> {
        let arguments =
            Packed::new(&arguments).map_err(|error| SubmitError::Arguments(error.to_string()))?;
        let (task, sink) = Task::new(Arc::clone(&self.shared));
        let call = Call { sink, number: 0, function: function::place_of::<F>(), arguments };
        let mut told = Vec::new();
        let mut crew = self.shared.open_crew()?;
        // Relaxed: only a counter.
        self.shared.submitted.fetch_add(1, Relaxed);
        crew.push(call, &mut told);
        drop(crew);
        self.shared.tell(told);
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
        let mut told = Vec::new();
        self.shared.crew.lock().terminate(&mut told);
        self.shared.tell(told);
        self.shared.bell.ring_hard();
        self.shared.wait_for_the_end(None);
    }

    /// The workers' process ids at this moment.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.shared.crew.lock().pids()
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        self.shutdown();
        if let Some(collector) = self.collector.take() {
            self.shared.bell.ring_hard();
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

impl Inside {
    /// The crew, if it accepts calls.
    fn open_crew(&self) -> Result<primitives::LockGuard<'_, Crew>, SubmitError> {
        let crew = self.crew.lock();
        if let Some(why) = &crew.broken {
            return Err(SubmitError::Broken(why.clone()));
        }
        if crew.closed {
            return Err(SubmitError::Closed);
        }
        Ok(crew)
    }

    fn close(&self) {
        self.crew.lock().closed = true;
        self.bell.ring_hard();
    }

    fn wait_for_the_end(&self, deadline: Deadline) -> bool {
        let mut crew = self.crew.lock();
        while !crew.is_empty() {
            match deadline {
                None => self.changed.wait(&mut crew),
                Some(deadline) => {
                    if self.changed.wait_deadline(&mut crew, deadline).timed_out() {
                        return crew.is_empty();
                    }
                }
            }
        }
        true
    }

    /// Reads the answers, and sends more calls. Returns whether there was anything.
    fn pump(&self) -> bool {
        let mut told = Vec::new();
        let Some(mut crew) = self.crew.try_lock() else { return false };
        let had_something = crew.pump(&mut told);
        let is_over = crew.is_empty();
        drop(crew);
        self.tell(told);
        if is_over {
            self.changed.notify_all();
        }
        had_something
    }

    /// Passes results on, without holding a lock.
    fn tell(&self, told: Vec<Told>) {
        for told in told {
            told.tell();
            // Relaxed: only a counter.
            let done = self.done.fetch_add(1, Relaxed) + 1;
            if let Some(progress) = &self.progress {
                let submitted = self.submitted.load(Relaxed);
                quietly(|| progress(done, submitted));
            }
        }
    }

    /// The collector: does the pool's work when no waiting thread does.
    fn collect(&self) {
        loop {
            let seen = self.bell.prepare();
            // Not `pump`, which leaves the work to another thread: that one may have looked before
            // the bell rang.
            let mut told = Vec::new();
            let mut crew = self.crew.lock();
            let had_something = crew.pump(&mut told);
            let is_over = crew.is_empty() && crew.closed;
            drop(crew);
            self.tell(told);
            if is_over {
                self.changed.notify_all();
                return;
            }
            if !had_something {
                self.bell.sleep(seen);
            }
        }
    }

    /// Does the pool's work for a while, until `is_done`. Returns `false` if the collector must
    /// continue.
    fn help_until(&self, is_done: impl Fn() -> bool) -> bool {
        if is_done() {
            return true;
        }
        self.bell.hush();
        let done = look(&self.patience, || {
            self.pump();
            is_done().then_some(())
        });
        // This thread must find what arrived since the last look.
        self.bell.listen();
        self.pump();
        done.is_some() || is_done()
    }
}

/// Calls the program's code. The panic hook reports a panic, which ends here.
fn quietly(f: impl FnOnce()) {
    let _ = threads::catch_panic(AssertUnwindSafe(f));
}

/// The bell that all workers of a pool ring when they have an answer.
#[derive(Clone)]
struct PoolBell(Arc<Segment<Bell>>);

// SAFETY: zero is a bell without waiters; it is an atomic, without an address.
unsafe impl Shared for Bell {
    const KIND: u32 = 9;
}

const NOTHING: std::alloc::Layout = std::alloc::Layout::new::<()>();

impl PoolBell {
    fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Segment::create(NOTHING, 0)?)))
    }

    fn ring(&self) {
        self.0.ring();
    }

    /// Even if no thread seems to sleep.
    fn ring_hard(&self) {
        self.0.ring_all();
    }

    fn prepare(&self) -> Seen {
        self.0.prepare()
    }

    fn sleep(&self, seen: Seen) {
        self.0.sleep(seen, None);
    }

    /// A thread looks by itself: no sleeper need be woken.
    fn hush(&self) {
        self.0.hush();
    }

    /// No longer.
    fn listen(&self) {
        self.0.prepare();
    }
}

impl Serialize for PoolBell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.give(serializer)
    }
}

impl<'de> Deserialize<'de> for PoolBell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::new(Segment::take(NOTHING, deserializer)?)))
    }
}

/// A socket among the arguments of a process.
struct Socket(OwnedFd);

impl Serialize for Socket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::handover::give(self.0.as_fd(), serializer)
    }
}

impl<'de> Deserialize<'de> for Socket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::handover::take(deserializer).map(Self)
    }
}

/// Sends the descriptors of a message; one of them has its bytes if they are many. Returns the
/// bytes that go into the stream.
fn send_fds(socket: BorrowedFd<'_>, packed: Packed) -> io::Result<Vec<u8>> {
    let (payload, fds) = control::load(packed)?;
    let (file, bytes) = match payload {
        Payload::File(len) => (Some(len), Vec::new()),
        Payload::Inline(bytes) => (None, bytes),
    };
    control::send(socket, &file, &fds)?;
    Ok(bytes)
}

fn receive_fds(socket: BorrowedFd<'_>) -> io::Result<(Option<u64>, Vec<OwnedFd>)> {
    control::receive(socket, true)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn put_together((file, fds): (Option<u64>, Vec<OwnedFd>), bytes: Vec<u8>) -> io::Result<Packed> {
    control::unload(file.map_or(Payload::Inline(bytes), Payload::File), fds)
}
