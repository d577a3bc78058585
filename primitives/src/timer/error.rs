//! Why a timer was not started, or not joined.

use std::error::Error;
use std::{fmt, io};

use crate::threads::PanicError;

/// The error of [`Timer::start`](super::Timer::start).
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It was started before. _Python_: `RuntimeError: threads can only be started once`.
    AlreadyStarted,
    /// The system could not make a thread. _Python_: `RuntimeError: can't start new thread`.
    Spawn(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => {
                f.write_str("the timer was started before: make a new one for each interval")
            }
            Self::Spawn(error) => write!(f, "cannot start the timer's thread: {error}"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::AlreadyStarted => None,
            Self::Spawn(error) => Some(error),
        }
    }
}

/// The error of [`Timer::join`](super::Timer::join): it did not wait, or the function had panicked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// It was not started. _Python_: `RuntimeError: cannot join thread before it is started`.
    NotStarted,
    /// The function joined its own timer. _Python_: `RuntimeError: cannot join current thread`.
    FromCallback,
    /// The function panicked.
    Panicked(PanicError),
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted => {
                f.write_str("the timer was not started: call `start` before `join`")
            }
            Self::FromCallback => {
                f.write_str("a timer's function cannot wait for its own end: join it elsewhere")
            }
            Self::Panicked(panic) => panic.fmt(f),
        }
    }
}

impl Error for JoinError {}
