//! Commands and events, in kombu's broadcast form.
//!
//! A command is published on `/<db>.celery.pidbox`; an answer is pushed into the asking client's
//! list. Events are published on `/<db>.celeryev/<kind>`: a worker's events one by one, those of
//! tasks in batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::Event;
use primitives::threads::Builder;
use queues::Queue;
use redis::{Commands, RedisResult};
use serde_json::{Value, json};

use super::{Redis, SEPARATOR};
use crate::broker::{Command, Listener};
use crate::error::Error;
use crate::wire::{open_plain, plain};

const BINDINGS: &str = "_kombu.binding.celery.pidbox";
const EXCHANGE: &str = "celery.pidbox";

/// How often a listening thread checks whether it must stop.
const LOOK: Duration = Duration::from_millis(200);

/// How long it waits before it listens again to a server that failed.
const AGAIN: Duration = Duration::from_secs(1);

pub(super) fn broadcast(redis: &Redis, command: &Value) -> Result<(), Error> {
    let message = plain(&Command::whole(command), EXCHANGE, "", &json!({"clock": 1}));
    let channel = format!("/{}.{EXCHANGE}", redis.db);
    redis.pool.run(|connection| connection.publish::<_, _, ()>(&channel, &message))
}

pub(super) fn publish(redis: &Redis, events: &[Value]) -> Result<(), Error> {
    let kind = |event: &Value| event["type"].as_str().unwrap_or("unknown").replace('-', ".");
    let (of_workers, of_tasks): (Vec<_>, Vec<_>) =
        events.iter().cloned().partition(|event| kind(event).starts_with("worker."));
    let mut sent: Vec<(String, Value)> =
        of_workers.into_iter().map(|event| (kind(&event), event)).collect();
    if !of_tasks.is_empty() {
        sent.push(("task.multi".into(), Value::Array(of_tasks)));
    }
    let mut pipe = redis::pipe();
    for (kind, event) in sent {
        let one = event.as_array().and_then(|all| all.first()).unwrap_or(&event);
        let headers = json!({"hostname": one["hostname"]});
        let message = plain(&event, "celeryev", &kind, &headers);
        pipe.publish(format!("/{}.celeryev/{kind}", redis.db), message).ignore();
    }
    redis.pool.run(|connection| pipe.query(connection))
}

/// Receives commands: a thread with its own connection reads them, and puts them into a queue.
pub(super) struct Control {
    /// A second handle of the same server, for answers.
    redis: Arc<Redis>,
    worker: String,
    heard: Arc<Queue<Command>>,
    stop: Arc<Event>,
}

impl Control {
    pub(super) fn new(redis: &Redis, worker: &str) -> Result<Self, Error> {
        let redis = Arc::new(redis.again());
        let binding = binding(worker);
        redis.pool.run(|connection| connection.sadd::<_, _, ()>(BINDINGS, &binding))?;
        let (heard, stop) = (Arc::new(Queue::unbounded()), Arc::new(Event::new()));
        let ears = (Arc::clone(&redis), Arc::clone(&heard), Arc::clone(&stop));
        let thread = Builder::new().name(format!("ears of {worker}"));
        let started = thread.spawn(move || {
            let (redis, heard, stop) = ears;
            while !stop.is_set() {
                if let Err(error) = hear(&redis, &heard, &stop) {
                    tracing::warn!(%error, "no commands can be heard");
                    stop.wait_timeout(AGAIN);
                }
            }
        });
        started.map_err(|error| Error::Setting(format!("no thread to listen: {error}")))?;
        Ok(Self { redis, worker: worker.into(), heard, stop })
    }
}

/// Reads commands until it must stop, or the connection breaks.
fn hear(redis: &Redis, heard: &Queue<Command>, stop: &Event) -> RedisResult<()> {
    let mut connection = redis.pool.take()?;
    let mut subscription = connection.as_pubsub();
    subscription.psubscribe(format!("/{}.{EXCHANGE}", redis.db))?;
    subscription.set_read_timeout(Some(LOOK))?;
    while !stop.is_set() {
        match subscription.get_message() {
            Ok(message) => {
                let text: String = message.get_payload()?;
                if let Some(command) = open_plain(&text).as_ref().and_then(Command::read) {
                    let _ = heard.put(command); // it is never shut down
                }
            }
            Err(error) if error.is_timeout() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn binding(worker: &str) -> String {
    format!("{SEPARATOR}{SEPARATOR}{worker}.celery.pidbox")
}

impl Listener for Control {
    fn next(&mut self, deadline: Instant) -> Result<Option<Command>, Error> {
        Ok(self.heard.get_deadline(deadline).ok())
    }

    fn reply(&mut self, to: &Command, answer: Value) -> Result<(), Error> {
        let Some(reply_to) = &to.reply_to else { return Ok(()) };
        let key = reply_to["to"]["routing_key"].as_str().unwrap_or_default();
        let exchange = reply_to["to"]["exchange"].as_str().unwrap_or("reply.celery.pidbox");
        let headers = json!({"ticket": reply_to["ticket"], "clock": 1});
        let message = plain(&json!({&self.worker: answer}), exchange, key, &headers);
        let list = format!("{key}.{exchange}");
        self.redis.pool.run(|connection| connection.lpush::<_, _, ()>(&list, &message))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop.set();
        let binding = binding(&self.worker);
        // If the server is unreachable, the name stays there, and does no harm.
        let _ = self.redis.pool.run(|connection| connection.srem::<_, _, ()>(BINDINGS, &binding));
    }
}
