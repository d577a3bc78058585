//! Tasks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use redis::{Commands, Connection, RedisResult};
use serde_json::Value;
use serde_json::value::RawValue;

use super::attempts::Attempt;
use super::{Redis, SEPARATOR, control, scripts};
use crate::broker::{Broker, DeadLetter, Delivery, Listener, Nack, Receipt};
use crate::clock::seconds;
use crate::error::Error;
use crate::message::Message;
use crate::wire;

/// The steps of urgency, the most urgent first.
const STEPS: [u8; 4] = [0, 3, 6, 9];
const INDEX: &str = "unacked_index";
const HASH: &str = "unacked";
const REDELIVERIES: &str = "locksmith.redeliveries";
const REVOKED: &str = "locksmith.revoked";
/// How long ids of revoked tasks are kept.
const REVOKED_FOR: Duration = Duration::from_secs(86_400);
/// How long the server remembers what a claim has claimed, in case its answer was lost.
const RECORDED_FOR: Duration = Duration::from_secs(86_400);
/// How many dead letters are kept for each queue.
const DEAD_LETTERS: usize = 10_000;
/// How many old claims one sweep checks.
const SWEPT: usize = 1000;
/// How often a blocked claim checks the lists other than the first.
const LOOK: Duration = Duration::from_millis(20);

/// The list of a queue for a priority.
pub(super) fn list(queue: &str, priority: u8) -> String {
    match STEPS.iter().rev().find(|step| **step <= priority) {
        Some(0) | None => queue.to_owned(),
        Some(step) => format!("{queue}{SEPARATOR}{step}"),
    }
}

fn dead(queue: &str) -> String {
    format!("{queue}.dead")
}

impl Redis {
    fn claim_now(
        &self,
        connection: &mut Connection,
        attempt: &Attempt,
        queues: &[Arc<str>],
        max: usize,
    ) -> RedisResult<Vec<Delivery>> {
        let mut call = scripts::CLAIM.prepare_invoke();
        call.key(INDEX).key(HASH).key(REDELIVERIES).key(REVOKED).key(&attempt.record);
        call.arg(max).arg(attempt.number).arg(RECORDED_FOR.as_secs());
        for step in STEPS {
            for queue in queues {
                call.key(list(queue, step)).arg(&**queue);
            }
        }
        let claimed: Vec<redis::Value> = call.invoke(connection)?;
        claimed.chunks_exact(5).map(|fields| read(fields, queues)).collect()
    }
}

fn read(fields: &[redis::Value], queues: &[Arc<str>]) -> RedisResult<Delivery> {
    let tag: String = redis::from_redis_value_ref(&fields[0])?;
    let raw: Vec<u8> = redis::from_redis_value_ref(&fields[1])?;
    let redeliveries: u32 = redis::from_redis_value_ref(&fields[2])?;
    let revoked: bool = redis::from_redis_value_ref(&fields[3])?;
    let queue: String = redis::from_redis_value_ref(&fields[4])?;
    let queue = queues.iter().find(|name| ***name == *queue).cloned();
    let queue = queue.unwrap_or_default();
    let opened = wire::open(&queue, &raw);
    Ok(Delivery {
        receipt: Receipt { tag: tag.into(), number: 0, counted: redeliveries > 0 },
        content: opened.content.map(Box::new),
        raw: raw.into(),
        redeliveries,
        redelivered: opened.redelivered,
        revoked,
        queue,
    })
}

impl Broker for Redis {
    fn name(&self) -> String {
        self.pool.name().to_owned()
    }

    fn push(&self, messages: Vec<Message>) -> Result<(), Error> {
        let mut lists: HashMap<String, Vec<String>> = HashMap::new();
        for message in &messages {
            let list = list(&message.queue, message.priority);
            lists.entry(list).or_default().push(wire::envelope(message));
        }
        let mut pipe = redis::pipe();
        if lists.len() > 1 {
            pipe.atomic(); // all of them or none
        }
        for (list, messages) in &lists {
            pipe.lpush(list, messages).ignore();
        }
        self.pool.run(|connection| pipe.query(connection))
    }

    /// If the script finds nothing, the server is asked to report when the first queue's most
    /// urgent list has a message. It "moves" the last message of that list to its own place, which
    /// changes nothing and wakes one worker.
    fn claim(
        &self,
        queues: &[Arc<str>],
        max: usize,
        timeout: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        let deadline = Instant::now() + timeout;
        if queues.is_empty() {
            primitives::threads::sleep(timeout.min(LOOK)); // every queue was cancelled
            return Ok(Vec::new());
        }
        let mut connection = self.pool.take().map_err(|error| self.pool.error(&error))?;
        let mut attempt = self.attempts.take();
        // ANCHOR: claim
        let mut look = || -> RedisResult<Vec<Delivery>> {
            if attempt.is_lost {
                let mut call = scripts::LOST.key(INDEX);
                call.key(HASH).key(&attempt.record);
                call.arg(attempt.number).arg(RECORDED_FOR.as_secs());
                call.invoke::<()>(&mut connection)?;
            }
            loop {
                attempt.begin();
                let claimed = self.claim_now(&mut connection, &attempt, queues, max)?;
                attempt.is_lost = false;
                let left = deadline.saturating_duration_since(Instant::now());
                if !claimed.is_empty() || left.is_zero() {
                    return Ok(claimed);
                }
                let wait = left.min(LOOK).max(Duration::from_millis(1)).as_secs_f64();
                let mut wait_for = redis::cmd("BLMOVE");
                wait_for.arg(&*queues[0]).arg(&*queues[0]).arg("RIGHT").arg("RIGHT").arg(wait);
                let _: Option<Vec<u8>> = wait_for.query(&mut connection)?;
            }
        };
        // ANCHOR_END: claim
        let claimed = look();
        self.attempts.put_back(attempt);
        let claimed = claimed.map_err(|error| self.pool.error(&error))?;
        self.pool.put_back(connection);
        Ok(claimed)
    }

    fn ack(&self, receipts: &[Receipt]) -> Result<(), Error> {
        let tags: Vec<&str> = receipts.iter().map(|receipt| &*receipt.tag).collect();
        if tags.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        pipe.zrem(INDEX, &tags).ignore().hdel(HASH, &tags).ignore();
        let counted: Vec<&str> =
            receipts.iter().filter(|receipt| receipt.counted).map(|r| &*r.tag).collect();
        if !counted.is_empty() {
            pipe.hdel(REDELIVERIES, &counted).ignore();
        }
        self.pool.run(|connection| pipe.query(connection))
    }

    fn nack(&self, delivery: &Delivery, how: Nack) -> Result<(), Error> {
        let tag = &*delivery.receipt.tag;
        if tag.is_empty() {
            return Ok(()); // the claim itself has buried it
        }
        let priority = delivery.content.as_ref().map_or(0, |message| message.priority);
        self.pool.run(|connection| match &how {
            Nack::GiveBack => {
                let mut call = scripts::GIVE_BACK.key(INDEX);
                call.key(HASH).key(REDELIVERIES).key(list(&delivery.queue, priority));
                call.arg(tag).arg(&*delivery.raw).arg(delivery.redeliveries.saturating_sub(1));
                call.invoke::<()>(connection)
            }
            Nack::Bury { reason } => {
                let letter = serde_json::json!({
                    "queue": &*delivery.queue, "reason": reason,
                    "message": String::from_utf8_lossy(&delivery.raw),
                });
                let mut call = scripts::BURY.key(INDEX);
                call.key(HASH).key(REDELIVERIES).key(dead(&delivery.queue));
                call.arg(tag).arg(letter.to_string()).arg(DEAD_LETTERS);
                call.invoke::<()>(connection)
            }
        })
    }

    /// One more round trip, for redelivered messages only. A claim whose worker dies before this
    /// has not run its task, so the task cannot have killed it.
    fn recount(&self, delivery: &Delivery) -> Result<bool, Error> {
        let (tag, count) = (&*delivery.receipt.tag, delivery.redeliveries);
        self.pool.run(|connection| connection.hset::<_, _, _, ()>(REDELIVERIES, tag, count))?;
        Ok(false)
    }

    fn refresh(&self, receipts: &[Receipt]) -> Result<(), Error> {
        for some in receipts.chunks(SWEPT) {
            self.pool.run(|connection| {
                let mut call = scripts::REFRESH.key(INDEX);
                for receipt in some {
                    call.arg(&*receipt.tag);
                }
                call.invoke::<()>(connection)
            })?;
        }
        Ok(())
    }

    fn sweep(&self) -> Result<usize, Error> {
        let visible = self.visibility_timeout.as_secs_f64();
        self.pool.run(|connection| {
            let mut call = scripts::OLD.key(INDEX);
            let old: Vec<Vec<u8>> = call.key(HASH).arg(visible).arg(SWEPT).invoke(connection)?;
            let mut given_back = 0;
            for fields in old.chunks_exact(3) {
                let (list, message) = restored(connection, &fields[2])?;
                let mut call = scripts::RESTORE.key(INDEX);
                call.key(HASH).key(list).arg(&fields[0]).arg(&fields[1]).arg(message);
                given_back += call.invoke::<usize>(connection)?;
            }
            Ok(given_back)
        })
    }

    fn visibility_timeout(&self) -> Option<Duration> {
        Some(self.visibility_timeout)
    }

    fn len(&self, queue: &str) -> Result<usize, Error> {
        let lengths: Vec<usize> = self.pool.run(|connection| {
            let mut pipe = redis::pipe();
            for step in &STEPS {
                pipe.llen(list(queue, *step));
            }
            pipe.query(connection)
        })?;
        Ok(lengths.iter().sum())
    }

    fn purge(&self, queue: &str) -> Result<usize, Error> {
        let lists = STEPS.map(|step| list(queue, step));
        let answers: Vec<usize> = self.pool.run(|connection| {
            let mut pipe = redis::pipe();
            pipe.atomic();
            for list in &lists {
                pipe.llen(list);
            }
            pipe.del(&lists).ignore().query(connection)
        })?;
        Ok(answers.iter().sum())
    }

    fn dead_letters(&self, queue: &str, max: usize) -> Result<Vec<DeadLetter>, Error> {
        let last = isize::try_from(max).unwrap_or(isize::MAX) - 1;
        let letters: Vec<String> = match max {
            0 => Vec::new(),
            _ => self.pool.run(|connection| connection.lrange(dead(queue), 0, last))?,
        };
        let read = |letter: &String| {
            let json: Value = serde_json::from_str(letter).ok()?;
            let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
            Some(DeadLetter {
                queue: text("queue"),
                reason: text("reason"),
                message: text("message"),
            })
        };
        Ok(letters.iter().filter_map(read).collect())
    }

    fn revoke(&self, ids: &[String]) -> Result<(), Error> {
        let now = seconds(SystemTime::now());
        let until = now + REVOKED_FOR.as_secs_f64();
        let mut pipe = redis::pipe();
        pipe.zrembyscore(REVOKED, "-inf", now).ignore();
        for id in ids {
            pipe.zadd(REVOKED, id, until).ignore();
        }
        pipe.expire(REVOKED, REVOKED_FOR.as_secs() as i64).ignore();
        self.pool.run(|connection| pipe.query(connection))
    }

    fn broadcast(&self, command: &Value) -> Result<(), Error> {
        control::broadcast(self, command)
    }

    fn listen(&self, worker: &str) -> Result<Option<Box<dyn Listener>>, Error> {
        Ok(Some(Box::new(control::Control::new(self, worker)?)))
    }

    fn publish_events(&self, events: &[Value]) -> Result<(), Error> {
        control::publish(self, events)
    }

    fn has_events(&self) -> bool {
        true
    }

    fn lead(&self, role: &str, me: &str, time: Duration) -> Result<bool, Error> {
        let time = time.as_millis().max(1) as u64;
        let key = format!("locksmith.leader.{role}");
        self.pool.run(|connection| scripts::LEAD.key(&key).arg(me).arg(time).invoke(connection))
    }

    fn resign(&self, role: &str, me: &str) -> Result<(), Error> {
        let key = format!("locksmith.leader.{role}");
        self.pool.run(|connection| scripts::RESIGN.key(&key).arg(me).invoke::<()>(connection))
    }

    fn note(&self, key: &str) -> Result<Option<String>, Error> {
        self.pool.run(|connection| connection.get(format!("locksmith.note.{key}")))
    }

    fn set_note(&self, key: &str, value: &str) -> Result<(), Error> {
        self.pool.run(|connection| connection.set(format!("locksmith.note.{key}"), value))
    }
}

/// Where an old claim goes, and the message with a mark that it was redelivered. The rest stays
/// unchanged, letter by letter: numbers too large for a float, keys in any order.
fn restored(connection: &mut Connection, entry: &[u8]) -> RedisResult<(String, String)> {
    type Fields<'a> = HashMap<&'a str, &'a RawValue>;
    let Ok((message, exchange, key)) = serde_json::from_slice::<(&RawValue, String, String)>(entry)
    else {
        return Ok((dead(HASH), String::from_utf8_lossy(entry).into_owned()));
    };
    let queue = bound(connection, &exchange, &key)?;
    let as_is = || (queue.clone(), message.get().to_owned());
    let Ok(mut envelope) = serde_json::from_str::<Fields<'_>>(message.get()) else {
        return Ok(as_is());
    };
    let priority = envelope
        .get("properties")
        .and_then(|properties| serde_json::from_str::<Value>(properties.get()).ok())
        .and_then(|properties| properties["priority"].as_u64());
    let Some(mut headers) = envelope
        .get("headers")
        .and_then(|headers| serde_json::from_str::<Fields<'_>>(headers.get()).ok())
    else {
        return Ok(as_is());
    };
    let yes = serde_json::value::to_raw_value(&true).expect("a truth value is JSON");
    headers.insert("redelivered", &yes);
    let headers = serde_json::value::to_raw_value(&headers).expect("JSON stays JSON");
    envelope.insert("headers", &headers);
    let list = list(&queue, priority.unwrap_or(0).min(255) as u8);
    Ok((list, wire::json_text(&envelope)))
}

/// The queue of an exchange and a routing key, by kombu's table; without an entry the key itself,
/// as for the default exchange.
fn bound(connection: &mut Connection, exchange: &str, key: &str) -> RedisResult<String> {
    if exchange.is_empty() {
        return Ok(key.to_owned());
    }
    let bindings: Vec<String> = connection.smembers(format!("_kombu.binding.{exchange}"))?;
    let queue = bindings.iter().find_map(|binding| {
        let mut fields = binding.split(SEPARATOR);
        (fields.next()? == key).then(|| fields.nth(1))?
    });
    Ok(queue.unwrap_or(key).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_by_priority() {
        let lists = [0, 2, 3, 8, 9, 255].map(|priority| list("q", priority));
        let six = "q\x06\x166".to_owned();
        let three = "q\x06\x163".to_owned();
        let nine = "q\x06\x169".to_owned();
        assert_eq!(lists, ["q".into(), "q".into(), three, six, nine.clone(), nine]);
    }
}
