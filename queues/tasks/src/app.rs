//! The application: a broker, a place for results, and the tasks that both sides know by name.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arguments::to_arguments;
use crate::broker::Broker;
use crate::canvas::freeze;
use crate::context::Context;
use crate::definition::Definition;
use crate::error::{Error, check_name};
use crate::exception::TaskError;
use crate::handle::{GroupHandle, TaskHandle};
use crate::message::Message;
use crate::options::{SendOptions, TaskOptions};
use crate::results::ResultStore;
use crate::shared::Shared;
use crate::signature::Signature;
use crate::task::Task;
use crate::worker::WorkerBuilder;

/// Sends tasks, and runs them. It is a handle: clones share one application. _Python_: `Celery(…)`.
///
/// Written for one process:
///
/// ```
/// use tasks::{App, InProcess};
///
/// let app = App::new(InProcess::new());
/// let shout = app.task("shout", |_, (text,): (String,)| Ok(text.to_uppercase()))?;
///
/// let worker = app.worker().concurrency(2).start()?;
/// assert_eq!(shout.delay(("hello".into(),))?.get()?, "HELLO");
/// worker.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// For many machines only the first line changes, with the feature `redis`:
///
/// ```ignore
/// let app = App::new(tasks::Redis::open("redis://10.0.0.1")?);
/// ```
///
/// and a program that only sends starts no worker.
#[derive(Clone)]
pub struct App {
    pub(crate) shared: Arc<Shared>,
}

/// Making an application, and registering tasks.
impl App {
    /// On a server that keeps both tasks and results.
    #[must_use]
    pub fn new(backend: impl Broker + ResultStore) -> Self {
        let backend = Arc::new(backend);
        Self::with_results(Arc::clone(&backend) as _, backend)
    }

    /// With a separate store for the results.
    #[must_use]
    pub fn with_results(broker: Arc<dyn Broker>, results: Arc<dyn ResultStore>) -> Self {
        Self { shared: Arc::new(Shared::new(broker, results)) }
    }

    /// Adds a task: a name that all programs agree on, and the function that a worker of this
    /// program runs.
    ///
    /// The function gets its [`Context`] and the arguments as one value: a tuple of them, `()` or a
    /// struct with `Deserialize` (then they may come by name too). It returns any value that serde
    /// can write, or a [`TaskError`]. _Python_: `@app.task(name=…)`.
    ///
    /// # Errors
    ///
    /// If the name is empty, too long or has a blank in it, or is taken.
    pub fn task<A, R, F>(&self, name: &str, f: F) -> Result<Task<A, R>, Error>
    where
        A: DeserializeOwned,
        R: Serialize,
        F: Fn(&Context<'_>, A) -> Result<R, TaskError> + Send + Sync + 'static,
    {
        self.task_with(name, TaskOptions::new(), f)
    }

    /// Adds a task with options.
    ///
    /// # Errors
    ///
    /// As [`task`](Self::task), and if an option is out of range.
    pub fn task_with<A, R, F>(
        &self,
        name: &str,
        options: TaskOptions,
        f: F,
    ) -> Result<Task<A, R>, Error>
    where
        A: DeserializeOwned,
        R: Serialize,
        F: Fn(&Context<'_>, A) -> Result<R, TaskError> + Send + Sync + 'static,
    {
        check_name("task", name)?;
        let name: Arc<str> = name.into();
        self.shared.register(Definition::new(Arc::clone(&name), options, f))?;
        Ok(Task::new(Arc::clone(&self.shared), name))
    }

    /// Adds a task that runs in a process of its own: it may abort, fill the memory or be killed,
    /// and the worker goes on. Its failure is then a `WorkerLostError` that says what ended it; it
    /// is not run again, unless its options say so.
    ///
    /// A hard time limit, a revocation with `terminate` and [`Worker::stop_now`] kill the process.
    /// The function cannot see its [`Context`]; a soft time limit does not reach it. It returns its
    /// value, or the text of its failure. `main` begins with `processes::init()`. A call costs some
    /// microseconds more than a thread's, the first one on a thread a millisecond or two.
    ///
    /// _Python_: the prefork pool, `celery worker -P prefork`.
    ///
    /// [`Worker::stop_now`]: crate::Worker::stop_now
    ///
    /// ```
    /// use tasks::{App, InProcess, TaskOptions};
    ///
    /// processes::function! {
    ///     fn parse(text: String) -> Result<u32, String> {
    ///         if text == "bad" { std::process::abort() } // say, a fault in a C library
    ///         text.parse().map_err(|error| format!("{text}: {error}"))
    ///     }
    /// }
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     processes::init();
    ///     let app = App::new(InProcess::new());
    ///     let task = app.isolated_task("parse", TaskOptions::new(), parse)?;
    ///     let worker = app.worker().start()?;
    ///     assert_eq!(task.delay(("7".into(),))?.get()?, 7);
    ///     let error = task.delay(("bad".into(),))?.get().unwrap_err().to_string();
    ///     assert!(error.contains("killed by signal 6"), "{error}");
    ///     assert_eq!(task.delay(("8".into(),))?.get()?, 8);
    ///     worker.stop();
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`task_with`](Self::task_with). If a process cannot be started, the task fails and says
    /// so.
    #[cfg(feature = "processes")]
    pub fn isolated_task<F, R>(
        &self,
        name: &str,
        options: TaskOptions,
        function: F,
    ) -> Result<Task<F::Args, R>, Error>
    where
        F: processes::Function<Output = Result<R, String>>,
        R: Serialize + DeserializeOwned,
    {
        let idle = Arc::clone(&self.shared.idle);
        self.task_with(name, options, move |context, args| idle.run(context, function, args))
    }

    /// A task that another program runs, with its types.
    ///
    /// # Errors
    ///
    /// If the name is not valid.
    pub fn remote_task<A: Serialize, R>(&self, name: &str) -> Result<Task<A, R>, Error> {
        check_name("task", name)?;
        Ok(Task::new(Arc::clone(&self.shared), name.into()))
    }

    /// Sends tasks whose name matches to a queue: `images.*` matches all that begin with `images.`,
    /// `*` matches all, another pattern the one task of that name. The first matching route counts.
    /// A call's own queue has precedence over it, and it has precedence over a task's own queue.
    /// _Python_: `task_routes`.
    ///
    /// # Errors
    ///
    /// If the queue's name is not valid.
    pub fn route(&self, pattern: &str, queue: &str) -> Result<(), Error> {
        self.shared.route(pattern, queue)
    }

    /// Sets the default queue; `celery` otherwise.
    ///
    /// # Errors
    ///
    /// If the name is not valid.
    pub fn default_queue(&self, queue: &str) -> Result<(), Error> {
        self.shared.set_default_queue(queue)
    }

    /// The broker, for calls that this type does not have: the lengths of queues, dead letters.
    #[must_use]
    pub fn broker(&self) -> &Arc<dyn Broker> {
        &self.shared.broker
    }

    /// The results.
    #[must_use]
    pub fn results(&self) -> &Arc<dyn ResultStore> {
        &self.shared.results
    }

    /// A worker, to be configured and started.
    pub fn worker(&self) -> WorkerBuilder {
        WorkerBuilder::new(Arc::clone(&self.shared))
    }
}

/// Sending.
impl App {
    /// Sends a task by its name. Never waits for a worker. _Python_: `app.send_task(name, args)`.
    ///
    /// # Errors
    ///
    /// If the arguments are neither a tuple, a list nor a struct, if the name is not valid, or if
    /// the broker refuses it; then it is not sent.
    pub fn delay<R>(&self, task: &str, args: impl Serialize) -> Result<TaskHandle<R>, Error> {
        self.apply_async(task, args, SendOptions::new())
    }

    /// Sends a task by its name, with options.
    ///
    /// # Errors
    ///
    /// As [`delay`](Self::delay), and if an option is out of range.
    pub fn apply_async<R>(
        &self,
        task: &str,
        args: impl Serialize,
        options: SendOptions,
    ) -> Result<TaskHandle<R>, Error> {
        check_name("task", task)?;
        let (args, kwargs) = to_arguments(&args)?;
        let id = self.shared.send(task, args, kwargs, options)?;
        Ok(TaskHandle::new(id, Arc::clone(&self.shared)))
    }

    /// Sends many calls of one task in one go.
    ///
    /// # Errors
    ///
    /// As [`delay`](Self::delay).
    pub fn delay_many<A: Serialize, R>(
        &self,
        task: &str,
        calls: impl IntoIterator<Item = A>,
    ) -> Result<Vec<TaskHandle<R>>, Error> {
        check_name("task", task)?;
        let mut messages = Vec::new();
        for args in calls {
            let (args, kwargs) = to_arguments(&args)?;
            messages.push(self.shared.message(task, args, kwargs, SendOptions::new())?);
        }
        let handle =
            |message: &Message| TaskHandle::new(Arc::clone(&message.id), Arc::clone(&self.shared));
        let handles = messages.iter().map(handle).collect();
        self.shared.broker.push(messages)?;
        Ok(handles)
    }

    /// Starts a task, chain or chord; returns the handle of the last task.
    ///
    /// # Errors
    ///
    /// As [`delay`](Self::delay); [`Error::Canvas`] if there is nothing in it, or if it ends with a
    /// group, which [`apply_group`](Self::apply_group) starts.
    pub fn apply<R>(&self, mut signature: Signature) -> Result<TaskHandle<R>, Error> {
        let mut last = freeze(&mut signature);
        let id = match last.len() {
            1 => last.remove(0),
            0 => return Err(Error::Canvas(format!("nothing to run in {signature}"))),
            n => {
                return Err(Error::Canvas(format!(
                    "{signature} ends with {n} tasks side by side: use `apply_group`"
                )));
            }
        };
        self.shared.start(signature)?;
        Ok(self.handle(&id))
    }

    /// Starts a group, or a chain that ends with a group.
    ///
    /// # Errors
    ///
    /// As [`apply`](Self::apply).
    pub fn apply_group<R>(&self, mut signature: Signature) -> Result<GroupHandle<R>, Error> {
        let last = freeze(&mut signature);
        self.shared.start(signature)?;
        Ok(GroupHandle { members: last.iter().map(|id| self.handle(id)).collect() })
    }

    /// The handle of a task by its id, from any sender.
    #[must_use]
    pub fn handle<R>(&self, id: &str) -> TaskHandle<R> {
        TaskHandle::new(id.into(), Arc::clone(&self.shared))
    }
}

/// Shows its broker and its tasks' names. Asks no server.
impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
