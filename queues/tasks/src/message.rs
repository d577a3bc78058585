//! A task in transit: what a broker carries, in the program's own form.
//!
//! The fields are those of Celery's message protocol, version 2. [`wire`](crate::wire) writes and
//! reads them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::signature::Signature;

/// A call of a task, for a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The task's name.
    pub task: Arc<str>,
    /// The id of this call. A retry keeps it.
    pub id: Arc<str>,
    /// The arguments by position.
    pub args: Vec<Value>,
    /// The arguments by name.
    pub kwargs: Map<String, Value>,
    /// The tasks that follow it. `None` for most.
    pub next: Option<Box<Next>>,
    /// The queue that it is sent to.
    pub queue: Arc<str>,
    /// 0 to 9; 0 is first on Redis and in process, last on RabbitMQ.
    pub priority: u8,
    /// Not before.
    pub eta: Option<SystemTime>,
    /// Not after.
    pub expires: Option<SystemTime>,
    /// How often it has been retried.
    pub retries: u32,
    /// After this time the worker gives up on it.
    pub time_limit: Option<Duration>,
    /// After this time the task is notified, and may end in order.
    pub soft_time_limit: Option<Duration>,
    /// The root of the tasks that led to this one; `None` if it is the root.
    pub root: Option<String>,
    /// The task that started this one.
    pub parent: Option<String>,
    /// The group that it is in, and its place there.
    pub group: Option<(String, Option<u64>)>,
    /// Whether its result is discarded.
    pub ignore_result: bool,
    /// Where a client of RabbitMQ's `rpc://` waits for the result.
    pub reply_to: Option<String>,
    /// The other headers, kept for the next hop.
    pub other: Map<String, Value>,
}

/// The tasks that follow a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Next {
    /// Called with the result.
    pub callbacks: Vec<Signature>,
    /// Called with the task's id if it fails.
    pub errbacks: Vec<Signature>,
    /// The rest of its chain, in the order in which it runs.
    pub chain: Vec<Signature>,
    /// Called with all results of the group, by the last member to end.
    pub chord: Option<Signature>,
}

impl Message {
    /// A call without options.
    pub(crate) fn new(task: Arc<str>, queue: Arc<str>) -> Self {
        Self {
            task,
            id: Arc::default(),
            args: Vec::new(),
            kwargs: Map::new(),
            next: None,
            queue,
            priority: 0,
            eta: None,
            expires: None,
            retries: 0,
            time_limit: None,
            soft_time_limit: None,
            root: None,
            parent: None,
            group: None,
            ignore_result: false,
            reply_to: None,
            other: Map::new(),
        }
    }

    /// The root of the tasks that led to this one.
    pub(crate) fn root(&self) -> &str {
        self.root.as_deref().unwrap_or(&self.id)
    }

    pub(crate) fn group_id(&self) -> Option<&str> {
        self.group.as_ref().map(|(id, _)| id.as_str())
    }
}
