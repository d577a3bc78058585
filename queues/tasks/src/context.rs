//! What a task's function knows about its call, and what it may request.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use serde::Serialize;

use crate::error::Error;
use crate::exception::{Exception, TaskError};
use crate::message::Message;
use crate::options::RetryPolicy;
use crate::results::ResultStore;
use crate::state::{State, StoredResult};

/// The values of [`Told::word`].
const RUN: u32 = 0;
/// The soft time limit has passed.
const SOFT_LIMIT: u32 = 1;
/// The worker has given up on this call.
const GIVEN_UP: u32 = 2;

/// The worker's signal to a running task: one word that only grows.
///
/// | value | meaning                     | [`Context::check`]        |
/// | ----- | --------------------------- | ------------------------- |
/// | 0     | go on                       | `Ok`                      |
/// | 1     | the soft time limit is over | `SoftTimeLimitExceeded`   |
/// | 2     | the worker has given up     | `TimeLimitExceeded`       |
#[derive(Debug, Default)]
pub(crate) struct Told {
    word: AtomicU32,
    /// Called by the giver-up, once.
    #[cfg(feature = "processes")]
    killer: primitives::Lock<Killer>,
}

/// What ends a task that cannot look at its word, because another process runs it.
#[cfg(feature = "processes")]
#[derive(Default)]
struct Killer(Option<Box<dyn FnOnce() + Send>>);

#[cfg(feature = "processes")]
impl std::fmt::Debug for Killer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Killer").field(&self.0.is_some()).finish()
    }
}

impl Told {
    pub(crate) fn soft_limit(&self) {
        // Release: pairs with the Acquire in `check`; a task that stops for it sees what the worker
        // did before.
        self.word.fetch_max(SOFT_LIMIT, Release);
    }

    pub(crate) fn give_up(&self) {
        // Release: pairs with the Acquire in `check`, as above.
        self.word.fetch_max(GIVEN_UP, Release);
        #[cfg(feature = "processes")]
        self.kill();
    }

    /// Calls the closure when the worker gives up; at once if it has.
    #[cfg(feature = "processes")]
    pub(crate) fn on_give_up(&self, kill: impl FnOnce() + Send + 'static) {
        self.killer.lock().0 = Some(Box::new(kill));
        if self.look() == GIVEN_UP {
            self.kill(); // the worker may have looked before
        }
    }

    /// The task has ended: it is no longer killed. Returns whether it was not.
    #[cfg(feature = "processes")]
    pub(crate) fn is_over(&self) -> bool {
        self.killer.lock().0.take().is_some()
    }

    #[cfg(feature = "processes")]
    fn kill(&self) {
        let killer = self.killer.lock().0.take();
        if let Some(kill) = killer {
            kill();
        }
    }

    fn look(&self) -> u32 {
        // Acquire: pairs with the Release in `soft_limit` and `give_up`.
        self.word.load(Acquire)
    }
}

/// A call, seen from within. _Python_: `self.request` of a bound task, and its methods.
pub struct Context<'a> {
    pub(crate) message: &'a Message,
    pub(crate) redeliveries: u32,
    pub(crate) results: &'a dyn ResultStore,
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) told: Arc<Told>,
}

impl Context<'_> {
    /// The id of this call; a retry keeps it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.message.id
    }

    /// The task's name.
    #[must_use]
    pub fn task(&self) -> &str {
        &self.message.task
    }

    /// How often it has been retried before.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.message.retries
    }

    /// Whether a worker that died may already have run it. A task that must not act twice checks
    /// this. A task that may safely run twice is better.
    #[must_use]
    pub fn redelivered(&self) -> bool {
        self.redeliveries > 0
    }

    /// The root of the tasks that led to this one.
    #[must_use]
    pub fn root_id(&self) -> &str {
        self.message.root()
    }

    /// The task that started this one.
    #[must_use]
    pub fn parent_id(&self) -> Option<&str> {
        self.message.parent.as_deref()
    }

    /// The group that it is in.
    #[must_use]
    pub fn group_id(&self) -> Option<&str> {
        self.message.group_id()
    }

    /// The queue that it came from.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.message.queue
    }

    /// An error that asks for another try, after a wait by the task's [`RetryPolicy`].
    /// _Python_: `raise self.retry(exc=…)`.
    #[must_use]
    pub fn retry(&self, reason: impl Into<String>) -> TaskError {
        self.retry_in(self.policy.delay(self.message.retries), reason)
    }

    /// An error that asks for another try after a given time.
    #[must_use]
    pub fn retry_in(&self, countdown: Duration, reason: impl Into<String>) -> TaskError {
        TaskError::Retry { countdown, reason: Exception::python("Exception", reason.into()) }
    }

    /// Stores its progress, as a custom state, which [`TaskHandle::info`](crate::TaskHandle::info)
    /// returns. _Python_: `self.update_state(state=…, meta=…)`.
    ///
    /// # Errors
    ///
    /// If `meta` cannot be written as JSON, or the results' server does not answer.
    pub fn progress(&self, state: &str, meta: &impl Serialize) -> Result<(), Error> {
        let meta = serde_json::to_value(meta).map_err(|e| Error::Arguments(e.to_string()))?;
        let state = State::from_word(state);
        if state.is_ready() {
            return Err(Error::Setting(format!("{state} is the end of a task, not its progress")));
        }
        if self.told.look() == GIVEN_UP {
            return Ok(()); // the result is there already, and says so
        }
        self.results.put(&[StoredResult::new(Arc::clone(&self.message.id), state, meta)])
    }

    /// Whether it may continue. A long task with a time limit calls this now and then, and passes
    /// the error on.
    ///
    /// # Errors
    ///
    /// `SoftTimeLimitExceeded` when the soft time limit has passed, `TimeLimitExceeded` when the
    /// worker has given up.
    pub fn check(&self) -> Result<(), TaskError> {
        let kind = match self.told.look() {
            RUN => return Ok(()),
            SOFT_LIMIT => "SoftTimeLimitExceeded",
            _ => "TimeLimitExceeded",
        };
        let id = &*self.message.id;
        Err(TaskError::Failed(Exception::new(kind, "billiard.exceptions", id)))
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("task", &self.message.task).field("id", &self.id()).finish()
    }
}
