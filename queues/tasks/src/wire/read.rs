//! Reading it, without trust.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::Undecodable;
use crate::clock::{duration, from_iso};
use crate::message::{Message, Next};
use crate::signature::Signature;

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
        id: id.into(),
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
