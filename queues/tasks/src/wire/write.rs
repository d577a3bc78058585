//! Writing it: the envelope for a list, or headers and body for a broker that carries them apart.

use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
#[cfg(feature = "redis")]
use serde_json::json;
use serde_json::{Map, Value};

use crate::clock::to_iso;
use crate::id::new_id;
use crate::message::{Message, Next};
use crate::signature::Signature;

/// The longest text of arguments for a monitor; a longer one is cut.
const LONGEST_REPR: usize = 1024;

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
    let tag: String = new_id();
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

/// A kombu message other than a task: an event, a command, an answer.
#[cfg(feature = "redis")]
pub(crate) fn plain(body: &Value, exchange: &str, routing_key: &str, headers: &Value) -> String {
    json!({
        "body": BASE64_STANDARD.encode(body.to_string()),
        "content-encoding": "utf-8", "content-type": "application/json", "headers": headers,
        "properties": {
            "delivery_mode": 1, "priority": 0, "body_encoding": "base64", "delivery_tag": new_id::<String>(),
            "delivery_info": {"exchange": exchange, "routing_key": routing_key},
        },
    })
    .to_string()
}
