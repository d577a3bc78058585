//! What a worker knows of a task: its name, its function, its options.

use std::sync::Arc;

use primitives::Lock;
use primitives::threads::catch_panic;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::arguments::from_arguments;
use crate::context::Context;
use crate::exception::{Exception, TaskError};
use crate::options::{Rate, TaskOptions};

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
