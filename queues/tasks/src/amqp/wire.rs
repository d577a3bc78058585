//! A message as properties, headers and body: protocol 2 as Celery writes it for RabbitMQ.
//!
//! The fields are those of [`wire`](crate::wire). Here the headers are a table of the protocol, and
//! the body is plain JSON, without an envelope and without base64.

use std::sync::Arc;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Map, Value, json};

use crate::message::Message;
use crate::wire::{Undecodable, body, check_content, decode, headers};

/// How often a message was taken from a worker that died: this crate's own header.
const REDELIVERIES: &str = "locksmith_redeliveries";

/// Survives a restart of the server.
const PERSISTENT: u8 = 2;

/// Does not.
const TRANSIENT: u8 = 1;

/// The properties and the body of a task.
///
/// Celery also sets `expiration`, and RabbitMQ then drops an expired message without a word. Ours
/// reaches a worker, which stores that it has expired.
pub(super) fn written(message: &Message, redeliveries: u32) -> (BasicProperties, Vec<u8>) {
    let mut headers = headers(message);
    if redeliveries > 0 {
        headers.insert(REDELIVERIES.into(), redeliveries.into());
    }
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_headers(table(&headers))
        .with_delivery_mode(PERSISTENT)
        .with_priority(message.priority)
        .with_correlation_id((&*message.id).into());
    let properties = match message.reply_to.as_deref() {
        Some(reply_to) if reply_to.len() <= 255 => properties.with_reply_to(reply_to.into()),
        _ => properties,
    };
    (properties, body(message).into_bytes())
}

/// The properties of a message other than a task: an event, a command, an answer.
pub(super) fn plain(headers: &Value) -> BasicProperties {
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_headers(headers.as_object().map(table).unwrap_or_default())
        .with_delivery_mode(TRANSIENT)
}

/// The properties of what this crate keeps for itself.
pub(super) fn kept() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(PERSISTENT)
}

/// What a delivery says.
pub(super) struct Read {
    pub(super) content: Result<Box<Message>, Undecodable>,
    pub(super) redeliveries: u32,
    /// The message as text, if it could not be read.
    pub(super) raw: Box<[u8]>,
}

pub(super) fn read(queue: &Arc<str>, delivery: &Delivery) -> Read {
    let properties = &delivery.properties;
    let headers = properties.headers().as_ref().map(json_of).unwrap_or_default();
    let headers = Value::Object(headers);
    let text = |field: &Option<lapin::types::ShortString>| {
        field.as_ref().map(|field| field.as_str().to_owned())
    };
    let (kind, encoding) = (text(properties.content_type()), text(properties.content_encoding()));
    let of = |key: &str| headers[key].as_str().map(str::to_owned);
    let content = check_content(kind.as_deref(), encoding.as_deref(), &headers)
        .map_err(|reason| Undecodable { reason, id: of("id"), task: of("task") })
        .and_then(|()| {
            let priority = properties.priority().unwrap_or(0);
            let reply_to = text(properties.reply_to()).filter(|to| !to.is_empty());
            decode(queue, &headers, &delivery.data, priority, reply_to)
        });
    let redeliveries = headers[REDELIVERIES].as_u64().unwrap_or(0);
    let raw = match content {
        Ok(_) => Box::default(),
        Err(_) => json!({
            "headers": headers, "content-type": kind, "content-encoding": encoding,
            "body": String::from_utf8_lossy(&delivery.data),
        })
        .to_string()
        .into_bytes()
        .into(),
    };
    let redeliveries = redeliveries.min(u32::MAX.into()) as u32;
    Read { content: content.map(Box::new), redeliveries, raw }
}

fn table(map: &Map<String, Value>) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in map {
        // A longer name cannot be written; Celery has none.
        if key.len() <= 255 {
            table.insert(key.as_str().into(), field(value));
        }
    }
    table
}

fn field(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(yes) => AMQPValue::Boolean(*yes),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => AMQPValue::LongLongInt(whole),
            None => AMQPValue::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => AMQPValue::LongString(text.as_str().into()),
        Value::Array(all) => {
            AMQPValue::FieldArray(all.iter().map(field).collect::<Vec<_>>().into())
        }
        Value::Object(map) => AMQPValue::FieldTable(table(map)),
    }
}

fn json_of(table: &FieldTable) -> Map<String, Value> {
    table.into_iter().map(|(key, value)| (key.to_string(), value_of(value))).collect()
}

fn value_of(field: &AMQPValue) -> Value {
    let bytes = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into();
    match field {
        AMQPValue::Boolean(yes) => (*yes).into(),
        AMQPValue::ShortShortInt(n) => (*n).into(),
        AMQPValue::ShortShortUInt(n) => (*n).into(),
        AMQPValue::ShortInt(n) => (*n).into(),
        AMQPValue::ShortUInt(n) => (*n).into(),
        AMQPValue::LongInt(n) => (*n).into(),
        AMQPValue::LongUInt(n) => (*n).into(),
        AMQPValue::LongLongInt(n) => (*n).into(),
        AMQPValue::Float(n) => (*n).into(),
        AMQPValue::Double(n) => (*n).into(),
        AMQPValue::Timestamp(seconds) => (*seconds).into(),
        AMQPValue::DecimalValue(n) => (f64::from(n.value) / 10_f64.powi(n.scale.into())).into(),
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::LongString(text) => bytes(text.as_bytes()),
        AMQPValue::ByteArray(raw) => bytes(raw.as_slice()),
        AMQPValue::FieldArray(all) => all.as_slice().iter().map(value_of).collect(),
        AMQPValue::FieldTable(table) => Value::Object(json_of(table)),
        AMQPValue::Void => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivered(properties: BasicProperties, body: &[u8]) -> Delivery {
        let mut delivery = Delivery::mock(1, "".into(), "q".into(), false, body.to_vec());
        delivery.properties = properties;
        delivery
    }

    #[test]
    fn what_is_written_is_read() {
        let mut message = Message::new("tasks.add".into(), "q".into());
        message.id = "an-id".into();
        message.args = vec![json!(1), json!({"ä": [null, 1.5]})];
        message.group = Some(("g".into(), Some(3)));
        message.priority = 4;
        message.time_limit = Some(std::time::Duration::from_millis(2500));
        let (properties, body) = written(&message, 2);
        let read = read(&message.queue, &delivered(properties, &body));
        assert_eq!((read.content, read.redeliveries), (Ok(Box::new(message)), 2));
    }

    #[test]
    fn a_pickle_is_not_opened() {
        let properties =
            BasicProperties::default().with_content_type("application/x-python-serialize".into());
        let read = read(&"q".into(), &delivered(properties, b"\x80\x04"));
        let reason = read.content.unwrap_err().reason;
        assert!(reason.contains("application/x-python-serialize"), "{reason}");
        assert!(String::from_utf8_lossy(&read.raw).contains("x-python-serialize"));
    }
}
