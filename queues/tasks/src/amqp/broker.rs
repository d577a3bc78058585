//! The broker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::Confirmation;
use lapin::options::{BasicPublishOptions, QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::FieldTable;
use serde_json::{Value, json};

use super::shelf::{Shelf, disown, own, short};
use super::{Amqp, control, wire};
use crate::broker::{Broker, DeadLetter, Delivery, Listener, Nack, Receipt};
use crate::error::Error;
use crate::message::Message;

/// How many dead letters are kept for each queue.
const DEAD_LETTERS: usize = 10_000;

/// How many ids of revoked tasks are kept, and for how long.
const REVOKED: usize = 50_000;
const REVOKED_FOR: Duration = Duration::from_secs(86_400);

/// How many messages are published before their confirmations are waited for.
const BATCH: usize = 1000;

/// How long one program may read the ids of revoked tasks before another does.
const READING: Duration = Duration::from_secs(10);

/// How often a program asks whether it is its turn to read them. Each refusal costs a channel.
const TURN: Duration = Duration::from_millis(30);

fn dead(queue: &str) -> Shelf {
    Shelf { name: format!("{queue}.dead"), most: DEAD_LETTERS, time: None }
}

fn revoked() -> Shelf {
    Shelf { name: "locksmith.revoked".into(), most: REVOKED, time: Some(REVOKED_FOR) }
}

fn note(key: &str) -> Shelf {
    Shelf { name: format!("locksmith.note.{key}"), most: 1, time: None }
}

fn leader(role: &str) -> String {
    format!("locksmith.leader.{role}")
}

impl Amqp {
    /// Publishes and waits until the server has all. A queue that was deleted meanwhile is declared
    /// again.
    fn publish(&self, messages: &[(&Message, u32)]) -> Result<(), Error> {
        for some in messages.chunks(BATCH) {
            let mut left = some.to_vec();
            self.server.run(|link| {
                while !left.is_empty() {
                    left = self.server.wait(async {
                        let mut confirms = Vec::with_capacity(left.len());
                        for (message, redeliveries) in &left {
                            let queue = &*message.queue;
                            self.server.declare(link, queue).await?;
                            let (properties, body) = wire::written(message, *redeliveries);
                            let must_arrive =
                                BasicPublishOptions { mandatory: true, ..Default::default() };
                            let confirm = link.publisher.basic_publish(
                                "".into(),
                                short(queue),
                                must_arrive,
                                &body,
                                properties,
                            );
                            confirms.push(confirm.await?);
                        }
                        let mut missed = Vec::new();
                        for (confirm, one) in confirms.into_iter().zip(&left) {
                            if confirm.await? != Confirmation::Ack(None) {
                                link.forget(&one.0.queue);
                                missed.push(*one);
                            }
                        }
                        Ok(missed)
                    })?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Before the first claim over a connection: which tasks were revoked earlier. One program
    /// reads at a time, because what it reads is hidden from the others.
    fn learn_revoked(&self) -> Result<(), Error> {
        let link = self.server.link()?.number;
        let mut learnt = self.learnt.lock();
        if *learnt == Some(link) {
            return Ok(());
        }
        let (turn, deadline) = ("locksmith.revoked.turn", Instant::now() + READING);
        while !own(&self.server, turn, READING)? {
            if Instant::now() > deadline {
                return Err(Error::Broker(format!(
                    "{}: another program reads the revoked tasks without end",
                    self.server.name()
                )));
            }
            primitives::threads::sleep(TURN); // a queue that is gone wakes no one
        }
        let ids = revoked().all(&self.server);
        disown(&self.server, turn)?;
        let ids = ids?.into_iter().filter_map(|id| String::from_utf8(id).ok());
        self.revoked.lock().extend(ids);
        *learnt = Some(link);
        Ok(())
    }

    fn read(&self, consumption: u64, (queue, delivery): super::consumption::Delivered) -> Delivery {
        let read = wire::read(&queue, &delivery);
        let id = read.content.as_ref().map_or("", |message| &message.id);
        let revoked = self.revoked.lock().contains(id);
        let number = delivery.delivery_tag;
        let tag = format!("{consumption}-{number}").into();
        Delivery {
            receipt: Receipt { tag, number, counted: false },
            queue,
            content: read.content,
            raw: read.raw,
            redeliveries: read.redeliveries,
            redelivered: delivery.redelivered,
            revoked,
        }
    }
}

impl Broker for Amqp {
    fn name(&self) -> String {
        self.server.name().to_owned()
    }

    fn push(&self, messages: Vec<Message>) -> Result<(), Error> {
        let messages: Vec<_> = messages.iter().map(|message| (message, 0)).collect();
        self.publish(&messages)
    }

    fn claim(
        &self,
        queues: &[Arc<str>],
        max: usize,
        timeout: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        let deadline = Instant::now().checked_add(timeout);
        self.learn_revoked()?;
        let (number, claimed) = self.consumptions.claim(&self.server, queues, max, deadline)?;
        drop(self.recounting.lock()); // a copy may be among them: see `recount`
        Ok(claimed.into_iter().map(|delivered| self.read(number, delivered)).collect())
    }

    /// If the connection has broken since the claim, the server has given the message back, and the
    /// task runs twice.
    fn ack(&self, receipts: &[Receipt]) -> Result<(), Error> {
        for receipt in receipts {
            let Some(source) = self.consumptions.source(receipt) else {
                tracing::warn!(receipt = &*receipt.tag, "acknowledged too late: it will run again");
                continue;
            };
            if let Err(error) = source.ack(&self.server, receipt.number) {
                return Err(self.server.error(&error));
            }
        }
        Ok(())
    }

    fn nack(&self, delivery: &Delivery, how: Nack) -> Result<(), Error> {
        let receipt = &delivery.receipt;
        if let Nack::Bury { reason } = &how {
            let message = match &delivery.content {
                Ok(message) => crate::wire::envelope(message),
                Err(_) => String::from_utf8_lossy(&delivery.raw).into_owned(),
            };
            let letter = json!({"queue": &*delivery.queue, "reason": reason, "message": message});
            dead(&delivery.queue).put(&self.server, &[letter.to_string().into_bytes()])?;
            return self.ack(std::slice::from_ref(receipt));
        }
        let Some(source) = self.consumptions.source(receipt) else { return Ok(()) };
        source.give_back(&self.server, receipt.number).map_err(|error| self.server.error(&error))
    }

    fn recount(&self, delivery: &Delivery) -> Result<bool, Error> {
        let Ok(message) = &delivery.content else { return Ok(false) };
        // A connection that is gone has given the message to another worker already.
        let Some(source) = self.consumptions.source(&delivery.receipt) else { return Ok(true) };
        // This program does not get the copy before the original is acknowledged. If the copy
        // killed it earlier, there would be two of them.
        let _alone = self.recounting.lock();
        self.publish(&[(message, delivery.redeliveries.saturating_add(1))])?;
        let acked = source.ack(&self.server, delivery.receipt.number);
        acked.and_then(|()| source.catch_up(&self.server)).map_err(|e| self.server.error(&e))?;
        Ok(true)
    }

    fn wake(&self) {
        self.consumptions.wake();
    }

    fn release(&self) -> Result<(), Error> {
        self.consumptions.pause(&self.server).map_err(|error| self.server.error(&error))
    }

    /// A queue that does not exist is declared: the question would otherwise be refused, and the
    /// refusal would cost the channel.
    fn len(&self, queue: &str) -> Result<usize, Error> {
        self.server.run(|link| {
            self.server.wait(async {
                self.server.declare(link, queue).await?;
                let channel = link.channel().await?;
                let look = QueueDeclareOptions { passive: true, ..Default::default() };
                let found =
                    channel.queue_declare(short(queue), look, FieldTable::default()).await?;
                channel.close(200, "".into()).await?;
                Ok(found.message_count() as usize)
            })
        })
    }

    fn purge(&self, queue: &str) -> Result<usize, Error> {
        self.server.run(|link| {
            self.server.wait(async {
                self.server.declare(link, queue).await?;
                let channel = link.channel().await?;
                let count = channel.queue_purge(short(queue), QueuePurgeOptions::default()).await?;
                channel.close(200, "".into()).await?;
                Ok(count as usize)
            })
        })
    }

    fn dead_letters(&self, queue: &str, max: usize) -> Result<Vec<DeadLetter>, Error> {
        let letters = dead(queue).all(&self.server)?;
        let read = |letter: &Vec<u8>| {
            let json: Value = serde_json::from_slice(letter).ok()?;
            let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
            Some(DeadLetter {
                queue: text("queue"),
                reason: text("reason"),
                message: text("message"),
            })
        };
        Ok(letters.iter().rev().take(max).filter_map(read).collect())
    }

    fn revoke(&self, ids: &[String]) -> Result<(), Error> {
        self.revoked.lock().extend(ids.iter().cloned());
        let ids: Vec<_> = ids.iter().map(|id| id.clone().into_bytes()).collect();
        revoked().put(&self.server, &ids)
    }

    fn broadcast(&self, command: &Value) -> Result<(), Error> {
        control::broadcast(&self.server, command)
    }

    fn listen(&self, worker: &str) -> Result<Option<Box<dyn Listener>>, Error> {
        Ok(Some(Box::new(control::Control::new(Arc::clone(&self.server), worker)?)))
    }

    fn publish_events(&self, events: &[Value]) -> Result<(), Error> {
        control::publish(&self.server, events)
    }

    fn has_events(&self) -> bool {
        true
    }

    /// The server knows which connection leads, and notices its end at once. Which thread of this
    /// program leads is known here.
    fn lead(&self, role: &str, me: &str, time: Duration) -> Result<bool, Error> {
        let mut leaders = self.leaders.lock();
        let now = Instant::now();
        if leaders.get(role).is_some_and(|(leader, until)| leader != me && *until > now) {
            return Ok(false);
        }
        let leads = own(&self.server, &leader(role), time)?;
        if leads {
            leaders.insert(role.into(), (me.into(), now + time));
        }
        Ok(leads)
    }

    fn resign(&self, role: &str, me: &str) -> Result<(), Error> {
        let mut leaders = self.leaders.lock();
        if leaders.get(role).is_none_or(|(leader, _)| leader != me) {
            return Ok(());
        }
        leaders.remove(role);
        disown(&self.server, &leader(role))
    }

    fn note(&self, key: &str) -> Result<Option<String>, Error> {
        let newest = note(key).all(&self.server)?.pop();
        Ok(newest.and_then(|text| String::from_utf8(text).ok()))
    }

    fn set_note(&self, key: &str, value: &str) -> Result<(), Error> {
        note(key).put(&self.server, &[value.as_bytes().to_vec()])
    }
}
