//! The handle of a sent task.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, GetError};
use crate::exception::Exception;
use crate::shared::Shared;
use crate::state::{State, StoredResult};

/// A sent task whose result is an `R`. Dropping the handle affects neither the task nor its result.
///
/// It is an id and a connection to the results: [`App::handle`](crate::App::handle) makes one from
/// an id, also in another program. _Python_: `AsyncResult`.
pub struct TaskHandle<R> {
    id: Arc<str>,
    shared: Arc<Shared>,
    result: PhantomData<fn() -> R>,
}

impl<R> TaskHandle<R> {
    pub(crate) fn new(id: Arc<str>, shared: Arc<Shared>) -> Self {
        Self { id, shared, result: PhantomData }
    }

    /// The task's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its progress; [`State::Pending`] also for a task that does not exist, or whose result has
    /// expired.
    ///
    /// # Errors
    ///
    /// [`Error::Broker`] if the results' server does not answer.
    pub fn status(&self) -> Result<State, Error> {
        Ok(self.info()?.map_or(State::Pending, |stored| stored.state))
    }

    /// Everything that is stored about it: state, progress, result, exception.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    pub fn info(&self) -> Result<Option<StoredResult>, Error> {
        self.shared.results.get(&self.id)
    }

    /// Revokes it: no worker that hears this or starts later runs it, if it has not begun. A
    /// running task continues.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    pub fn revoke(&self) -> Result<(), Error> {
        self.shared.revoke(&[self.id.to_string()])
    }

    /// Drops its result.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    pub fn forget(self) -> Result<(), Error> {
        self.shared.results.forget(&self.id)
    }

    /// Waits until it has ended.
    fn ended(&self, deadline: Option<Instant>) -> Result<Option<StoredResult>, GetError> {
        let Some(stored) = self.shared.results.wait(&self.id, deadline)? else { return Ok(None) };
        let why = |stored: StoredResult| {
            stored.exception.unwrap_or_else(|| Exception::python("Exception", stored.value))
        };
        match stored.state {
            State::Failure => Err(GetError::Failed(why(stored))),
            State::Revoked => Err(GetError::Revoked(why(stored))),
            _ => Ok(Some(stored)),
        }
    }
}

impl<R: DeserializeOwned> TaskHandle<R> {
    /// Waits for the result as long as it takes: without end, if no worker serves the task's queue.
    ///
    /// A task that waits for another blocks a thread of its worker; with as many such tasks as
    /// threads, all of them wait. Make it a [`chain`](crate::chain()) or a
    /// [`chord`](crate::chord()).
    ///
    /// # Errors
    ///
    /// See [`GetError`].
    pub fn get(&self) -> Result<R, GetError> {
        match self.ended(None)? {
            Some(stored) => self.typed(stored.value),
            None => Err(GetError::Store(Error::Closed)),
        }
    }

    /// Waits for the result, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`GetError::Timeout`] if the time runs out first; the handle is still usable.
    pub fn get_timeout(&self, timeout: Duration) -> Result<R, GetError> {
        match self.ended(Instant::now().checked_add(timeout))? {
            Some(stored) => self.typed(stored.value),
            None => Err(GetError::Timeout(timeout)),
        }
    }

    fn typed(&self, value: Value) -> Result<R, GetError> {
        serde_json::from_value(value)
            .map_err(|error| GetError::Type { id: self.id.to_string(), reason: error.to_string() })
    }
}

impl<R> Clone for TaskHandle<R> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.id), Arc::clone(&self.shared))
    }
}

/// Shows its id. Asks no server.
impl<R> fmt::Debug for TaskHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskHandle").field(&self.id).finish()
    }
}

/// The tasks of a group. _Python_: `GroupResult`.
#[derive(Debug)]
pub struct GroupHandle<R> {
    /// In the group's order.
    pub members: Vec<TaskHandle<R>>,
}

impl<R: DeserializeOwned> GroupHandle<R> {
    /// Waits for all results, for at most `timeout` in all, and returns them in the group's order.
    ///
    /// # Errors
    ///
    /// The first error that a member's handle returns.
    pub fn get_timeout(&self, timeout: Duration) -> Result<Vec<R>, GetError> {
        let deadline = Instant::now().checked_add(timeout);
        let left = || {
            deadline.map_or(timeout, |deadline| deadline.saturating_duration_since(Instant::now()))
        };
        let timed_out = |error| match error {
            GetError::Timeout(_) => GetError::Timeout(timeout),
            other => other,
        };
        self.members.iter().map(|member| member.get_timeout(left()).map_err(timed_out)).collect()
    }

    /// How many have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Broker`] if the results' server does not answer.
    pub fn completed(&self) -> Result<usize, Error> {
        let mut ended = 0;
        for member in &self.members {
            ended += usize::from(member.status()?.is_ready());
        }
        Ok(ended)
    }

    /// Revokes all of them.
    ///
    /// # Errors
    ///
    /// As [`completed`](Self::completed).
    pub fn revoke(&self) -> Result<(), Error> {
        let Some(first) = self.members.first() else { return Ok(()) };
        let ids: Vec<_> = self.members.iter().map(|member| member.id.to_string()).collect();
        first.shared.revoke(&ids)
    }
}
