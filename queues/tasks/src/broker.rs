//! The broker, which keeps the tasks until they are done: one small trait.
//! [`ResultStore`](crate::ResultStore) is the other.
//!
//! ```text
//!   program ── push ──▶ Broker ── claim ──▶ worker ──┬── ack ──▶ Broker      it is done, and gone
//!                          ▲                         ├── nack ─▶ Broker      another worker may have it
//!                          │    refresh: I am alive ─┤
//!                          └──── sweep: the dead's ──┘
//!   program ◀─ wait ─── ResultStore ◀──────── put ───┘  (before the ack: a result is never lost)
//! ```
//!
//! A claimed message belongs to its worker until the worker acknowledges it or gives it back. A
//! worker that does not refresh its messages for the broker's visibility timeout counts as dead,
//! and a [`sweep`](Broker::sweep) gives its messages to the others. So each task runs _at least_
//! once; it may run twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
#[cfg(any(feature = "redis", feature = "amqp"))]
use serde_json::json;

use crate::error::Error;
use crate::message::Message;
use crate::wire::Undecodable;

/// How a broker finds a claimed message again. Only the broker interprets it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// A text: on Redis the delivery tag; on RabbitMQ the channel and its number for the message.
    pub tag: Box<str>,
    /// A number: on RabbitMQ the channel's delivery tag.
    pub number: u64,
    /// Whether the broker counts the redeliveries of this message.
    pub counted: bool,
}

/// A claimed message.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Identifies it for the acknowledgement.
    pub receipt: Receipt,
    /// The queue that it was in.
    pub queue: Arc<str>,
    /// Its content, or why that cannot be read.
    pub content: Result<Box<Message>, Undecodable>,
    /// The bytes from the wire, to give it back unchanged; empty in process.
    pub raw: Box<[u8]>,
    /// How often it has been taken from a worker that died, as far as the broker knows.
    pub redeliveries: u32,
    /// Whether another worker has had it before.
    pub redelivered: bool,
    /// Whether it has already been revoked.
    pub revoked: bool,
}

/// What happens to a message that is not acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub enum Nack {
    /// It goes back to its queue, as the first message.
    GiveBack,
    /// It goes to the dead letters, with the reason.
    Bury {
        /// Why.
        reason: String,
    },
}

/// A message that no worker will run, kept for inspection.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// The queue that it was in.
    pub queue: String,
    /// Why it is here.
    pub reason: String,
    /// The message as it came, if it was text.
    pub message: String,
}

/// Keeps the tasks until a worker has done them. All calls block, and may be made by any thread.
///
/// # Errors
///
/// Each call returns [`Error::Broker`] if its server does not answer within the broker's patience;
/// in process it returns [`Error::Closed`] once the broker is closed.
pub trait Broker: Send + Sync + 'static {
    /// Its name for messages: its address without a password.
    fn name(&self) -> String;

    /// Puts messages into their queues: all of them, or none if the server supports that.
    fn push(&self, messages: Vec<Message>) -> Result<(), Error>;

    /// Takes up to `max` messages, the more urgent first, then those of the queues named first.
    /// Waits up to `timeout` for the first one, and never for a second.
    fn claim(
        &self,
        queues: &[Arc<str>],
        max: usize,
        timeout: Duration,
    ) -> Result<Vec<Delivery>, Error>;

    /// These are done.
    fn ack(&self, receipts: &[Receipt]) -> Result<(), Error>;

    /// This message is not done.
    fn nack(&self, delivery: &Delivery, how: Nack) -> Result<(), Error>;

    /// Called just before a redelivered message runs, so that the broker counts it: a claim that
    /// has not begun its task cannot have died of it. Returns whether the broker has sent the
    /// message once more, which is how some count: then this delivery is settled, and the copy,
    /// counted, comes by a claim.
    fn recount(&self, _delivery: &Delivery) -> Result<bool, Error> {
        Ok(false)
    }

    /// Called after a worker's last claim: messages that were fetched ahead of claims go back.
    /// Other workers' claims fetch again.
    fn release(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The worker that holds these is alive.
    fn refresh(&self, _receipts: &[Receipt]) -> Result<(), Error> {
        Ok(())
    }

    /// Gives back messages that were not refreshed for the visibility timeout; returns how many.
    fn sweep(&self) -> Result<usize, Error> {
        Ok(0)
    }

    /// After how long a worker that does not refresh its claims counts as dead; `None` if the
    /// broker itself notices that a worker is gone.
    fn visibility_timeout(&self) -> Option<Duration> {
        None
    }

    /// Whether a claim costs no more than a lock, so that each thread of a worker claims for
    /// itself.
    fn is_local(&self) -> bool {
        false
    }

    /// Lets waiting claims return at once, so that a worker can end.
    fn wake(&self) {}

    /// How many messages wait in a queue.
    fn len(&self, queue: &str) -> Result<usize, Error>;

    /// Drops the waiting messages of a queue; returns how many.
    fn purge(&self, queue: &str) -> Result<usize, Error>;

    /// Accepts no more messages, and ends waiting claims.
    fn close(&self) {}

    /// The newest dead letters of a queue, newest first.
    fn dead_letters(&self, queue: &str, max: usize) -> Result<Vec<DeadLetter>, Error>;

    /// Remembers that these tasks must not run, for workers that start later or do not listen.
    fn revoke(&self, ids: &[String]) -> Result<(), Error>;

    /// Sends a command to all workers that listen: `{"method", "arguments", …}`, as Celery's remote
    /// control does. Without effect if no worker listens.
    fn broadcast(&self, _command: &Value) -> Result<(), Error> {
        Ok(())
    }

    /// Starts to listen for commands, as the worker of this name; `None` if the broker has no
    /// commands.
    fn listen(&self, _worker: &str) -> Result<Option<Box<dyn Listener>>, Error> {
        Ok(None)
    }

    /// Tells monitors what has happened; each event is a map with a `type`.
    fn publish_events(&self, _events: &[Value]) -> Result<(), Error> {
        Ok(())
    }

    /// Whether monitors can receive events at all.
    fn has_events(&self) -> bool {
        false
    }

    /// Tries to become or stay the one program with this role, for a time: it may send due entries.
    fn lead(&self, role: &str, me: &str, time: Duration) -> Result<bool, Error>;

    /// Gives that up.
    fn resign(&self, role: &str, me: &str) -> Result<(), Error>;

    /// Reads and writes a small note that outlives the program: when a schedule's entry was last
    /// sent.
    fn note(&self, key: &str) -> Result<Option<String>, Error>;

    /// Writes such a note.
    fn set_note(&self, key: &str, value: &str) -> Result<(), Error>;
}

/// Receives commands for one worker. Dropping it ends that.
pub trait Listener: Send {
    /// Waits for a command until `deadline`.
    ///
    /// # Errors
    ///
    /// If the server does not answer; the next call tries again.
    fn next(&mut self, deadline: Instant) -> Result<Option<Command>, Error>;

    /// Answers one.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    fn reply(&mut self, to: &Command, answer: Value) -> Result<(), Error>;
}

/// A command for workers.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What to do: `ping`, `revoke` …
    pub method: String,
    /// With what.
    pub arguments: Value,
    /// The addressed workers; `None` for all.
    pub destination: Option<Vec<String>>,
    /// Where an answer goes, if one is wanted. Only the broker interprets it.
    pub reply_to: Option<Value>,
}

#[cfg(any(feature = "redis", feature = "amqp"))]
impl Command {
    /// Reads what a client broadcasts.
    pub(crate) fn read(body: &Value) -> Option<Self> {
        let destination = body["destination"].as_array().map(|names| {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        });
        let reply_to = body["reply_to"]["routing_key"]
            .as_str()
            .map(|_| json!({"to": body["reply_to"], "ticket": body["ticket"]}));
        Some(Self {
            method: body["method"].as_str()?.to_owned(),
            arguments: body["arguments"].clone(),
            destination,
            reply_to,
        })
    }

    /// A command for a broadcast, with the fields that Celery's workers ask for.
    pub(crate) fn whole(command: &Value) -> Value {
        let mut command = command.clone();
        for key in ["destination", "pattern", "matcher"] {
            command.as_object_mut().map(|map| map.entry(key).or_insert(Value::Null));
        }
        command
    }
}
