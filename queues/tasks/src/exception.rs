//! How a task fails, and how a failure crosses between languages.
//!
//! Celery writes an exception as its class's name, its module and its arguments. A Rust error is
//! written the same way: the last word of its type's path is the name, the rest of the path is the
//! module, and its text is the only argument. A Python client then raises an exception of that
//! name, and a Rust client reads all three.

use std::any::type_name;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// An exception: its name, its origin, and its text.
///
/// ```
/// use tasks::Exception;
///
/// let error = Exception::python("ValueError", "no such thumbnail");
/// assert_eq!(error.to_string(), "ValueError: no such thumbnail");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// The class's name: `ValueError`, `ParseIntError`.
    pub kind: String,
    /// The module that has the class: `builtins`, `core.num.error`.
    pub module: String,
    /// Its arguments; usually one text.
    pub args: Vec<Value>,
    /// Where it was raised, in its language's notation.
    pub traceback: Option<String>,
}

/// Making one.
impl Exception {
    /// One of Python's built-in exceptions: `ValueError`, `KeyError`, `RuntimeError` …
    #[must_use]
    pub fn python(kind: impl Into<String>, message: impl Into<Value>) -> Self {
        Self::new(kind, "builtins", message)
    }

    /// One of a module.
    #[must_use]
    pub fn new(
        kind: impl Into<String>,
        module: impl Into<String>,
        message: impl Into<Value>,
    ) -> Self {
        Self {
            kind: kind.into(),
            module: module.into(),
            args: vec![message.into()],
            traceback: None,
        }
    }

    pub(crate) fn celery(kind: &str, message: impl Into<Value>) -> Self {
        Self::new(kind, "celery.exceptions", message)
    }

    /// From a Rust error: its type's path gives the names.
    pub(crate) fn of<E: std::error::Error>(error: &E) -> Self {
        // `core::num::error::ParseIntError` and `my::Error<u32>`: generics are not part of the
        // name.
        let path = type_name::<E>().split('<').next().unwrap_or_default();
        let (module, kind) = path.rsplit_once("::").unwrap_or(("builtins", path));
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_says = cause.to_string();
            // Some errors already include the text of their cause.
            if !text.contains(&cause_says) {
                text = format!("{text}: {cause_says}");
            }
            source = cause.source();
        }
        Self::new(kind, module.replace("::", "."), text)
    }

    /// The first argument if it is a text, else all of them as JSON.
    #[must_use]
    pub fn message(&self) -> String {
        match self.args.as_slice() {
            [] => String::new(),
            [Value::String(text)] => text.clone(),
            [one] => one.to_string(),
            many => Value::from(many).to_string(),
        }
    }

    /// Like Python's `repr`, close enough for a log: `ValueError("boom", 7)`.
    pub(crate) fn repr(&self) -> String {
        let args: Vec<_> = self.args.iter().map(ToString::to_string).collect();
        format!("{}({})", self.kind, args.join(", "))
    }

    /// In the form of a stored result.
    pub(crate) fn to_json(&self) -> Value {
        json!({"exc_type": self.kind, "exc_message": self.args, "exc_module": self.module})
    }

    /// Reads what any worker stored; `None` if it is not an exception.
    pub(crate) fn from_json(value: &Value, traceback: Option<String>) -> Option<Self> {
        let map: &Map<String, Value> = value.as_object()?;
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        let args = match map.get("exc_message") {
            Some(Value::Array(args)) => args.clone(),
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one.clone()],
        };
        let module = text("exc_module").unwrap_or_else(|| "builtins".into());
        Some(Self { kind: text("exc_type")?, module, args, traceback })
    }
}

/// `kind: message`.
impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message();
        if message.is_empty() {
            return f.write_str(&self.kind);
        }
        write!(f, "{}: {message}", self.kind)
    }
}

/// Why a task did not return a value: the error type of a task's function.
///
/// Any [`std::error::Error`] turns into one by `?`.
///
/// ```
/// use tasks::TaskError;
///
/// fn task(text: &str) -> Result<u32, TaskError> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert_eq!(task("ten").unwrap_err().to_string(), "ParseIntError: invalid digit found in string");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TaskError {
    /// It failed. If the task has [`retry_on_error`](crate::TaskOptions::retry_on_error) it is run
    /// again.
    Failed(Exception),
    /// It asks to be run again after a time. [`Context::retry`](crate::Context::retry) makes one.
    /// _Python_: `raise self.retry(countdown=…)`.
    Retry {
        /// How long to wait before.
        countdown: Duration,
        /// The reason; the result has it until the task is over.
        reason: Exception,
    },
    /// Neither a result nor a failure: nothing is stored. _Python_: `raise Ignore()`.
    Ignore,
    /// This worker refuses it. _Python_: `raise Reject(reason, requeue=…)`.
    Reject {
        /// Whether another worker may have it; otherwise it becomes a dead letter.
        requeue: bool,
        /// The reason, for the dead letter.
        reason: String,
    },
}

impl TaskError {
    /// A failure with this text.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Exception::python("RuntimeError", message.into()))
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(exception) => exception.fmt(f),
            Self::Retry { countdown, reason } => write!(f, "again in {countdown:?}: {reason}"),
            Self::Ignore => f.write_str("ignored"),
            Self::Reject { requeue: true, reason } => write!(f, "given back: {reason}"),
            Self::Reject { requeue: false, reason } => write!(f, "rejected: {reason}"),
        }
    }
}

// `TaskError` does not implement `Error`: otherwise it could not have this conversion, which `?`
// needs.
impl<E: std::error::Error> From<E> for TaskError {
    fn from(error: E) -> Self {
        Self::Failed(Exception::of(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_error_has_a_name_and_a_module() {
        let error = Exception::of(&"x".parse::<u8>().unwrap_err());
        assert_eq!(error.kind, "ParseIntError");
        assert!(error.module.starts_with("core.num"), "{}", error.module);
        assert_eq!(Exception::from_json(&error.to_json(), None), Some(error));
    }

    #[test]
    fn reads_what_celery_has_written_over_the_years() {
        let read = |text: &str| Exception::from_json(&serde_json::from_str(text).unwrap(), None);
        let one = read(r#"{"exc_type": "KeyError", "exc_message": "k", "exc_module": null}"#);
        assert_eq!(one, Some(Exception::python("KeyError", "k")));
        let many =
            read(r#"{"exc_type": "E", "exc_message": ["a", 7], "exc_module": "m"}"#).unwrap();
        assert_eq!(many.repr(), r#"E("a", 7)"#);
        assert_eq!(many.message(), r#"["a",7]"#);
        assert_eq!(read("7"), None);
        assert_eq!(read("{}"), None);
    }
}
