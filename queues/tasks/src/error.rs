//! The errors of a call, each in one line that names its subject.

use std::fmt;
use std::time::Duration;

use crate::exception::Exception;

/// Why a call of this crate failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The server did not answer, or refused. The text names the server.
    Broker(String),
    /// A name that the wire cannot carry: empty, too long, with spaces or control characters.
    Name(String),
    /// Arguments that are neither a tuple, a list nor a struct, or cannot be written as JSON.
    Arguments(String),
    /// A setting that is out of range; the text names it and the allowed values.
    Setting(String),
    /// A chain, group or chord that is empty, or whose result differs from the requested kind.
    Canvas(String),
    /// A schedule that cannot be read or never comes due.
    Schedule(String),
    /// The broker has been closed.
    Closed,
}

impl Error {
    pub(crate) fn broker(name: &str, error: impl fmt::Display) -> Self {
        Self::Broker(format!("{name}: {error}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(text)
            | Self::Name(text)
            | Self::Arguments(text)
            | Self::Setting(text)
            | Self::Canvas(text)
            | Self::Schedule(text) => f.write_str(text),
            Self::Closed => f.write_str("the broker is closed and takes no more tasks"),
        }
    }
}

impl std::error::Error for Error {}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GetError {
    /// The task failed; this is its exception, from any language.
    Failed(Exception),
    /// The task was revoked or had expired, and has not run.
    Revoked(Exception),
    /// The time ran out before the task ended. The handle is still usable.
    Timeout(Duration),
    /// The task returned another type than this program expects.
    Type {
        /// The task's id.
        id: String,
        /// What does not fit.
        reason: String,
    },
    /// The server that keeps the results did not answer.
    Store(Error),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(exception) => write!(f, "the task failed: {exception}"),
            Self::Revoked(exception) => write!(f, "the task was not run: {exception}"),
            Self::Timeout(limit) => write!(f, "no result within {limit:?}"),
            Self::Type { id, reason } => {
                write!(f, "the result of task {id} has another type: {reason}")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for GetError {}

impl From<Error> for GetError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The longest name of a task, a queue or a worker.
const LONGEST_NAME: usize = 255;

/// A name of a task or queue: not empty, at most 255 bytes, no blanks, no control characters.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), Error> {
    let fault = if name.is_empty() {
        "is empty"
    } else if name.len() > LONGEST_NAME {
        "is longer than 255 bytes"
    } else if name.chars().any(char::is_whitespace) {
        "has a blank in it"
    } else if name.chars().any(char::is_control) {
        "has a control character in it"
    } else {
        return Ok(());
    };
    Err(Error::Name(format!(
        "the name of a {what} {fault}: {name:?}; allowed are 1 to 255 bytes without blanks"
    )))
}
