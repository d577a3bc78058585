//! Why a task has no result.

use std::error::Error;
use std::fmt;

use super::Task;
use crate::workers::PanicError;

/// A task ended without a value.
///
/// _Python_: what `future.result()` raises.
#[derive(Clone, Debug)]
pub enum TaskError {
    /// It was cancelled before it began. _Python_: `CancelledError`.
    Cancelled,
    /// It panicked; has the thread, the message and the place in the source. _Python_: the
    /// exception itself.
    Panicked(PanicError),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled before it began"),
            Self::Panicked(panic) => write!(f, "the task panicked: {panic}"),
        }
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Cancelled => None,
            Self::Panicked(panic) => Some(panic),
        }
    }
}

/// Why [`result_timeout`](Task::result_timeout) or [`result_deadline`](Task::result_deadline)
/// returned no value.
pub enum ResultTimeoutError<T> {
    /// The task was not over when the time was up; this gives it back. _Python_: `TimeoutError`.
    Timeout(Task<T>),
    /// The task is over, and has no value.
    Failed(TaskError),
}

impl<T> fmt::Debug for ResultTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(task) => f.debug_tuple("Timeout").field(task).finish(),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl<T> fmt::Display for ResultTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(_) => f.write_str("the task was not over when the time was up"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<T> Error for ResultTimeoutError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout(_) => None,
            Self::Failed(error) => error.source(),
        }
    }
}
