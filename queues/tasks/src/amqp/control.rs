//! Commands and events, in kombu's broadcast form.
//!
//! A command goes to the fanout exchange `celery.pidbox`, to which each worker binds a queue of its
//! own; an answer goes to the asking client's exchange. Events go to the topic exchange `celeryev`.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::message::DeliveryResult;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer, ConsumerDelegate, ExchangeKind};
use queues::Queue;
use serde_json::{Value, json};

use super::server::Server;
use super::shelf::{milliseconds, short};
use super::wire::plain;
use crate::broker::{Command, Listener};
use crate::error::Error;
use crate::wire::check_content;

const PIDBOX: &str = "celery.pidbox";
const EVENTS: &str = "celeryev";

/// How long a command waits for its worker. Celery's value.
const COMMAND_TTL: Duration = Duration::from_secs(300);

pub(super) fn broadcast(server: &Server, command: &Value) -> Result<(), Error> {
    let body = Command::whole(command).to_string();
    let properties = plain(&json!({"clock": 1, "expires": 0}));
    server.run(|link| {
        server.wait(async {
            let channel = link.channel().await?;
            declare(&channel, PIDBOX, ExchangeKind::Fanout, false).await?;
            let (to, options) = (short(PIDBOX), BasicPublishOptions::default());
            let sent =
                channel.basic_publish(to, "".into(), options, body.as_bytes(), properties.clone());
            sent.await?.await?;
            channel.close(200, "".into()).await
        })
    })
}

async fn declare(
    channel: &Channel,
    name: &str,
    kind: ExchangeKind,
    durable: bool,
) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { durable, ..Default::default() };
    channel.exchange_declare(short(name), kind, options, FieldTable::default()).await
}

pub(super) fn publish(server: &Server, events: &[Value]) -> Result<(), Error> {
    server.run(|link| {
        server.wait(async {
            let channel = link.channel().await?;
            declare(&channel, EVENTS, ExchangeKind::Topic, true).await?;
            for event in events {
                let kind = event["type"].as_str().unwrap_or("unknown").replace('-', ".");
                let properties = plain(&json!({"hostname": event["hostname"]}));
                let (key, options) = (short(&kind), BasicPublishOptions::default());
                let body = event.to_string();
                let sent =
                    channel.basic_publish(short(EVENTS), key, options, body.as_bytes(), properties);
                sent.await?.await?;
            }
            channel.close(200, "".into()).await
        })
    })
}

/// Receives commands for one worker.
pub(super) struct Control {
    server: Arc<Server>,
    worker: String,
    heard: Arc<Queue<Command>>,
    ears: Option<Ears>,
}

/// A worker's queue at the server, as long as its connection lives.
struct Ears {
    link: u64,
    channel: Channel,
    /// Dropping it ends it.
    _consumer: Consumer,
}

impl Control {
    pub(super) fn new(server: Arc<Server>, worker: &str) -> Result<Self, Error> {
        let heard = Arc::new(Queue::unbounded());
        let mut control = Self { server, worker: worker.into(), heard, ears: None };
        control.listen()?;
        Ok(control)
    }

    /// Declares the worker's queue, if it is not there.
    fn listen(&mut self) -> Result<(), Error> {
        let works =
            |ears: &Ears| self.server.is_current(ears.link) && ears.channel.status().connected();
        if self.ears.as_ref().is_some_and(works) {
            return Ok(());
        }
        let name = format!("{}.{PIDBOX}", self.worker);
        let ears = self.server.run(|link| {
            self.server.wait(async {
                let channel = link.channel().await?;
                declare(&channel, PIDBOX, ExchangeKind::Fanout, false).await?;
                let own = QueueDeclareOptions {
                    exclusive: true,
                    auto_delete: true,
                    ..Default::default()
                };
                let mut arguments = FieldTable::default();
                arguments.insert("x-message-ttl".into(), milliseconds(COMMAND_TTL));
                channel.queue_declare(short(&name), own, arguments).await?;
                let (bind, none) = (QueueBindOptions::default(), FieldTable::default());
                channel.queue_bind(short(&name), short(PIDBOX), "".into(), bind, none).await?;
                let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
                let consumer =
                    channel.basic_consume(short(&name), "".into(), options, FieldTable::default());
                let consumer = consumer.await?;
                consumer.set_delegate(Hearing(Arc::clone(&self.heard)));
                Ok(Ears { link: link.number, channel, _consumer: consumer })
            })
        })?;
        self.ears = Some(ears);
        Ok(())
    }
}

struct Hearing(Arc<Queue<Command>>);

impl ConsumerDelegate for Hearing {
    fn on_new_delivery(&self, result: DeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if let Ok(Some(delivery)) = result
            && let Some(command) = read(&delivery)
        {
            let _ = self.0.put(command); // it is never shut down
        }
        Box::pin(ready(()))
    }
}

fn read(delivery: &lapin::message::Delivery) -> Option<Command> {
    let properties = &delivery.properties;
    let text = |field: &Option<lapin::types::ShortString>| field.as_ref().map(ToString::to_string);
    let (kind, encoding) = (text(properties.content_type()), text(properties.content_encoding()));
    check_content(kind.as_deref(), encoding.as_deref(), &Value::Null).ok()?;
    Command::read(&serde_json::from_slice(&delivery.data).ok()?)
}

impl Listener for Control {
    fn next(&mut self, deadline: Instant) -> Result<Option<Command>, Error> {
        self.listen()?;
        Ok(self.heard.get_deadline(deadline).ok())
    }

    fn reply(&mut self, to: &Command, answer: Value) -> Result<(), Error> {
        let Some(reply_to) = &to.reply_to else { return Ok(()) };
        let key = reply_to["to"]["routing_key"].as_str().unwrap_or_default();
        let exchange = reply_to["to"]["exchange"].as_str().unwrap_or("reply.celery.pidbox");
        let properties = plain(&json!({"ticket": reply_to["ticket"], "clock": 1}));
        let body = json!({&self.worker: answer}).to_string();
        self.server.run(|link| {
            self.server.wait(async {
                let channel = link.channel().await?;
                let options = BasicPublishOptions::default();
                let (exchange, key) = (short(exchange), short(key));
                let sent = channel.basic_publish(
                    exchange,
                    key,
                    options,
                    body.as_bytes(),
                    properties.clone(),
                );
                sent.await?.await?;
                channel.close(200, "".into()).await
            })
        })
    }
}
