//! Commands and events, as kombu broadcasts them.
//!
//! A command is published on `/<db>.celery.pidbox`; an answer is pushed into the list of who asked. Events are published on
//! `/<db>.celeryev/<kind>`: a worker's one by one, those of tasks many at once.

use std::time::{Duration, Instant};

use redis::{Commands, Connection, RedisResult};
use serde_json::{Value, json};

use super::Redis;
use super::broker::SEPARATOR;
use crate::broker::{Command, Listener};
use crate::error::Error;
use crate::wire::{open_plain, plain};

const BINDINGS: &str = "_kombu.binding.celery.pidbox";
const EXCHANGE: &str = "celery.pidbox";

pub(super) fn broadcast(redis: &Redis, command: &Value) -> Result<(), Error> {
    let mut command = command.clone();
    for key in ["destination", "pattern", "matcher"] {
        command.as_object_mut().map(|map| map.entry(key).or_insert(Value::Null));
    }
    let message = plain(&command, EXCHANGE, "", &json!({"clock": 1}));
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

/// Hears commands, on a connection of its own.
pub(super) struct Control {
    /// A second handle of the same server, for answers.
    redis: Redis,
    worker: String,
    connection: Option<Connection>,
}

impl Control {
    pub(super) fn new(redis: &Redis, worker: &str) -> Result<Self, Error> {
        let binding = binding(worker);
        redis.pool.run(|connection| connection.sadd::<_, _, ()>(BINDINGS, &binding))?;
        let mut control = Self { redis: redis.again(), worker: worker.into(), connection: None };
        match control.connect() {
            Ok(_) => Ok(control),
            Err(error) => Err(redis.pool.error(&error)),
        }
    }

    fn connect(&mut self) -> RedisResult<&mut Connection> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut connection = self.redis.pool.take()?;
                connection.send_packed_command(
                    &redis::cmd("PSUBSCRIBE")
                        .arg(format!("/{}.{EXCHANGE}", self.redis.db))
                        .get_packed_command(),
                )?;
                connection.recv_response()?; // it has been heard
                connection
            }
        };
        connection.set_read_timeout(Some(Duration::from_millis(100)))?;
        Ok(self.connection.insert(connection))
    }

    fn receive(&mut self, deadline: Instant) -> RedisResult<Option<Command>> {
        let connection = self.connect()?;
        while Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            connection.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            match connection.recv_response() {
                Ok(redis::Value::Array(fields)) => {
                    let Some(last) = fields.last() else { continue };
                    let Ok(text) = redis::from_redis_value_ref::<String>(last) else { continue };
                    if let Some(command) = open_plain(&text).as_ref().and_then(read) {
                        return Ok(Some(command));
                    }
                }
                Ok(_) => {}
                Err(error) if error.is_timeout() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

fn binding(worker: &str) -> String {
    format!("{SEPARATOR}{SEPARATOR}{worker}.celery.pidbox")
}

fn read(body: &Value) -> Option<Command> {
    let destination = body["destination"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    let reply_to = body["reply_to"]["routing_key"]
        .as_str()
        .map(|_| json!({"to": body["reply_to"], "ticket": body["ticket"]}));
    Some(Command {
        method: body["method"].as_str()?.to_owned(),
        arguments: body["arguments"].clone(),
        destination,
        reply_to,
    })
}

impl Listener for Control {
    fn next(&mut self, deadline: Instant) -> Result<Option<Command>, Error> {
        self.receive(deadline).map_err(|error| {
            self.connection = None;
            self.redis.pool.error(&error)
        })
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
        let binding = binding(&self.worker);
        // If the server is away the name stays there, and does no harm.
        let _ = self.redis.pool.run(|connection| connection.srem::<_, _, ()>(BINDINGS, &binding));
    }
}
