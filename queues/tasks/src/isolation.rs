//! Isolation: a task that runs in a process of its own, so that it may crash, and can be killed.
//!
//! ```text
//!   a worker's thread ── arguments ──▶ process: the function        one process for each running task
//!          ▲                               │
//!          └── result, or how it died ◀────┘       a time limit, a revocation, the end: SIGKILL
//! ```
//!
//! The processes come from pools of [`processes`], each with one worker that one task has to
//! itself. So killing it can hit no other task. After a task its process is kept for the next one;
//! after a kill another one starts, which takes a millisecond or two.

use std::sync::Arc;

use primitives::Lock;
use processes::{Function, ProcessPool, TaskError as PoolTaskError};

use crate::context::Context;
use crate::exception::{Exception, TaskError};

/// Processes that run no task now. There are at most as many as tasks have run at once.
#[derive(Default)]
pub(crate) struct Idle(Lock<Vec<Arc<ProcessPool>>>);

impl Idle {
    /// Runs a function in a process, and waits for its end.
    pub(crate) fn run<F, R>(
        &self,
        context: &Context<'_>,
        function: F,
        args: F::Args,
    ) -> Result<R, TaskError>
    where
        F: Function<Output = Result<R, String>>,
    {
        let kept = self.0.lock().pop();
        let pool = match kept {
            Some(pool) => pool,
            None => Arc::new(start()?),
        };
        let killed = Arc::clone(&pool);
        context.told.on_give_up(move || killed.terminate());
        let outcome = pool.apply(function, args);
        if context.told.is_over() {
            self.0.lock().push(pool);
        }
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(text)) => Err(TaskError::failed(text)),
            Err(error) => Err(TaskError::Failed(exception(error))),
        }
    }
}

fn start() -> Result<ProcessPool, TaskError> {
    ProcessPool::builder().workers(1).name("isolated").start().map_err(|error| {
        let text = format!("no process for an isolated task: {error}");
        TaskError::Failed(Exception::new("WorkerLostError", "billiard.exceptions", text))
    })
}

/// Celery's names, where it has any.
fn exception(error: PoolTaskError) -> Exception {
    match error {
        PoolTaskError::Panicked { message, location, .. } => {
            let mut exception = Exception::new("Panic", "rust", message.clone());
            exception.traceback =
                location.map(|location| format!("panicked at {location}\n{message}"));
            exception
        }
        PoolTaskError::WorkerDied { .. } | PoolTaskError::WorkerExited { .. } => {
            Exception::new("WorkerLostError", "billiard.exceptions", error.to_string())
        }
        other => Exception::python("RuntimeError", other.to_string()),
    }
}
