//! A task on its way: what a broker carries, in the form that the program works with.
//!
//! The fields are those of Celery's message protocol, version 2. [`wire`](crate::wire) writes and reads them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::Signature;

/// A call of a task that some worker is to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The task's name.
    pub task: Arc<str>,
    /// The id of this call. A retry keeps it.
    pub id: String,
    /// The arguments by position.
    pub args: Vec<Value>,
    /// The arguments by name.
    pub kwargs: Map<String, Value>,
    /// What follows it. `None` for most.
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
    /// Then the worker gives up on it.
    pub time_limit: Option<Duration>,
    /// Then the task is told, and may end in order.
    pub soft_time_limit: Option<Duration>,
    /// The first of the tasks that led to this one; `None`: itself.
    pub root: Option<String>,
    /// The task that started this one.
    pub parent: Option<String>,
    /// The group that it is in, and its place there.
    pub group: Option<(String, Option<u64>)>,
    /// Whether its result is not kept.
    pub ignore_result: bool,
    /// Where a client of RabbitMQ's `rpc://` waits for the result.
    pub reply_to: Option<String>,
    /// What stands in the headers beside all that, kept for the next hop.
    pub other: Map<String, Value>,
}

/// What follows a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Next {
    /// Called with the result.
    pub callbacks: Vec<Signature>,
    /// Called with the task's id if it fails.
    pub errbacks: Vec<Signature>,
    /// The rest of its chain, in the order in which it runs.
    pub chain: Vec<Signature>,
    /// Called with all results of the group, by the member that ends last.
    pub chord: Option<Signature>,
}

impl Message {
    /// A call with nothing special about it.
    pub(crate) fn new(task: Arc<str>, queue: Arc<str>) -> Self {
        Self {
            task,
            id: String::new(),
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

    /// The first of the tasks that led to this one.
    pub(crate) fn root(&self) -> &str {
        self.root.as_deref().unwrap_or(&self.id)
    }

    pub(crate) fn group_id(&self) -> Option<&str> {
        self.group.as_ref().map(|(id, _)| id.as_str())
    }
}

/// A new id, random (UUID version 4), as Celery's are.
pub(crate) fn new_id() -> String {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    uuid::Uuid::new_v4().hyphenated().encode_lower(&mut text).to_owned()
}
