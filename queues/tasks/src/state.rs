//! The status of a task: its state, and its result once there is one.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::clock::{from_iso, to_iso};
use crate::exception::Exception;

/// The progress of a task, in Celery's words.
///
/// ```text
///  Pending ─▶ Received ─▶ Started ─▶ (states of its own) ─┬─▶ Success
///                ▲                                        ├─▶ Failure
///                └───────────── Retry ◀───────────────────┤
///                                                         └─▶ Revoked
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Nothing is known: it waits in a queue, or there is no such task.
    Pending,
    /// A worker has it.
    Received,
    /// It is running. Stored only with [`track_started`](crate::TaskOptions::track_started).
    Started,
    /// It has failed and will be run again.
    Retry,
    /// It has returned a value.
    Success,
    /// It has failed.
    Failure,
    /// It was revoked before it began, or had expired.
    Revoked,
    /// A custom state of the task, such as `PROGRESS`.
    Custom(String),
}

impl State {
    /// Whether the state is final: success, failure or revoked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Revoked)
    }

    /// The word on the wire: `SUCCESS`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::Received => "RECEIVED",
            Self::Started => "STARTED",
            Self::Retry => "RETRY",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Revoked => "REVOKED",
            Self::Custom(name) => name,
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "PENDING" => Self::Pending,
            "RECEIVED" => Self::Received,
            "STARTED" => Self::Started,
            "RETRY" => Self::Retry,
            "SUCCESS" => Self::Success,
            "FAILURE" => Self::Failure,
            "REVOKED" => Self::Revoked,
            other => Self::Custom(other.to_owned()),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a [`ResultStore`](crate::ResultStore) keeps of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredResult {
    /// The task's id.
    pub id: Arc<str>,
    /// Its state.
    pub state: State,
    /// Its result, or the progress of a custom state.
    pub value: Value,
    /// With failure, retry and revoked: why.
    pub exception: Option<Exception>,
    /// The group that it is in.
    pub group: Option<String>,
    /// The task that started it.
    pub parent: Option<String>,
    /// When this was stored.
    pub date: SystemTime,
}

impl StoredResult {
    pub(crate) fn new(id: impl Into<Arc<str>>, state: State, value: Value) -> Self {
        let date = SystemTime::now();
        Self { id: id.into(), state, value, exception: None, group: None, parent: None, date }
    }

    pub(crate) fn unhappy(id: impl Into<Arc<str>>, state: State, exception: Exception) -> Self {
        Self { exception: Some(exception), ..Self::new(id, state, Value::Null) }
    }

    /// In the form in which Celery stores it.
    pub(crate) fn to_json(&self) -> Value {
        let (result, traceback) = match &self.exception {
            Some(exception) => (exception.to_json(), exception.traceback.as_deref()),
            None => (self.value.clone(), None),
        };
        let mut json = json!({
            "status": self.state.as_str(), "result": result, "traceback": traceback,
            "children": [], "date_done": to_iso(self.date), "task_id": &*self.id,
        });
        for (key, of) in [("group_id", &self.group), ("parent_id", &self.parent)] {
            if let Some(id) = of {
                json[key] = id.as_str().into();
            }
        }
        json
    }

    /// Reads what any worker stored.
    pub(crate) fn from_json(id: &str, json: &Value) -> Option<Self> {
        let map: &Map<String, Value> = json.as_object()?;
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let state = State::from_word(map.get("status")?.as_str()?);
        let value = map.get("result").cloned().unwrap_or_default();
        let exception = match state {
            State::Failure | State::Retry | State::Revoked => Some(
                // A worker of another language may have stored a bare text.
                Exception::from_json(&value, text("traceback"))
                    .unwrap_or_else(|| Exception::python("Exception", value.clone())),
            ),
            _ => None,
        };
        let date = text("date_done").and_then(|date| from_iso(&date));
        Some(Self {
            id: text("task_id").map_or_else(|| id.into(), Into::into),
            state,
            value: if exception.is_some() { Value::Null } else { value },
            exception,
            group: text("group_id"),
            parent: text("parent_id"),
            date: date.unwrap_or_else(SystemTime::now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_survives_the_wire() {
        let mut done = StoredResult::new("a", State::Success, json!([1, 2]));
        done.group = Some("g".into());
        let read = StoredResult::from_json("a", &done.to_json()).unwrap();
        assert_eq!((read.value, read.group, read.state), (json!([1, 2]), done.group, done.state));
    }

    #[test]
    fn a_failure_survives_the_wire() {
        let mut exception = Exception::python("ValueError", "boom");
        exception.traceback = Some("line 1".into());
        let failed = StoredResult::unhappy("a", State::Failure, exception.clone());
        let read = StoredResult::from_json("a", &failed.to_json()).unwrap();
        assert_eq!(read.exception, Some(exception));
    }
}
