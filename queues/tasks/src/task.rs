//! A registered task: its name, its function, its options.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use primitives::Lock;
use primitives::threads::catch_panic;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::App;
use crate::arguments::{from_arguments, to_arguments};
use crate::context::Context;
use crate::error::Error;
use crate::exception::{Exception, TaskError};
use crate::handle::TaskHandle;
use crate::options::{Rate, SendOptions, TaskOptions};
use crate::signature::Signature;

/// A task's function without its types.
type Function =
    dyn Fn(&Context<'_>, &[Value], &Map<String, Value>) -> Result<Value, TaskError> + Send + Sync;

/// What a worker knows of a task.
pub(crate) struct Definition {
    pub(crate) name: Arc<str>,
    pub(crate) options: TaskOptions,
    function: Box<Function>,
    /// Its rate limit, which a command may change.
    pub(crate) rate_limit: Lock<Option<Rate>>,
    /// When the next one may begin, if there is a rate limit.
    pub(crate) next_start: Lock<Option<std::time::Instant>>,
}

impl Definition {
    pub(crate) fn new<A, R, F>(name: Arc<str>, options: TaskOptions, f: F) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        F: Fn(&Context<'_>, A) -> Result<R, TaskError> + Send + Sync + 'static,
    {
        let function = move |context: &Context<'_>, args: &[Value], kwargs: &Map<String, Value>| {
            let args: A = from_arguments(args, kwargs).map_err(|fault| {
                let text = format!("{}: {fault}", context.task());
                TaskError::Failed(Exception::python("TypeError", text))
            })?;
            let result = f(context, args)?;
            serde_json::to_value(result).map_err(|error| {
                let text =
                    format!("{}: its result cannot be written as JSON: {error}", context.task());
                TaskError::Failed(Exception::python("TypeError", text))
            })
        };
        let rate_limit = Lock::new(options.rate_limit);
        let function = Box::new(function);
        Self { name, options, function, rate_limit, next_start: Lock::default() }
    }

    /// Runs it. A panic counts as an ordinary failure; the panic hook has reported it.
    pub(crate) fn run(&self, context: &Context<'_>) -> Result<Value, TaskError> {
        let message = context.message;
        let run = || (self.function)(context, &message.args, &message.kwargs);
        let run = std::panic::AssertUnwindSafe(run);
        match catch_panic(run) {
            Ok(result) => result,
            Err(panic) => {
                let mut exception = Exception::new("Panic", "rust", panic.message());
                exception.traceback = panic.location().map(|location| {
                    let (file, line) = (location.file(), location.line());
                    format!("panicked at {file}:{line}\n{}", panic.message())
                });
                Err(TaskError::Failed(exception))
            }
        }
    }
}

/// A typed task, which [`App::task`] returns, for sending.
///
/// ```
/// use tasks::{App, InProcess};
///
/// let app = App::new(InProcess::new());
/// let add = app.task("add", |_, (x, y): (u32, u32)| Ok(x + y))?;
/// let worker = app.worker().start()?;
/// assert_eq!(add.delay((2, 2))?.get()?, 4);
/// worker.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Task<A, R> {
    app: App,
    name: Arc<str>,
    types: PhantomData<fn(A) -> R>,
}

impl<A, R> Task<A, R> {
    pub(crate) fn new(app: App, name: Arc<str>) -> Self {
        Self { app, name, types: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<A: Serialize, R> Task<A, R> {
    /// Sends it. Never waits for a worker. _Python_: `add.delay(2, 2)`.
    ///
    /// # Errors
    ///
    /// If the broker refuses it; then it is not sent.
    pub fn delay(&self, args: A) -> Result<TaskHandle<R>, Error> {
        self.apply_async(args, SendOptions::new())
    }

    /// Sends it with options. _Python_: `add.apply_async((2, 2), countdown=…)`.
    ///
    /// # Errors
    ///
    /// As [`delay`](Self::delay).
    pub fn apply_async(&self, args: A, options: SendOptions) -> Result<TaskHandle<R>, Error> {
        let (args, kwargs) = to_arguments(&args)?;
        self.app.send(Arc::clone(&self.name), args, kwargs, options)
    }

    /// A call of the task, for a [`chain`](crate::chain()), [`group`](crate::group()) or
    /// [`chord`](crate::chord()), with all arguments.
    ///
    /// # Errors
    ///
    /// If the arguments cannot be written as JSON.
    pub fn signature(&self, args: A) -> Result<Signature, Error> {
        Signature::new(&*self.name).args(&args)
    }
}

impl<A, R> Clone for Task<A, R> {
    fn clone(&self) -> Self {
        Self::new(self.app.clone(), Arc::clone(&self.name))
    }
}

impl<A, R> fmt::Debug for Task<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.name).finish()
    }
}
