//! [`Shutdown`]: how an executor ends, in words; and [`StillRunning`]: what has not ended in time.

use std::error::Error;
use std::fmt;
use std::ops::BitOr;
use std::panic::Location;

/// How an [`Executor`](super::Executor) ends.
///
/// _Python_: the arguments of `shutdown(wait=True, cancel_futures=False)`.
///
/// ```
/// use queues::{Executor, Shutdown};
///
/// let executor = Executor::new(1);
/// let task = executor.submit(|| 6 * 7);
/// executor.shutdown(Shutdown::WAIT);
/// assert_eq!(task.result().unwrap(), 42);
/// executor.shutdown(Shutdown::WAIT | Shutdown::CANCEL_PENDING); // twice is as good as once
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "it is what `shutdown` is to do"]
pub struct Shutdown {
    pub(super) wait: bool,
    pub(super) cancel_pending: bool,
}

impl Shutdown {
    /// Tasks that no worker has begun still run, and the caller waits until every worker has done
    /// its last. _Python_: `shutdown()`.
    pub const WAIT: Self = Self { wait: true, cancel_pending: false };
    /// Tasks that no worker has begun are cancelled, and the caller does not wait for the others.
    /// With [`WAIT`](Self::WAIT) beside it, it does. _Python_:
    /// `shutdown(wait=False, cancel_futures=True)`.
    pub const CANCEL_PENDING: Self = Self { wait: false, cancel_pending: true };
    /// Tasks that no worker has begun still run, and the caller does not wait. _Python_:
    /// `shutdown(wait=False)`.
    pub const DETACH: Self = Self { wait: false, cancel_pending: false };
}

/// Both.
impl BitOr for Shutdown {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            wait: self.wait || other.wait,
            cancel_pending: self.cancel_pending || other.cancel_pending,
        }
    }
}

/// A task that a worker is running.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningTask {
    /// The name of the worker: a debugger, `top -H` and the report of a panic have the same.
    pub worker: String,
    /// Where the program submitted the task.
    pub submitted_at: &'static Location<'static>,
}

impl fmt::Display for RunningTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs the task of {}", self.worker, self.submitted_at)
    }
}

/// [`shutdown_timeout`](super::Executor::shutdown_timeout) has stopped waiting: which tasks run
/// still, and how many no worker has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillRunning {
    pub(super) tasks: Vec<RunningTask>,
    pub(super) queued: usize,
}

impl StillRunning {
    /// The tasks that workers run. Where a task waits for another that its worker runs meanwhile,
    /// the other.
    #[must_use]
    pub fn tasks(&self) -> &[RunningTask] {
        &self.tasks
    }

    /// How many tasks no worker has taken, as [`Executor::queued`](super::Executor::queued) says.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }
}

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the time is up, with {} running and {} queued", self.tasks.len(), self.queued)?;
        self.tasks.iter().try_for_each(|task| write!(f, "; {task}"))
    }
}

impl Error for StillRunning {}
