//! Celery's message protocol 2 in kombu's JSON envelope: the format of a message in a list of
//! Redis.
//!
//! ```text
//! {"body": base64 of [args, kwargs, {"callbacks", "errbacks", "chain", "chord"}],
//!  "content-encoding": "utf-8", "content-type": "application/json",
//!  "headers": {"task", "id", "eta", "expires", "group", "retries", "timelimit", "root_id", "parent_id", …},
//!  "properties": {"correlation_id", "delivery_info": {"exchange", "routing_key"}, "priority", "delivery_tag", …}}
//! ```
//!
//! A chain is written last task first: the worker takes the next task from the end.
//!
//! Input is not trusted. A content type other than JSON is refused before the body is read, so that
//! no pickle is ever opened. Compression is refused. A message without a field that Celery's own
//! worker needs (delivery tag, delivery info, content type) is refused, and the error names the
//! field.
//!
//! Source: Celery's manual, _Message Protocol_; measured on Celery and kombu 5.7.0.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
#[cfg(any(test, feature = "redis"))]
use serde_json::json;
use serde_json::{Map, Value};

use crate::clock::{duration, from_iso, to_iso};
use crate::message::{Message, Next, new_id};
use crate::signature::Signature;

/// The longest text of arguments for a monitor; a longer one is cut.
const LONGEST_REPR: usize = 1024;

/// Why a message is not run, as a text, with the id of its task if that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Undecodable {
    /// What is wrong with it.
    pub reason: String,
    /// The task's id, if it has one.
    pub id: Option<String>,
    /// The task's name, if it has one.
    pub task: Option<String>,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

// ── Writing ──

/// `[args, kwargs, embed]`: the body before base64.
#[derive(Serialize)]
struct Body<'a>(&'a [Value], &'a Map<String, Value>, Embed<'a>);

#[derive(Serialize)]
struct Embed<'a> {
    callbacks: Option<&'a [Signature]>,
    errbacks: Option<&'a [Signature]>,
    chain: Option<Reversed<'a>>,
    chord: Option<&'a Signature>,
}

struct Reversed<'a>(&'a [Signature]);

impl Serialize for Reversed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for signature in self.0.iter().rev() {
            seq.serialize_element(signature)?;
        }
        seq.end()
    }
}

/// The headers that every message has, in Celery's order; then its other headers.
#[derive(Serialize)]
struct Headers<'a> {
    lang: &'static str,
    task: &'a str,
    id: &'a str,
    shadow: Option<&'a Value>,
    eta: Option<String>,
    expires: Option<String>,
    group: Option<&'a str>,
    group_index: Option<u64>,
    retries: u32,
    timelimit: [Option<f64>; 2],
    root_id: &'a str,
    parent_id: Option<&'a str>,
    argsrepr: &'a str,
    kwargsrepr: &'a str,
    origin: &'a str,
    ignore_result: bool,
    replaced_task_nesting: u8,
    stamped_headers: Option<&'a Value>,
    stamps: Map<String, Value>,
    #[serde(flatten)]
    other: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct Properties<'a> {
    correlation_id: &'a str,
    reply_to: &'a str,
    delivery_mode: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    delivery_info: DeliveryInfo<'a>,
    priority: u8,
    body_encoding: &'static str,
    delivery_tag: &'a str,
}

#[derive(Serialize)]
struct DeliveryInfo<'a> {
    exchange: &'static str,
    routing_key: &'a str,
}

#[derive(Serialize)]
struct Envelope<'a> {
    body: String,
    #[serde(rename = "content-encoding")]
    content_encoding: &'static str,
    #[serde(rename = "content-type")]
    content_type: &'static str,
    headers: Headers<'a>,
    properties: Properties<'a>,
}

/// The body as JSON, not yet encoded.
pub(crate) fn body(message: &Message) -> String {
    let none = Next::default();
    let next = message.next.as_deref().unwrap_or(&none);
    let some = |list: &'_ Vec<Signature>| (!list.is_empty()).then_some(()).is_some();
    let embed = Embed {
        callbacks: some(&next.callbacks).then_some(&next.callbacks),
        errbacks: some(&next.errbacks).then_some(&next.errbacks),
        chain: some(&next.chain).then_some(Reversed(&next.chain)),
        chord: next.chord.as_ref(),
    };
    json_text(&Body(&message.args, &message.kwargs, embed))
}

/// The whole envelope, as it is pushed into a list.
pub(crate) fn envelope(message: &Message) -> String {
    let args = repr(&message.args);
    let kwargs = repr(&message.kwargs);
    let tag = new_id();
    json_text(&Envelope {
        body: BASE64_STANDARD.encode(body(message)),
        content_encoding: "utf-8",
        content_type: "application/json",
        headers: headers_of(message, &args, &kwargs),
        properties: Properties {
            correlation_id: &message.id,
            reply_to: message.reply_to.as_deref().unwrap_or_default(),
            delivery_mode: 2,
            expiration: message.expires.map(expiration),
            delivery_info: DeliveryInfo { exchange: "", routing_key: &message.queue },
            priority: message.priority,
            body_encoding: "base64",
            delivery_tag: &tag,
        },
    })
}

/// The headers as a map, for a broker that carries them as a table.
#[cfg(feature = "amqp")]
pub(crate) fn headers(message: &Message) -> Map<String, Value> {
    let (args, kwargs) = (repr(&message.args), repr(&message.kwargs));
    match serde_json::to_value(headers_of(message, &args, &kwargs)) {
        Ok(Value::Object(headers)) => headers,
        other => unreachable!("headers are a map: {other:?}"),
    }
}

fn headers_of<'a>(message: &'a Message, args: &'a str, kwargs: &'a str) -> Headers<'a> {
    Headers {
        lang: "rust",
        task: &message.task,
        id: &message.id,
        shadow: None,
        eta: message.eta.map(to_iso),
        expires: message.expires.map(to_iso),
        group: message.group_id(),
        group_index: message.group.as_ref().and_then(|(_, index)| *index),
        retries: message.retries,
        timelimit: [message.time_limit, message.soft_time_limit]
            .map(|limit| limit.map(|limit| limit.as_secs_f64())),
        root_id: message.root(),
        parent_id: message.parent.as_deref(),
        argsrepr: args,
        kwargsrepr: kwargs,
        origin: origin(),
        ignore_result: message.ignore_result,
        replaced_task_nesting: 0,
        stamped_headers: None,
        stamps: Map::new(),
        other: &message.other,
    }
}

/// The sender: `gen4711@host`, as Celery writes it.
fn origin() -> &'static str {
    static ORIGIN: OnceLock<String> = OnceLock::new();
    ORIGIN.get_or_init(|| format!("gen{}@{}", std::process::id(), host_name()))
}

/// The machine's name, for names of workers.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = name.ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_else(|| "localhost".into())
}

/// In milliseconds from now, as RabbitMQ requires.
pub(crate) fn expiration(expires: SystemTime) -> String {
    expires.duration_since(SystemTime::now()).unwrap_or_default().as_millis().to_string()
}

/// Arguments for display in a monitor.
pub(crate) fn repr(value: &impl Serialize) -> String {
    let mut text = json_text(value);
    if text.len() > LONGEST_REPR {
        let end = (0..=LONGEST_REPR).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

/// As JSON. Everything written here consists of texts, numbers and maps with texts as keys, so it
/// cannot fail.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and JSON values can be written as JSON")
}

// ── Reading ──

/// An envelope whose body is not interpreted yet.
pub(crate) struct Opened {
    pub(crate) redelivered: bool,
    pub(crate) content: Result<Message, Undecodable>,
}

/// Reads an envelope from `queue`.
pub(crate) fn open(queue: &Arc<str>, text: &[u8]) -> Opened {
    let refused = |reason: String| Undecodable { reason, id: None, task: None };
    let json: Value = match serde_json::from_slice(text) {
        Ok(json) => json,
        Err(error) => {
            let content = Err(refused(format!("the message is not JSON: {error}")));
            return Opened { redelivered: false, content };
        }
    };
    if !json.is_object() {
        let content = Err(refused("the message is not a map".into()));
        return Opened { redelivered: false, content };
    }
    let properties = &json["properties"];
    let redelivered = json["headers"]["redelivered"].as_bool().unwrap_or(false)
        || properties["redelivered"].as_bool().unwrap_or(false);
    Opened { redelivered, content: open_envelope(queue, json) }
}

fn open_envelope(queue: &Arc<str>, mut json: Value) -> Result<Message, Undecodable> {
    let properties = json["properties"].take();
    let headers = json["headers"].take();
    let text = |key: &str| headers[key].as_str().map(str::to_owned);
    let refused = |reason: String| Undecodable { reason, id: text("id"), task: text("task") };

    if properties["delivery_tag"].as_str().is_none() {
        return Err(refused("the message has no delivery tag".into()));
    }
    if !properties["delivery_info"].is_object() {
        return Err(refused("the message has no delivery info".into()));
    }
    let content_type = json["content-type"].as_str();
    let encoding = json["content-encoding"].as_str();
    check_content(content_type, encoding, &headers).map_err(refused)?;
    let Some(body) = json["body"].as_str() else {
        return Err(refused("the message has no body".into()));
    };
    let body = match properties["body_encoding"].as_str() {
        Some("base64") => BASE64_STANDARD
            .decode(body)
            .map_err(|error| refused(format!("the body is not base64: {error}")))?,
        None => body.as_bytes().to_vec(),
        Some(other) => {
            return Err(refused(format!("the body's encoding is {other:?}, not base64")));
        }
    };
    let priority = properties["priority"].as_u64().unwrap_or(0).min(255) as u8;
    let reply_to = properties["reply_to"].as_str().filter(|to| !to.is_empty()).map(str::to_owned);
    decode(queue, &headers, &body, priority, reply_to)
}

/// Only JSON, in UTF-8, not compressed.
pub(crate) fn check_content(
    content_type: Option<&str>,
    encoding: Option<&str>,
    headers: &Value,
) -> Result<(), String> {
    match content_type {
        Some("application/json") => {}
        Some(other) => return Err(format!("the content type is {other:?}, not application/json")),
        None => return Err("the message has no content type".into()),
    }
    match encoding {
        None => {}
        Some(name) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8") => {}
        Some(other) => return Err(format!("the content encoding is {other:?}, not utf-8")),
    }
    match headers.get("compression") {
        None | Some(Value::Null) => Ok(()),
        Some(by) => Err(format!("the message is compressed, by {by}")),
    }
}

/// Reads headers and body.
pub(crate) fn decode(
    queue: &Arc<str>,
    headers: &Value,
    body: &[u8],
    priority: u8,
    reply_to: Option<String>,
) -> Result<Message, Undecodable> {
    let text = |key: &str| headers[key].as_str().map(str::to_owned);
    let refused = |reason: String| Undecodable { reason, id: text("id"), task: text("task") };
    let Some(task) = headers["task"].as_str() else {
        return Err(refused("the message names no task (protocol 2 does, in its headers)".into()));
    };
    let Some(id) = text("id") else { return Err(refused("the message has no task id".into())) };
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| refused(format!("the body is not JSON: {error}")))?;
    let Value::Array(body) = body else {
        return Err(refused("the body is not a list of arguments".into()));
    };
    let mut parts = body.into_iter();
    let (args, kwargs, embed) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Value::Array(args)), Some(Value::Object(kwargs)), embed, None) => {
            (args, kwargs, embed.unwrap_or_default())
        }
        _ => return Err(refused("the body is not [args, kwargs, embed]".into())),
    };
    let time = |key: &str| match &headers[key] {
        Value::Null => Ok(None),
        Value::String(text) => match from_iso(text) {
            Some(time) => Ok(Some(time)),
            None => Err(refused(format!("{key} is not a time: {text:?}"))),
        },
        other => Err(refused(format!("{key} is not a time: {other}"))),
    };
    let limit = |index: usize| -> Option<Duration> {
        headers["timelimit"][index].as_f64().filter(|limit| *limit > 0.0).and_then(duration)
    };
    let group = text("group").map(|id| (id, headers["group_index"].as_u64()));
    Ok(Message {
        task: task.into(),
        args,
        kwargs,
        next: read_next(embed).map_err(refused)?,
        queue: Arc::clone(queue),
        priority,
        eta: time("eta")?,
        expires: time("expires")?,
        retries: headers["retries"].as_u64().unwrap_or(0).min(u64::from(u32::MAX)) as u32,
        time_limit: limit(0),
        soft_time_limit: limit(1),
        root: text("root_id").filter(|root| *root != id),
        parent: text("parent_id"),
        group,
        ignore_result: headers["ignore_result"].as_bool().unwrap_or(false),
        reply_to,
        other: Map::new(),
        id,
    })
}

/// Reads the third part of a body.
fn read_next(embed: Value) -> Result<Option<Box<Next>>, String> {
    let Value::Object(mut embed) = embed else { return Ok(None) };
    let mut list = |key: &str| -> Result<Vec<Signature>, String> {
        Signature::list(embed.remove(key).unwrap_or_default())
            .map_err(|error| format!("{key}: {error}"))
    };
    let callbacks = list("callbacks")?;
    let errbacks = list("errbacks")?;
    let mut chain = list("chain")?;
    chain.reverse();
    let chord = match embed.remove("chord") {
        None | Some(Value::Null) => None,
        Some(chord) => Some(Signature::from_json(chord).map_err(|e| format!("chord: {e}"))?),
    };
    let next = Next { callbacks, errbacks, chain, chord };
    Ok((next != Next::default()).then(|| Box::new(next)))
}

/// A kombu message other than a task: an event, a command, an answer.
#[cfg(feature = "redis")]
pub(crate) fn plain(body: &Value, exchange: &str, routing_key: &str, headers: &Value) -> String {
    json!({
        "body": BASE64_STANDARD.encode(body.to_string()),
        "content-encoding": "utf-8", "content-type": "application/json", "headers": headers,
        "properties": {
            "delivery_mode": 1, "priority": 0, "body_encoding": "base64", "delivery_tag": new_id(),
            "delivery_info": {"exchange": exchange, "routing_key": routing_key},
        },
    })
    .to_string()
}

/// The body of a message other than a task.
#[cfg(feature = "redis")]
pub(crate) fn open_plain(text: &str) -> Option<Value> {
    let json: Value = serde_json::from_str(text).ok()?;
    check_content(json["content-type"].as_str(), json["content-encoding"].as_str(), &Value::Null)
        .ok()?;
    let body = json["body"].as_str()?;
    if json["properties"]["body_encoding"] == "base64" {
        return serde_json::from_slice(&BASE64_STANDARD.decode(body).ok()?).ok();
    }
    serde_json::from_str(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let mut message = Message::new("tasks.add".into(), "celery".into());
        message.id = "an-id".into();
        message.args = vec![json!(1), json!("zwei")];
        message.kwargs.insert("y".into(), json!({"deep": [null]}));
        message.group = Some(("a-group".into(), Some(3)));
        message.retries = 2;
        message.priority = 4;
        message.time_limit = Some(Duration::from_millis(2500));
        message.eta = from_iso("2026-11-29T09:18:22.158094+00:00");
        message.parent = Some("mother".into());
        message.next = Some(Box::new(Next {
            callbacks: vec![Signature::new("a")],
            errbacks: vec![Signature::new("b")],
            chain: vec![Signature::new("c"), Signature::new("d")],
            chord: Some(Signature::new("e")),
        }));
        message
    }

    #[test]
    fn what_is_written_is_read() {
        let message = message();
        let opened = open(&message.queue, envelope(&message).as_bytes());
        assert!(!opened.redelivered);
        assert_eq!(opened.content, Ok(message));
    }

    #[test]
    fn a_chain_stands_in_the_body_last_task_first() {
        let body: Value = serde_json::from_str(&body(&message())).unwrap();
        assert_eq!(body[2]["chain"][0]["task"], "d");
        assert_eq!(body[2]["chain"][1]["task"], "c");
    }

    /// Each fault, and the field that the reason must name.
    #[test]
    fn what_cannot_be_run_is_refused_with_a_reason() {
        let refused = |edit: &dyn Fn(&mut Value)| {
            let mut json: Value = serde_json::from_str(&envelope(&message())).unwrap();
            edit(&mut json);
            open(&"celery".into(), json.to_string().as_bytes()).content.unwrap_err().reason
        };
        let remove = |outer: &'static str, inner: &'static str| {
            refused(&move |json| drop(json[outer].as_object_mut().unwrap().remove(inner)))
        };
        assert!(remove("properties", "delivery_tag").contains("delivery tag"));
        assert!(remove("properties", "delivery_info").contains("delivery info"));
        assert!(remove("headers", "task").contains("names no task"));
        assert!(remove("headers", "id").contains("task id"));
        let pickle =
            refused(&|json| json["content-type"] = "application/x-python-serialize".into());
        assert!(pickle.contains("application/x-python-serialize"), "{pickle}");
        let bytes = refused(&|json| json["content-encoding"] = "binary".into());
        assert!(bytes.contains("binary"), "{bytes}");
        let zipped = refused(&|json| json["headers"]["compression"] = "application/x-gzip".into());
        assert!(zipped.contains("compressed"), "{zipped}");
        assert!(refused(&|json| json["body"] = "%%".into()).contains("base64"));
        assert!(refused(&|json| json["body"] = "bm8=".into()).contains("not JSON"));
        assert!(refused(&|json| json["body"] = "W10=".into()).contains("[args, kwargs, embed]"));
        assert!(refused(&|json| json["headers"]["eta"] = "soon".into()).contains("eta"));
        assert!(refused(&|json| json["headers"] = Value::Null).contains("names no task"));
        for text in ["[]", "7", "null", "\"text\""] {
            let other = open(&"celery".into(), text.as_bytes()).content.unwrap_err();
            assert!(other.reason.contains("not a map"));
        }
        let text = open(&"celery".into(), b"hello").content.unwrap_err();
        assert!(text.reason.contains("not JSON"));
    }
}
