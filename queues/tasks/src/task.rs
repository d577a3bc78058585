//! A task with its types, for sending.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;

use crate::arguments::to_arguments;
use crate::error::Error;
use crate::handle::TaskHandle;
use crate::options::SendOptions;
use crate::shared::Shared;
use crate::signature::Signature;

/// A typed task, which [`App::task`](crate::App::task) returns, for sending.
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
    shared: Arc<Shared>,
    name: Arc<str>,
    types: PhantomData<fn(A) -> R>,
}

impl<A, R> Task<A, R> {
    pub(crate) fn new(shared: Arc<Shared>, name: Arc<str>) -> Self {
        Self { shared, name, types: PhantomData }
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
        let id = self.shared.send(&self.name, args, kwargs, options)?;
        Ok(TaskHandle::new(id, Arc::clone(&self.shared)))
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
        Self::new(Arc::clone(&self.shared), Arc::clone(&self.name))
    }
}

impl<A, R> fmt::Debug for Task<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.name).finish()
    }
}
