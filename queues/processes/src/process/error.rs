//! Why a process did not start, and how it ended if its function did not return.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;

use serde::de::DeserializeOwned;

use super::Ended;
use crate::control::{self, Said};

/// `start` gave up. No process was started.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// [`init`](crate::init) was not called in this process: a child would run all of `main`
    /// instead of its function.
    NotInitialised,
    /// It was already started, or its start failed before.
    AlreadyStarted,
    /// No registered function has that name.
    UnknownFunction {
        /// The name.
        name: String,
        /// The existing names.
        known: Vec<&'static str>,
    },
    /// The arguments cannot be written as bytes.
    Arguments(String),
    /// The system refused: there are too many processes, or no file descriptor or memory is left.
    Io(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInitialised => f.write_str(
                "`processes::init()` was not called: call it first in `main`, or each child would run all of `main`",
            ),
            Self::AlreadyStarted => f.write_str("the process was started before: make another one"),
            Self::UnknownFunction { name, known } => {
                write!(f, "no function is registered as {name:?}; there are {}", known.join(", "))
            }
            Self::Arguments(error) => write!(f, "the arguments cannot be written as bytes: {error}"),
            Self::Io(error) => write!(f, "cannot start a process: {error}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

/// How a process ended whose function returned no value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessError {
    /// It was never started.
    NotStarted,
    /// A signal ended it: 9 is `kill`, 15 is `terminate`, 11 an invalid memory access.
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// It called `exit`.
    Exited {
        /// The exit status.
        status: i32,
    },
    /// Its function panicked.
    Panicked {
        /// The thread, in the process.
        thread: String,
        /// The panic's message.
        message: String,
        /// `file:line:column`, where known.
        location: Option<String>,
    },
    /// It ended without a call of [`init`](crate::init): its `main` ended before.
    NeverInitialised,
    /// Its program has no function of that name.
    UnknownFunction,
    /// The bytes are not arguments of the function.
    Arguments(String),
    /// What the function returned cannot be written as bytes, or the bytes are not of the expected
    /// type.
    Output(String),
    /// Another part of this program has waited for it, so its status is unknown.
    Unknown,
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted => f.write_str("the process was never started"),
            Self::Killed { signal } => write!(f, "the process was killed by signal {signal}"),
            Self::Exited { status } => write!(f, "the process ended by itself, with status {status}"),
            Self::Panicked { thread, message, location } => {
                write!(f, "thread '{thread}' of the process panicked")?;
                if let Some(location) = location {
                    write!(f, " at {location}")?;
                }
                write!(f, ": {message}")
            }
            Self::NeverInitialised => f.write_str(
                "the process ended without a call of `processes::init()`, which must come first in `main`",
            ),
            Self::UnknownFunction => f.write_str("the process's program has no function of that name"),
            Self::Arguments(error) => write!(f, "the bytes are no arguments of the function: {error}"),
            Self::Output(error) => write!(f, "what the function returned did not get here: {error}"),
            Self::Unknown => f.write_str("another part of this program has waited for the process"),
        }
    }
}

impl Error for ProcessError {}

/// The result of `join`.
pub(super) fn outcome<R: DeserializeOwned>(ended: &Ended) -> Result<R, ProcessError> {
    let said = ended.said.lock().take();
    match said {
        Some((Said::Returned(payload), fds)) => control::unload(payload, fds)
            .map_err(|error| ProcessError::Output(error.to_string()))?
            .open()
            .map_err(|error| ProcessError::Output(error.to_string())),
        Some((Said::Panicked { thread, message, location }, _)) => {
            let location = location.map(|(file, line, column)| format!("{file}:{line}:{column}"));
            Err(ProcessError::Panicked { thread, message, location })
        }
        Some((Said::UnknownFunction, _)) => Err(ProcessError::UnknownFunction),
        Some((Said::BadArguments(error), _)) => Err(ProcessError::Arguments(error)),
        Some((Said::BadOutput(error), _)) => Err(ProcessError::Output(error)),
        Some((Said::Hello, _)) | None => Err(match ended.status {
            None => ProcessError::Unknown,
            Some(status) => match status.signal() {
                Some(signal) => ProcessError::Killed { signal },
                None if !ended.has_greeted => ProcessError::NeverInitialised,
                None => ProcessError::Exited { status: status.code().unwrap_or(-1) },
            },
        }),
    }
}
