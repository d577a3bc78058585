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

mod read;
mod write;

use std::fmt;

#[cfg(any(test, feature = "journal", feature = "redis"))]
pub(crate) use self::read::open;
#[cfg(feature = "redis")]
pub(crate) use self::read::open_plain;
#[cfg(feature = "amqp")]
pub(crate) use self::read::{check_content, decode};
#[cfg(feature = "redis")]
pub(crate) use self::write::json_text;
#[cfg(feature = "redis")]
pub(crate) use self::write::plain;
#[cfg(feature = "amqp")]
pub(crate) use self::write::{body, headers};
pub(crate) use self::write::{envelope, host_name, repr};

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::write::body;
    use super::*;
    use crate::clock::from_iso;
    use crate::message::{Message, Next};
    use crate::signature::Signature;

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
