//! Why a pool did not start, refused a task, or has no result for one.

use std::error::Error;
use std::fmt;

use crate::control::Said;
use crate::process::StartError;

/// A pool could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum PoolError {
    /// A pool of 0 workers would never run a task.
    NoWorkers,
    /// The arguments of the initializer cannot be written as bytes, or contain a shared object.
    Initializer(String),
    /// A worker could not be started.
    Start(StartError),
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkers => f.write_str("a pool of 0 workers: at least 1 is needed"),
            Self::Initializer(error) => {
                write!(f, "the initializer's arguments cannot be sent: {error}")
            }
            Self::Start(error) => write!(f, "cannot start a worker: {error}"),
        }
    }
}

impl Error for PoolError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Start(error) = self { Some(error) } else { None }
    }
}

impl From<StartError> for PoolError {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

/// A task was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError {
    /// The pool is shut down; this also refuses what a callback submits while the pool ends.
    Closed,
    /// The arguments cannot be written as bytes.
    Arguments(String),
    /// The pool has permanently lost its workers: see [`TaskError::Broken`].
    Broken(String),
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the pool is shut down"),
            Self::Arguments(error) => {
                write!(f, "the arguments cannot be written as bytes: {error}")
            }
            Self::Broken(why) => write!(f, "the pool is broken: {why}"),
        }
    }
}

impl Error for SubmitError {}

/// A task has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked.
    Panicked {
        /// The thread, in the worker.
        thread: String,
        /// The panic's message.
        message: String,
        /// `file:line:column`, where known.
        location: Option<String>,
    },
    /// Its worker was killed while it ran. It is not run again, because it may have killed the
    /// worker.
    WorkerDied {
        /// The signal's number.
        signal: i32,
    },
    /// Its worker ended while it ran: the task called `exit`.
    WorkerExited {
        /// The exit status.
        status: i32,
    },
    /// It was cancelled before it began, or the pool was terminated.
    Cancelled,
    /// The bytes are not arguments of the function.
    Arguments(String),
    /// What the function returned cannot be written as bytes, or read.
    Output(String),
    /// No worker can be started any more: the initializer failed, or the system refuses.
    Broken(String),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { thread, message, location } => {
                write!(f, "the task panicked in thread '{thread}' of a worker")?;
                if let Some(location) = location {
                    write!(f, " at {location}")?;
                }
                write!(f, ": {message}")
            }
            Self::WorkerDied { signal } => {
                write!(f, "the task's worker was killed by signal {signal} while it ran")
            }
            Self::WorkerExited { status } => {
                write!(f, "the task's worker ended with status {status} while it ran")
            }
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Arguments(error) => {
                write!(f, "the bytes are no arguments of the function: {error}")
            }
            Self::Output(error) => write!(f, "what the task returned did not get here: {error}"),
            Self::Broken(why) => write!(f, "the pool is broken: {why}"),
        }
    }
}

impl Error for TaskError {}

impl TaskError {
    /// What a worker sent in place of a result.
    pub(super) fn from_said(said: Said) -> Self {
        match said {
            Said::Panicked { thread, message, location } => Self::Panicked {
                thread,
                message,
                location: location.map(|(file, line, column)| format!("{file}:{line}:{column}")),
            },
            Said::BadArguments(error) => Self::Arguments(error),
            Said::BadOutput(error) => Self::Output(error),
            Said::UnknownFunction => Self::Arguments("there is no such function".into()),
            Said::Hello | Said::Returned(_) => {
                Self::Output("the worker said something else".into())
            }
        }
    }
}
