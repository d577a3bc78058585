//! Who keeps the tasks until they are done: one small trait. [`ResultStore`](crate::ResultStore) is the other one.
//!
//! ```text
//!   program ── push ──▶ Broker ── claim ──▶ worker ──┬── ack ──▶ Broker      it is done, and gone
//!                          ▲                         ├── nack ─▶ Broker      another worker may have it
//!                          │    refresh: I am alive ─┤
//!                          └──── sweep: the dead's ──┘
//!   program ◀─ wait ─── ResultStore ◀──────── put ───┘  (before the ack: a result is never lost)
//! ```
//!
//! A claimed message belongs to its worker until that acknowledges it, gives it back, or has not refreshed it for the
//! broker's visibility time-out. Then it is taken for dead, and a [`sweep`](Broker::sweep) hands its messages to the
//! others. So each task runs _at least_ once; it may run twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::Error;
use crate::message::Message;
use crate::wire::Undecodable;

/// How a broker finds a claimed message again. Opaque to all but the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// A text: on Redis the delivery tag.
    pub tag: Box<str>,
    /// A number: on RabbitMQ the channel's delivery tag.
    pub number: u64,
    /// Whether the broker counts the redeliveries of this one.
    pub counted: bool,
}

/// A message that was claimed.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// To acknowledge it by.
    pub receipt: Receipt,
    /// The queue that it stood in.
    pub queue: Arc<str>,
    /// What it says, or why that cannot be read.
    pub content: Result<Box<Message>, Undecodable>,
    /// As it came over the wire, to be given back unchanged; empty in process.
    pub raw: Box<[u8]>,
    /// How often it has been taken from a worker that died, as far as the broker knows.
    pub redeliveries: u32,
    /// Whether another worker has had it before.
    pub redelivered: bool,
    /// Whether somebody has taken it back already.
    pub revoked: bool,
}

/// What becomes of a message that is not acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub enum Nack {
    /// It goes back to where it was taken from, first in its queue.
    GiveBack,
    /// It goes to the dead letters, with the reason.
    Bury {
        /// Why.
        reason: String,
    },
}

/// A message that no worker will run, kept for people.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// The queue that it stood in.
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
/// Each call returns [`Error::Broker`] if its server does not answer, after the broker's own patience is over;
/// in process [`Error::Closed`] once it is closed.
pub trait Broker: Send + Sync + 'static {
    /// Which one it is, for people: its address without a password.
    fn name(&self) -> String;

    /// Puts messages into their queues: all of them or, where the server can, none.
    fn push(&self, messages: Vec<Message>) -> Result<(), Error>;

    /// Takes up to `max` messages, those of greater urgency first, then those of the queues named first. Waits up to
    /// `timeout` for the first one, and never for a second.
    fn claim(
        &self,
        queues: &[Arc<str>],
        max: usize,
        timeout: Duration,
    ) -> Result<Vec<Delivery>, Error>;

    /// These are done.
    fn ack(&self, receipts: &[Receipt]) -> Result<(), Error>;

    /// This one is not done.
    fn nack(&self, delivery: &Delivery, how: Nack) -> Result<(), Error>;

    /// The worker that has these is alive.
    fn refresh(&self, _receipts: &[Receipt]) -> Result<(), Error> {
        Ok(())
    }

    /// Gives back what nobody has refreshed for the visibility time-out; returns how many.
    fn sweep(&self) -> Result<usize, Error> {
        Ok(0)
    }

    /// After how long a worker that does not refresh its claims is taken for dead; `None` if the broker sees by itself
    /// that a worker is gone.
    fn visibility_timeout(&self) -> Option<Duration> {
        None
    }

    /// Whether a claim costs no more than a lock, so that each thread of a worker makes its own.
    fn is_local(&self) -> bool {
        false
    }

    /// Lets claims that wait return at once, so that a worker can end.
    fn wake(&self) {}

    /// How many messages wait in a queue.
    fn len(&self, queue: &str) -> Result<usize, Error>;

    /// Drops what waits in a queue; returns how many.
    fn purge(&self, queue: &str) -> Result<usize, Error>;

    /// Takes no more messages, and ends claims that wait.
    fn close(&self) {}

    /// The newest dead letters of a queue, newest first.
    fn dead_letters(&self, queue: &str, max: usize) -> Result<Vec<DeadLetter>, Error>;

    /// Remembers that these tasks are not to be run, for workers that start later or do not listen.
    fn revoke(&self, ids: &[String]) -> Result<(), Error>;

    /// Sends a command to all workers that listen: `{"method", "arguments", …}`, as Celery's remote control does. Without
    /// effect where there is nobody to listen.
    fn broadcast(&self, _command: &Value) -> Result<(), Error> {
        Ok(())
    }

    /// Starts to listen for commands, as the worker of this name; `None` if none can come.
    fn listen(&self, _worker: &str) -> Result<Option<Box<dyn Listener>>, Error> {
        Ok(None)
    }

    /// Tells monitors what has happened; each event is a map with a `type`.
    fn publish_events(&self, _events: &[Value]) -> Result<(), Error> {
        Ok(())
    }

    /// Whether monitors can hear of events at all.
    fn has_events(&self) -> bool {
        false
    }

    /// Tries to become or stay the one of all programs that is called so, for a time: who may send what is due.
    fn lead(&self, role: &str, me: &str, time: Duration) -> Result<bool, Error>;

    /// Gives that up.
    fn resign(&self, role: &str, me: &str) -> Result<(), Error>;

    /// Reads and writes a small note that outlives the program: when a schedule's entry was last sent.
    fn note(&self, key: &str) -> Result<Option<String>, Error>;

    /// Writes such a note.
    fn set_note(&self, key: &str, value: &str) -> Result<(), Error>;
}

/// Hears commands for one worker. Dropping it ends that.
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
    /// The workers that are meant; `None`: all.
    pub destination: Option<Vec<String>>,
    /// Where an answer goes, if one is wanted; opaque to all but the broker.
    pub reply_to: Option<Value>,
}
