//! The worker: threads that claim tasks, run them, store what they return and acknowledge.
//!
//! ```text
//!                                                    ┌ held: not before its time; too many in this second ┐
//!                                                    │                                                    ▼
//!   broker ── claim ──▶ claimer ──▶ inbox ──▶ a thread of the executor: check ─▶ run ─▶ what follows ─▶ outbox
//!     ▲                                                                                                  │
//!     └── refresh, sweep: keeper          results, then acknowledgements, as many as have gathered ◀── finisher
//! ```
//!
//! The same code for every broker. Where a claim is a lock and nothing more, the executor's threads claim and finish by themselves, and
//! claimer, keeper and finisher are not started.
//!
//! **Order of the end**: what follows the task is sent first, then its result is stored, then it is acknowledged. A worker that dies
//! between two of these has the task run again; nothing is lost.
//!
//! | file                  | idea                                                     |
//! | --------------------- | -------------------------------------------------------- |
//! | `worker.rs`           | what a program configures, starts and stops              |
//! | `worker/core.rs`      | what the threads share                                   |
//! | `worker/claims.rs`    | claim, refresh, sweep                                    |
//! | `worker/check.rs`     | may it run? now?                                         |
//! | `worker/run.rs`       | run it, under its time limits                            |
//! | `worker/finish.rs`    | what a result, a failure, a retry leads to               |
//! | `worker/control.rs`   | commands from afar                                       |
//! | `worker/events.rs`    | what monitors are told                                   |

mod check;
mod claims;
mod control;
mod core;
mod events;
mod finish;
mod run;

use std::fmt;
use std::sync::Arc;

use primitives::threads::{Builder, JoinHandle};

use self::core::{Config, Core};
use crate::app::App;
use crate::error::{Error, check_name};
use crate::wire::host_name;

/// A worker to be: [`App::worker`] makes one, [`start`](Self::start) starts it.
#[derive(Debug)]
#[must_use]
pub struct WorkerBuilder {
    app: App,
    queues: Vec<String>,
    config: Config,
}

impl WorkerBuilder {
    pub(crate) fn new(app: App) -> Self {
        let name = format!("rust{}@{}", std::process::id(), host_name());
        let config = Config {
            name,
            concurrency: std::thread::available_parallelism().map_or(1, usize::from),
            prefetch_multiplier: 4,
            max_redeliveries: 3,
            events: false,
        };
        Self { app, queues: Vec::new(), config }
    }

    /// It takes from these queues, the first ones before the others; otherwise from the default queue. _Python_: `-Q`.
    pub fn queues(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.queues.extend(names.into_iter().map(Into::into));
        self
    }

    /// So many tasks at once, each on a thread; otherwise one for each core. _Python_: `-c`.
    pub fn concurrency(mut self, threads: usize) -> Self {
        self.config.concurrency = threads;
        self
    }

    /// What it is called, for monitors and commands: `name@host`. _Python_: `-n`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// It claims so many tasks ahead for each thread; 4 otherwise. More is faster, fewer is fairer to other workers.
    /// _Python_: `worker_prefetch_multiplier`.
    pub fn prefetch_multiplier(mut self, tasks: usize) -> Self {
        self.config.prefetch_multiplier = tasks;
        self
    }

    /// A task that was taken from more dead workers than this becomes a dead letter; 3 otherwise. It may be what killed
    /// them.
    pub fn max_redeliveries(mut self, redeliveries: u32) -> Self {
        self.config.max_redeliveries = redeliveries;
        self
    }

    /// Whether it tells monitors of every task from the start; a monitor can switch that on later. _Python_: `-E`.
    pub fn events(mut self, on: bool) -> Self {
        self.config.events = on;
        self
    }

    /// Starts it. Its tasks are those that the application knows now and later.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, if the system has no thread to give, or if the broker does not answer.
    pub fn start(self) -> Result<Worker, Error> {
        let Self { app, mut queues, config } = self;
        if queues.is_empty() {
            queues.push(app.shared.queue_of("").to_string());
        }
        queues.iter().try_for_each(|queue| check_name("queue", queue))?;
        check_name("worker", &config.name)?;
        for (what, number) in [
            ("concurrency", config.concurrency),
            ("prefetch multiplier", config.prefetch_multiplier),
        ] {
            if !(1..=MOST).contains(&number) {
                return Err(Error::Setting(format!("the {what} is 1 to {MOST}, not {number}")));
            }
        }
        Worker::start(Core::new(app.shared, queues, config))
    }
}

/// More threads than this no machine has a use for.
const MOST: usize = 10_000;

/// A worker at work. Dropping it [stops](Self::stop) it.
pub struct Worker {
    core: Arc<Core>,
    threads: Vec<JoinHandle<()>>,
    finishing: Vec<JoinHandle<()>>,
}

impl Worker {
    fn start(core: Core) -> Result<Self, Error> {
        let core = Arc::new(core);
        let mut worker = Self { core, threads: Vec::new(), finishing: Vec::new() };
        let core = &worker.core;
        let broker = &core.shared.broker;
        let listener = broker.listen(&core.config.name)?;
        core.start_runners(core.config.concurrency)?;
        let thread = |name: &str, f: fn(&Core)| {
            let core = Arc::clone(core);
            let builder = Builder::new().name(format!("{name} of {}", core.config.name));
            builder.spawn(move || f(&core)).map_err(|e| Error::Setting(format!("a thread: {e}")))
        };
        let (mut threads, mut finishing) = (Vec::new(), Vec::new());
        if !broker.is_local() {
            threads.push(thread("claimer", claims::claimer)?);
            finishing.push(thread("finisher", finish::finisher)?);
            finishing.push(thread("keeper", claims::keeper)?);
        }
        if broker.has_events() {
            finishing.push(thread("monitor", events::monitor)?);
        }
        if let Some(listener) = listener {
            let core = Arc::clone(core);
            let builder = Builder::new().name(format!("control of {}", core.config.name));
            let control = builder.spawn(move || control::listen(&core, listener));
            threads.push(control.map_err(|e| Error::Setting(format!("a thread: {e}")))?);
        }
        tracing::info!(worker = core.config.name, broker = broker.name(), "the worker has started");
        (worker.threads, worker.finishing) = (threads, finishing);
        Ok(worker)
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.config.name
    }

    /// How many tasks it has run.
    #[must_use]
    pub fn processed(&self) -> u64 {
        self.core.processed()
    }

    /// How many it runs now.
    #[must_use]
    pub fn active(&self) -> usize {
        self.core.running.lock().len()
    }

    /// Whether somebody has asked it to stop: this program, or a command from afar.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.core.is_stopping()
    }

    /// Asks it to stop, and returns at once: it claims nothing more. [`stop`](Self::stop) then waits for its end. For signal handlers'
    /// threads.
    pub fn request_stop(&self) {
        self.core.request_stop();
    }

    /// Something to ask it to stop with from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { core: Arc::clone(&self.core) }
    }

    /// Waits until somebody asks it to stop.
    pub fn wait(&self) {
        self.core.wait_for_stop();
    }

    /// Stops in order: what runs ends, what was claimed and has not begun goes back. Waits for what runs, as long as it takes.
    pub fn stop(mut self) {
        self.end();
    }

    /// Stops at once: what runs goes back too, and other workers begin it again. Its threads go on until the tasks return, and what they
    /// return is dropped; a program that ends now ends them.
    pub fn stop_now(mut self) {
        self.core.request_stop();
        self.core.give_up_all();
        self.end();
    }

    fn end(&mut self) {
        self.core.request_stop();
        let join = |thread: JoinHandle<()>| {
            // A panic was reported by the panic hook.
            let _ = thread.join();
        };
        self.threads.drain(..).for_each(join);
        self.core.give_back_unbegun();
        self.core.end_runners();
        self.core.close_outbox();
        self.finishing.drain(..).for_each(join);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

/// Its name. Blocks for no lock.
impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&self.core.config.name).finish()
    }
}

/// Asks a worker to stop. [`Worker::stopper`] makes one.
#[derive(Clone)]
pub struct Stopper {
    core: Arc<Core>,
}

impl Stopper {
    /// As [`Worker::request_stop`].
    pub fn request_stop(&self) {
        self.core.request_stop();
    }

    /// Gives back what runs, as [`Worker::stop_now`] does. The worker's `stop` then returns without waiting for it.
    pub fn give_up(&self) {
        self.core.request_stop();
        self.core.give_up_all();
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stopper").field(&self.core.config.name).finish()
    }
}
