//! The worker: threads that claim tasks, run them, store their results and acknowledge them.
//!
//! ```text
//!                                                    ┌ held: not before its time; too many in this second ┐
//!                                                    │                                                    ▼
//!   broker ── claim ──▶ claimer ──▶ inbox ──▶ a thread of the executor: check ─▶ run ─▶ what follows ─▶ outbox
//!     ▲                                                                                                  │
//!     └── refresh, sweep: keeper          results, then acknowledgements, as many as have gathered ◀── finisher
//! ```
//!
//! The code is the same for every broker. If a claim is only a lock, the executor's threads claim
//! and finish tasks themselves, and claimer, keeper and finisher are not started.
//!
//! **Order of the end**: the tasks that follow are sent first, then the result is stored, then the
//! task is acknowledged. If a worker dies between two of these, the task runs again; nothing is
//! lost.
//!
//! | file                  | idea                                                     |
//! | --------------------- | -------------------------------------------------------- |
//! | `worker.rs`           | what a program configures, starts and stops              |
//! | `worker/core.rs`      | what the threads share                                   |
//! | `worker/claims.rs`    | claim, refresh, sweep                                    |
//! | `worker/check.rs`     | may it run? now?                                         |
//! | `worker/run.rs`       | the threads that run it, under its time limits           |
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
use crate::error::{Error, check_name};
use crate::shared::Shared;
use crate::wire::host_name;

/// A worker that has not started: [`App::worker`](crate::App::worker) makes one, and
/// [`start`](Self::start) starts it.
#[derive(Debug)]
#[must_use]
pub struct WorkerBuilder {
    shared: Arc<Shared>,
    queues: Vec<String>,
    config: Config,
}

impl WorkerBuilder {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let name = format!("rust{}@{}", std::process::id(), host_name());
        let config = Config {
            name,
            concurrency: std::thread::available_parallelism().map_or(1, usize::from),
            prefetch_multiplier: 4,
            max_redeliveries: 3,
            events: false,
        };
        Self { shared, queues: Vec::new(), config }
    }

    /// Sets its queues, in order of precedence; the default is the default queue. _Python_: `-Q`.
    pub fn queues(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.queues.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets how many tasks run at once, each on a thread; the default is one for each core.
    /// _Python_: `-c`.
    pub fn concurrency(mut self, threads: usize) -> Self {
        self.config.concurrency = threads;
        self
    }

    /// Sets its name, for monitors and commands: `name@host`. _Python_: `-n`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// Sets how many tasks it claims ahead for each thread; the default is 4. More is faster, fewer
    /// is fairer to other workers. _Python_: `worker_prefetch_multiplier`.
    pub fn prefetch_multiplier(mut self, tasks: usize) -> Self {
        self.config.prefetch_multiplier = tasks;
        self
    }

    /// A task that was taken from more dead workers than this becomes a dead letter; the default
    /// is 3. It may have killed them.
    pub fn max_redeliveries(mut self, redeliveries: u32) -> Self {
        self.config.max_redeliveries = redeliveries;
        self
    }

    /// Whether it reports every task to monitors from the start; a monitor can switch that on
    /// later. _Python_: `-E`.
    pub fn events(mut self, on: bool) -> Self {
        self.config.events = on;
        self
    }

    /// Starts it. Its tasks are those that the application knows now and later.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, if the system cannot make a thread, or if the broker does not
    /// answer.
    pub fn start(self) -> Result<Worker, Error> {
        let Self { shared, mut queues, config } = self;
        if queues.is_empty() {
            queues.push(shared.queue_of("").to_string());
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
        Worker::start(Core::new(shared, queues, config))
    }
}

/// The most threads; no machine can use more.
const MOST: usize = 10_000;

/// A running worker. Dropping it [stops](Self::stop) it.
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
        run::start_runners(core, core.config.concurrency)?;
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

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.config.name
    }

    /// How many tasks it has run.
    #[must_use]
    pub fn processed(&self) -> u64 {
        self.core.processed()
    }

    /// How many tasks it runs now.
    #[must_use]
    pub fn active(&self) -> usize {
        self.core.running.lock().len()
    }

    /// Whether it was asked to stop, by this program or by a remote command.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.core.is_stopping()
    }

    /// Asks it to stop, and returns at once: it claims nothing more. [`stop`](Self::stop) then
    /// waits for its end. For threads that handle signals.
    pub fn request_stop(&self) {
        self.core.request_stop();
    }

    /// A handle that asks it to stop from another thread.
    ///
    /// ```
    /// # let worker = tasks::App::new(tasks::InProcess::new()).worker().start()?;
    /// let stopper = worker.stopper();
    /// stopper.give_up(); // as a second Ctrl-C should
    /// worker.stop();
    /// assert_eq!(stopper.given_back(), 0, "nothing ran");
    /// # Ok::<(), tasks::Error>(())
    /// ```
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { core: Arc::clone(&self.core) }
    }

    /// Waits until it is asked to stop.
    pub fn wait(&self) {
        self.core.wait_for_stop();
    }

    /// Stops in order: running tasks end, and claimed tasks that have not begun go back. Waits for
    /// running tasks, without a limit.
    pub fn stop(mut self) {
        self.end();
    }

    /// Stops at once: running tasks go back too, and other workers start them again. The threads
    /// run on until their tasks return, and the results are dropped; if the program ends now, they
    /// end.
    pub fn stop_now(mut self) {
        self.core.request_stop();
        self.core.give_up_all();
        self.end();
    }

    fn end(&mut self) {
        self.core.request_stop();
        let join = |thread: JoinHandle<()>| {
            // The panic hook has reported a panic.
            let _ = thread.join();
        };
        self.threads.drain(..).for_each(join);
        if let Err(error) = self.core.shared.broker.release() {
            tracing::error!(%error, "what was fetched ahead could not be given back");
        }
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

/// Shows its name. Takes no lock.
impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&self.core.config.name).finish()
    }
}

/// Asks a worker to stop, and knows after its end what it has done. [`Worker::stopper`] makes one.
#[derive(Clone)]
pub struct Stopper {
    core: Arc<Core>,
}

impl Stopper {
    /// As [`Worker::request_stop`].
    pub fn request_stop(&self) {
        self.core.request_stop();
    }

    /// Gives back running tasks, as [`Worker::stop_now`] does. The worker's `stop` then returns
    /// without waiting for them.
    pub fn give_up(&self) {
        self.core.request_stop();
        self.core.give_up_all();
    }

    /// How many running tasks were given back; final when the worker's `stop` has returned.
    #[must_use]
    pub fn given_back(&self) -> u64 {
        self.core.given_back()
    }

    /// As [`Worker::processed`]; final when the worker's `stop` has returned.
    #[must_use]
    pub fn processed(&self) -> u64 {
        self.core.processed()
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stopper").field(&self.core.config.name).finish()
    }
}
