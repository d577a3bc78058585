//! Why an item was not put or not got. An error of a `put` gives the item back.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use primitives::park::deadline_after;

/// Implements the text of an error type that holds an item, for any item type.
macro_rules! gives_back {
    ($name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl<T> $name<T> {
            /// The item that was not put.
            #[must_use]
            pub fn into_inner(self) -> T {
                match self {
                    $(Self::$variant(item) => item,)+
                }
            }
        }

        /// Without the item, which need not be `Debug`.
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant(_) => concat!(stringify!($variant), "(..)"),)+
                })
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant(_) => $text,)+
                })
            }
        }

        impl<T> Error for $name<T> {}
    };
}

/// Implements the text of an error type without an item.
macro_rules! says {
    ($name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)+
                })
            }
        }

        impl Error for $name {}
    };
}

/// `put` gave up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutError<T> {
    /// The queue is shut down. _Python_: `queue.ShutDown`.
    Shutdown(T),
}
gives_back!(PutError { Shutdown => "the queue is shut down" });

/// `try_put` gave up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// The queue is full. _Python_: `queue.Full`.
    Full(T),
    /// The queue is shut down. _Python_: `queue.ShutDown`.
    Shutdown(T),
}
gives_back!(TryPutError { Full => "the queue is full", Shutdown => "the queue is shut down" });

impl<T> TryPutError<T> {
    /// After a try: the items, and until when to wait for room. An error if there is no time to
    /// wait, or nothing to wait for. The clock is read here, after the try.
    pub(crate) fn unless_it_is_over(
        self,
        timeout: Duration,
    ) -> Result<(T, Option<Instant>), PutTimeoutError<T>> {
        match self {
            Self::Shutdown(items) => Err(PutTimeoutError::Shutdown(items)),
            Self::Full(items) if timeout.is_zero() => Err(PutTimeoutError::Timeout(items)),
            Self::Full(items) => Ok((items, deadline_after(timeout))),
        }
    }
}

/// `put_timeout` or `put_deadline` gave up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutTimeoutError<T> {
    /// The queue stayed full until the time was up. _Python_: `queue.Full`.
    Timeout(T),
    /// The queue is shut down. _Python_: `queue.ShutDown`.
    Shutdown(T),
}
gives_back!(PutTimeoutError {
    Timeout => "the queue stayed full until the time was up",
    Shutdown => "the queue is shut down",
});

/// `get` gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue is shut down and empty. _Python_: `queue.ShutDown`.
    Shutdown,
}
says!(GetError { Shutdown => "the queue is shut down and empty" });

/// `try_get` gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// The queue is empty. _Python_: `queue.Empty`.
    Empty,
    /// The queue is shut down and empty. _Python_: `queue.ShutDown`.
    Shutdown,
}
says!(TryGetError { Empty => "the queue is empty", Shutdown => "the queue is shut down and empty" });

impl TryGetError {
    /// After a try: until when to wait for an item. As
    /// [`TryPutError::unless_it_is_over`](TryPutError).
    pub(crate) fn unless_it_is_over(
        self,
        timeout: Duration,
    ) -> Result<Option<Instant>, GetTimeoutError> {
        match self {
            Self::Shutdown => Err(GetTimeoutError::Shutdown),
            Self::Empty if timeout.is_zero() => Err(GetTimeoutError::Timeout),
            Self::Empty => Ok(deadline_after(timeout)),
        }
    }
}

/// `get_timeout` or `get_deadline` gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetTimeoutError {
    /// The queue stayed empty until the time was up. _Python_: `queue.Empty`.
    Timeout,
    /// The queue is shut down and empty. _Python_: `queue.ShutDown`.
    Shutdown,
}
says!(GetTimeoutError {
    Timeout => "the queue stayed empty until the time was up",
    Shutdown => "the queue is shut down and empty",
});

/// `task_done` was called more often than there were items. _Python_: `ValueError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDoneError;

impl fmt::Display for TaskDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "`task_done` called more often than items were put: call it once for each `get`",
        )
    }
}

impl Error for TaskDoneError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_gives_the_item_back_and_reads_well_whatever_the_item_is() {
        struct Opaque(u8);
        let error = PutTimeoutError::Timeout(Opaque(3));
        assert_eq!(format!("{error:?}: {error}"), {
            "Timeout(..): the queue stayed full until the time was up"
        });
        assert_eq!(error.into_inner().0, 3);
        let error: Box<dyn Error + Send + Sync> = Box::new(TryGetError::Empty);
        assert_eq!(error.to_string(), "the queue is empty");
    }
}
