//! What an application's handles share: the broker, the store of results, the tasks that the
//! program knows, and the routes to their queues. Everything that sends goes through it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use primitives::Lock;
use serde_json::{Map, Value, json};

use crate::broker::Broker;
use crate::canvas::{Origin, Plan, launch};
use crate::clock;
use crate::definition::Definition;
use crate::error::{Error, check_name};
use crate::id::new_id;
use crate::message::{Message, Next};
use crate::options::SendOptions;
use crate::results::ResultStore;
use crate::signature::Signature;

/// The default queue. Celery's default too.
const DEFAULT_QUEUE: &str = "celery";

/// The most urgent and the least urgent are ten steps apart.
const MOST_PRIORITY: u8 = 9;

pub(crate) struct Shared {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) results: Arc<dyn ResultStore>,
    pub(crate) tasks: Lock<HashMap<Arc<str>, Arc<Definition>, RandomState>>,
    /// First match wins.
    routes: Lock<Vec<(String, Arc<str>)>>,
    default_queue: Lock<Arc<str>>,
    /// The processes of isolated tasks.
    #[cfg(feature = "processes")]
    pub(crate) idle: Arc<crate::isolation::Idle>,
}

/// Tasks and queues.
impl Shared {
    pub(crate) fn new(broker: Arc<dyn Broker>, results: Arc<dyn ResultStore>) -> Self {
        Self {
            broker,
            results,
            tasks: Lock::default(),
            routes: Lock::default(),
            default_queue: Lock::new(DEFAULT_QUEUE.into()),
            #[cfg(feature = "processes")]
            idle: Arc::default(),
        }
    }

    /// Adds a task, whose name must be new.
    pub(crate) fn register(&self, definition: Definition) -> Result<(), Error> {
        check_priority(definition.options.priority)?;
        if let Some(queue) = &definition.options.queue {
            check_name("queue", queue)?;
        }
        let name = Arc::clone(&definition.name);
        let mut tasks = self.tasks.lock();
        if tasks.contains_key(&name) {
            return Err(Error::Name(format!("there is a task {name:?} already")));
        }
        tasks.insert(name, Arc::new(definition));
        Ok(())
    }

    pub(crate) fn route(&self, pattern: &str, queue: &str) -> Result<(), Error> {
        check_name("queue", queue)?;
        self.routes.lock().push((pattern.into(), queue.into()));
        Ok(())
    }

    pub(crate) fn set_default_queue(&self, queue: &str) -> Result<(), Error> {
        check_name("queue", queue)?;
        *self.default_queue.lock() = queue.into();
        Ok(())
    }

    /// The queue of a task: by the first matching route, else the task's own, else the default.
    pub(crate) fn queue_of(&self, task: &str) -> Arc<str> {
        let definition = self.tasks.lock().get(task).cloned();
        self.queue_for(task, definition.as_deref())
    }

    fn queue_for(&self, task: &str, definition: Option<&Definition>) -> Arc<str> {
        let matches = |pattern: &str| match pattern.strip_suffix('*') {
            Some(prefix) => task.starts_with(prefix),
            None => task == pattern,
        };
        let routes = self.routes.lock();
        if let Some((_, queue)) = routes.iter().find(|(pattern, _)| matches(pattern)) {
            return Arc::clone(queue);
        }
        drop(routes);
        let own = definition.and_then(|definition| definition.options.queue.as_deref());
        own.map_or_else(|| Arc::clone(&self.default_queue.lock()), Into::into)
    }
}

/// Sending.
impl Shared {
    /// Sends one call, and returns its id.
    pub(crate) fn send(
        &self,
        task: &str,
        args: Vec<Value>,
        kwargs: Map<String, Value>,
        options: SendOptions,
    ) -> Result<Arc<str>, Error> {
        let message = self.message(task, args, kwargs, options)?;
        let id = Arc::clone(&message.id);
        self.broker.push(vec![message])?;
        Ok(id)
    }

    /// One call, ready to be sent: the call's options override the task's.
    pub(crate) fn message(
        &self,
        task: &str,
        args: Vec<Value>,
        kwargs: Map<String, Value>,
        options: SendOptions,
    ) -> Result<Message, Error> {
        let definition = self.tasks.lock().get(task).cloned();
        let defaults = definition.as_deref().map(|definition| &definition.options);
        let queue = match options.queue {
            Some(queue) => {
                check_name("queue", &queue)?;
                queue.into()
            }
            None => self.queue_for(task, definition.as_deref()),
        };
        let priority = options.priority.or(defaults.map(|d| d.priority)).unwrap_or(0);
        check_priority(priority)?;
        let id = match options.id {
            Some(id) => {
                check_name("task's id", &id)?;
                id.into()
            }
            None => new_id(),
        };
        // The name that is there is shared.
        let task = definition.as_ref().map_or_else(|| task.into(), |known| Arc::clone(&known.name));
        let next =
            Next { callbacks: options.link, errbacks: options.link_error, ..Next::default() };
        Ok(Message {
            id,
            args,
            kwargs,
            next: (next != Next::default()).then(|| Box::new(next)),
            priority,
            eta: options.eta.or(options.countdown.map(clock::after)),
            expires: options.expires.map(clock::after),
            time_limit: options.time_limit.or(defaults.and_then(|d| d.time_limit)),
            soft_time_limit: options.soft_time_limit.or(defaults.and_then(|d| d.soft_time_limit)),
            ignore_result: options
                .ignore_result
                .or(defaults.map(|d| d.ignore_result))
                .unwrap_or(false),
            ..Message::new(task, queue)
        })
    }

    /// Sends the first tasks of a signature.
    pub(crate) fn start(&self, signature: Signature) -> Result<(), Error> {
        let plan = launch(signature, None, Origin::default(), &|task| self.queue_of(task))?;
        for message in &plan.messages {
            check_priority(message.priority)?;
        }
        self.run(plan)
    }

    /// Counts the chords, then pushes the messages: a member must not end before it can be counted.
    pub(crate) fn run(&self, plan: Plan) -> Result<(), Error> {
        for (group, size) in &plan.chords {
            self.results.chord_begin(group, *size)?;
        }
        self.broker.push(plan.messages)
    }

    /// Tells the broker, the results and all workers that these tasks must not run.
    pub(crate) fn revoke(&self, ids: &[String]) -> Result<(), Error> {
        self.broker.revoke(ids)?;
        self.broker.broadcast(&json!({
            "method": "revoke",
            "arguments": {"task_id": ids, "terminate": false, "signal": "SIGTERM"},
        }))
    }
}

fn check_priority(priority: u8) -> Result<(), Error> {
    if priority <= MOST_PRIORITY {
        return Ok(());
    }
    Err(Error::Setting(format!("a priority is 0 to {MOST_PRIORITY}, not {priority}")))
}

/// Shows its broker and its tasks' names. Asks no server.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tasks: Vec<_> = self.tasks.lock().keys().cloned().collect();
        tasks.sort();
        f.debug_struct("App").field("broker", &self.broker.name()).field("tasks", &tasks).finish()
    }
}
