//! [`Workers`]: how many threads a pool gets, and what it demands of them.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use primitives::sync;

/// The smallest default number of threads.
const FEWEST_BY_DEFAULT: usize = 4;

/// How many threads a pool gets, their names, and their stacks; what each does first; and how many
/// tasks may wait for them.
///
/// ```
/// use queues::{TaskQueue, Workers};
///
/// let crawlers = TaskQueue::with_workers(Workers::new(2).name("crawler").stack_size(256 * 1024))?;
/// crawlers.add_task(|| assert!(primitives::threads::current().name().starts_with("crawler_")))?;
/// assert_eq!(crawlers.join().failed, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// _Python_: `max_workers`, `thread_name_prefix` and `initializer` of `ThreadPoolExecutor`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "workers are not started before a pool is made with them"]
pub struct Workers {
    count: NonZeroUsize,
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
    pub(super) initializer: Option<Initializer>,
    most: NonZeroUsize,
    pub(crate) bound: Option<usize>,
}

/// What each thread calls first.
#[derive(Clone)]
pub(super) struct Initializer(pub(super) Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for Initializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fn()")
    }
}

/// The very same closure, and not one that does the same.
impl PartialEq for Initializer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Initializer {}

/// A thread in which it panics ends, and others answer for what it shared with them.
impl UnwindSafe for Initializer {}
impl RefUnwindSafe for Initializer {}

impl Workers {
    /// So many threads.
    ///
    /// # Panics
    ///
    /// If `count` is zero.
    #[track_caller]
    pub fn new(count: usize) -> Self {
        let Some(count) = NonZeroUsize::new(count) else {
            panic!("a pool of 0 workers would never run a task: use at least 1");
        };
        let (name, stack_size, initializer, bound) = (None, None, None, None);
        Self { count, name, stack_size, initializer, most: count, bound }
    }

    /// Names the threads: `name_0`, `name_1` … The report of a panic has the name of the thread. On
    /// Linux the system shows its first 15 bytes, for example in `top -H`.
    #[doc(alias = "thread_name_prefix")]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The stack size of each thread, in bytes; the default is 2 MiB. Tasks that wait for tasks may
    /// nest on it: see [`executor`](crate::executor#a-task-that-waits-for-a-task).
    pub const fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts more threads when they are needed, up to `most`: one when a task is added and no
    /// worker is free to take it. A thread that was started stays.
    ///
    /// Adding the task costs about 75 µs more then. If the system has no thread to give, or the
    /// thread's [initializer](Self::initializer) panics, the task waits for one of the other
    /// workers, and the next one that is added tries again.
    ///
    /// _Python_: every `ThreadPoolExecutor` grows so, from 0 up to `max_workers`, and raises if the
    /// system has no thread to give, though the task is in its queue by then. Here there is at
    /// least one thread from the start, so that a pool which exists can run what it takes.
    ///
    /// # Panics
    ///
    /// If `most` is smaller than the number of threads at the start.
    ///
    /// ```
    /// use primitives::Barrier;
    /// use queues::{Executor, Workers};
    /// use std::sync::Arc;
    ///
    /// let executor = Executor::with_workers(Workers::new(1).grow_to(3))?;
    /// assert_eq!((executor.workers(), executor.max_workers()), (1, 3));
    /// let meeting = Arc::new(Barrier::new(3));
    /// let tasks = [(); 3].map(|()| {
    ///     let meeting = Arc::clone(&meeting);
    ///     executor.submit(move || meeting.wait().is_ok()) // needs three workers
    /// });
    /// assert!(tasks.into_iter().all(|task| task.result().unwrap()));
    /// assert_eq!(executor.workers(), 3);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[doc(alias = "max_workers")]
    #[track_caller]
    pub fn grow_to(mut self, most: usize) -> Self {
        let (count, most) = (self.count, NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN));
        assert!(
            most >= count,
            "a pool of {count} workers cannot grow to {most}: use at least {count}"
        );
        self.most = most;
        self
    }

    /// A limit on the tasks that no worker has taken. At the limit the pool is full: a thread that
    /// adds a task waits for room, or has its closure back.
    ///
    /// So a program that makes tasks faster than they run is held back, and its memory does not
    /// grow. A cancelled task takes room until a worker comes to it. A task that adds a task to its
    /// own pool is not held back, because its worker would wait for a worker.
    ///
    /// # Panics
    ///
    /// If `tasks` is zero: no task could ever be added.
    ///
    /// ```
    /// use queues::{TaskQueue, Workers};
    ///
    /// let tasks = TaskQueue::with_workers(Workers::new(1).bounded(100))?;
    /// for _ in 0..10_000 {
    ///     tasks.add_task(|| ())?; // waits while 100 tasks are there
    /// }
    /// assert_eq!(tasks.join().ran, 10_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub const fn bounded(mut self, tasks: usize) -> Self {
        assert!(tasks > 0, "a pool with room for 0 tasks could never take one: use at least 1");
        self.bound = Some(tasks);
        self
    }

    /// A function that each thread calls before its first task, e.g. to fill a thread-local or to
    /// open a connection.
    ///
    /// The pool is there when it has returned in every thread. If it panics in one, the pool is not
    /// made: the error says where. In a thread that [came later](Self::grow_to) the panic hook
    /// reports it, and that thread ends. It must not add a task to the pool. _Python_:
    /// `initializer`, whose failure breaks the pool later, and all tasks with it.
    ///
    /// ```
    /// use queues::{Executor, Workers};
    /// use std::cell::Cell;
    ///
    /// thread_local! {
    ///     static READY: Cell<bool> = const { Cell::new(false) };
    /// }
    /// let executor = Executor::with_workers(Workers::new(2).initializer(|| READY.set(true)))?;
    /// assert!(executor.submit(|| READY.get()).result().unwrap());
    /// let fails = Workers::new(1).initializer(|| panic!("no driver"));
    /// assert!(Executor::with_workers(fails).unwrap_err().to_string().contains("no driver"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn initializer(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.initializer = Some(Initializer(Arc::new(f)));
        self
    }

    /// How many threads there are at the start.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// How many threads there may be later.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most.get()
    }
}

/// One thread for each core that the process may use, and at least four.
///
/// Tasks that compute can use one core each; more threads would only take turns. A task that waits,
/// for a disk or another task, holds a thread without using a core, so on a small machine a few
/// more threads keep the cores busy. CPython has `min(32, cores + 4)`: its threads hold a global
/// lock while they compute, so they mainly wait, and the number must be large. A program whose
/// tasks mostly wait should choose how many may wait at once.
impl Default for Workers {
    fn default() -> Self {
        Self::new(sync::cores().max(FEWEST_BY_DEFAULT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a pool of 0 workers would never run a task: use at least 1")]
    fn no_workers_are_refused() {
        let _ = Workers::new(0);
    }

    #[test]
    #[should_panic(expected = "a pool with room for 0 tasks could never take one: use at least 1")]
    fn a_bound_of_0_is_refused() {
        let _ = Workers::new(1).bounded(0);
    }

    #[test]
    #[should_panic(expected = "a pool of 3 workers cannot grow to 2: use at least 3")]
    fn a_limit_below_the_start_is_refused() {
        let _ = Workers::new(3).grow_to(2);
    }

    #[test]
    fn by_default_there_is_a_worker_for_each_core_and_never_one_alone() {
        let workers = Workers::default().count();
        assert!(workers >= sync::cores() && workers >= FEWEST_BY_DEFAULT, "{workers}");
    }
}
