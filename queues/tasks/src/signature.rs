//! A call for later: a task with its arguments, or a combination of several. Celery's _canvas_.
//!
//! | here                                  | Celery                | runs                                        |
//! | ------------------------------------- | --------------------- | ------------------------------------------- |
//! | [`Signature::new`]                    | `add.s(2)`            | one task                                    |
//! | [`chain`]                             | `a.s() \| b.s()`      | one after the other, each with the result before |
//! | [`group`]                             | `group(a.s(), b.s())` | side by side                                |
//! | [`chord`]                             | `chord(header, body)` | a group, then the body with all its results |
//!
//! They nest. On the wire each is a map that Celery's workers read, from any language.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::arguments::to_arguments;
use crate::clock::duration;
use crate::error::Error;

/// A call for later.
///
/// ```
/// use tasks::{Signature, chain, chord, group};
///
/// let thumbnails = group([Signature::new("shrink").arg("a.png"), Signature::new("shrink").arg("b.png")]);
/// let album = chain([Signature::new("list").arg("/photos"), thumbnails, Signature::new("index")]);
/// assert_eq!(album.to_string(), "list | [shrink, shrink] → index");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Signature(pub(crate) Kind);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Task(Box<Call>),
    /// In the order in which they run.
    Chain(Vec<Signature>),
    Group(Vec<Signature>),
    Chord {
        header: Vec<Signature>,
        body: Box<Signature>,
    },
}

/// One task.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Call {
    pub(crate) task: String,
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: Map<String, Value>,
    /// It does not take the result of the task before.
    pub(crate) immutable: bool,
    pub(crate) options: CallOptions,
}

/// The options of a signature.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallOptions {
    pub(crate) task_id: Option<String>,
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<u8>,
    pub(crate) countdown: Option<Duration>,
    pub(crate) expires: Option<Duration>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) soft_time_limit: Option<Duration>,
    pub(crate) group_id: Option<String>,
    pub(crate) group_index: Option<u64>,
    pub(crate) chord: Option<Signature>,
    /// In the order in which they run.
    pub(crate) chain: Vec<Signature>,
    pub(crate) link: Vec<Signature>,
    pub(crate) link_error: Vec<Signature>,
    pub(crate) ignore_result: bool,
    pub(crate) reply_to: Option<String>,
    /// Options that this crate does not use, kept for the next hop.
    pub(crate) other: Map<String, Value>,
}

/// Runs tasks one after the other; each gets the result of the one before as its first argument.
///
/// A group in a chain becomes a [`chord`] with its successor. _Python_: `chain(a, b)`, `a | b`.
#[must_use]
pub fn chain(tasks: impl IntoIterator<Item = Signature>) -> Signature {
    Signature(Kind::Chain(tasks.into_iter().collect()))
}

/// Runs tasks side by side, in any order. _Python_: `group(a, b)`.
#[must_use]
pub fn group(tasks: impl IntoIterator<Item = Signature>) -> Signature {
    Signature(Kind::Group(tasks.into_iter().collect()))
}

/// A group, and then `body` with the list of its results, in the group's order. If a member fails,
/// the body fails with a `ChordError` that names it. _Python_: `chord(header, body)`.
#[must_use]
pub fn chord(header: impl IntoIterator<Item = Signature>, body: Signature) -> Signature {
    Signature(Kind::Chord { header: header.into_iter().collect(), body: Box::new(body) })
}

/// Making one.
impl Signature {
    /// A call of this task, so far without arguments. _Python_: `app.signature(name)`.
    #[must_use]
    pub fn new(task: impl Into<String>) -> Self {
        Self(Kind::Task(Box::new(Call { task: task.into(), ..Call::default() })))
    }

    /// Adds one argument.
    ///
    /// # Panics
    ///
    /// If it cannot be written as JSON (a map whose keys are not texts), or if this is not a single
    /// task.
    #[must_use]
    #[track_caller]
    pub fn arg(mut self, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("an argument can be written as JSON");
        self.call("an argument").args.push(value);
        self
    }

    /// With these arguments: a tuple or list by position, a struct by name.
    ///
    /// # Errors
    ///
    /// If they are neither, or cannot be written as JSON.
    pub fn args(mut self, args: &impl Serialize) -> Result<Self, Error> {
        let (args, kwargs) = to_arguments(args)?;
        let call = self.call("arguments");
        call.args = args;
        call.kwargs = kwargs;
        Ok(self)
    }

    /// It does not take the result of the task before. _Python_: `add.si(2, 2)`.
    #[must_use]
    #[track_caller]
    pub fn immutable(mut self) -> Self {
        self.call("`immutable`").immutable = true;
        self
    }

    /// To this queue.
    #[must_use]
    #[track_caller]
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.call("a queue").options.queue = Some(name.into());
        self
    }

    /// With this priority: 0 to 9, 0 first (on RabbitMQ last).
    #[must_use]
    #[track_caller]
    pub fn priority(mut self, priority: u8) -> Self {
        self.call("a priority").options.priority = Some(priority);
        self
    }

    /// With this id instead of a new one, so that a program can follow the task's progress.
    /// _Python_: `.set(task_id=…)`.
    ///
    /// ```
    /// use tasks::{App, InProcess, Signature, State, chord};
    ///
    /// let app = App::new(InProcess::new());
    /// let parts = ["1", "2"].map(|id| Signature::new("part").id(id));
    /// app.apply::<()>(chord(parts, Signature::new("whole")))?;
    /// assert_eq!(app.handle::<()>("1").status()?, State::Pending);
    /// # Ok::<(), tasks::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.call("an id").options.task_id = Some(id.into());
        self
    }

    /// Delays it after the one before.
    #[must_use]
    #[track_caller]
    pub fn countdown(mut self, delay: Duration) -> Self {
        self.call("a countdown").options.countdown = Some(delay);
        self
    }

    /// Calls `next` with the result: for a chain the last task's, for a chord the body's, for a
    /// group each member's.
    #[must_use]
    pub fn link(mut self, next: Signature) -> Self {
        self.last_calls(&mut |call| call.options.link.push(next.clone()));
        self
    }

    /// Calls `next` with the id of the task that failed, if one does.
    #[must_use]
    pub fn link_error(mut self, next: Signature) -> Self {
        self.all_calls(&mut |call| call.options.link_error.push(next.clone()));
        self
    }

    #[track_caller]
    fn call(&mut self, what: &str) -> &mut Call {
        match &mut self.0 {
            Kind::Task(call) => call,
            _ => panic!("{what} is for a single task: set it on the members"),
        }
    }

    /// The tasks whose end is the end of this signature.
    pub(crate) fn last_calls(&mut self, f: &mut dyn FnMut(&mut Call)) {
        match &mut self.0 {
            Kind::Task(call) => match call.options.chain.last_mut() {
                Some(last) => last.last_calls(f),
                None => f(call),
            },
            Kind::Chain(tasks) => {
                if let Some(last) = tasks.last_mut() {
                    last.last_calls(f);
                }
            }
            Kind::Group(tasks) => tasks.iter_mut().for_each(|task| task.last_calls(f)),
            Kind::Chord { body, .. } => body.last_calls(f),
        }
    }

    /// All tasks in it.
    pub(crate) fn all_calls(&mut self, f: &mut dyn FnMut(&mut Call)) {
        match &mut self.0 {
            Kind::Task(call) => {
                f(call);
                call.options.chain.iter_mut().for_each(|task| task.all_calls(f));
            }
            Kind::Chain(tasks) | Kind::Group(tasks) => {
                tasks.iter_mut().for_each(|task| task.all_calls(f));
            }
            Kind::Chord { header, body } => {
                header.iter_mut().for_each(|task| task.all_calls(f));
                body.all_calls(f);
            }
        }
    }

    /// Its first task, if known: a name for logs.
    pub(crate) fn first_task(&self) -> &str {
        match &self.0 {
            Kind::Task(call) => &call.task,
            Kind::Chain(tasks) | Kind::Group(tasks) => {
                tasks.first().map_or("nothing", |first| first.first_task())
            }
            Kind::Chord { header, body } => header.first().unwrap_or(body).first_task(),
        }
    }
}

/// `a | [b, c] → d`: a chain by bars, a group in brackets, a chord's body after the arrow.
impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut std::fmt::Formatter<'_>, tasks: &[Signature], between: &str| {
            for (index, task) in tasks.iter().enumerate() {
                write!(f, "{}{task}", if index == 0 { "" } else { between })?;
            }
            Ok(())
        };
        match &self.0 {
            Kind::Task(call) => f.write_str(&call.task),
            Kind::Chain(tasks) => {
                // A group and what follows it are a chord.
                for (index, task) in tasks.iter().enumerate() {
                    let after_group = index > 0 && matches!(tasks[index - 1].0, Kind::Group(_));
                    f.write_str(match index {
                        0 => "",
                        _ if after_group => " → ",
                        _ => " | ",
                    })?;
                    task.fmt(f)?;
                }
                Ok(())
            }
            Kind::Group(tasks) => {
                f.write_str("[")?;
                list(f, tasks, ", ")?;
                f.write_str("]")
            }
            Kind::Chord { header, body } => {
                f.write_str("[")?;
                list(f, header, ", ")?;
                write!(f, "] → {body}")
            }
        }
    }
}

// ── The wire ──

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl Signature {
    /// In Celery's form.
    pub(crate) fn to_json(&self) -> Value {
        let composite = |task: &str, kwargs: Value, subtask_type: &str| {
            json!({
                "task": task, "args": [], "kwargs": kwargs, "options": {},
                "subtask_type": subtask_type, "immutable": false,
            })
        };
        match &self.0 {
            Kind::Task(call) => json!({
                "task": call.task, "args": call.args, "kwargs": call.kwargs,
                "options": call.options.to_json(), "subtask_type": null, "immutable": call.immutable,
            }),
            Kind::Chain(tasks) => composite("celery.chain", json!({"tasks": tasks}), "chain"),
            Kind::Group(tasks) => composite("celery.group", json!({"tasks": tasks}), "group"),
            Kind::Chord { header, body } => {
                let header = composite("celery.group", json!({"tasks": header}), "group");
                let kwargs = json!({"kwargs": {}, "header": header, "body": body});
                composite("celery.chord", kwargs, "chord")
            }
        }
    }

    /// Reads Celery's form; names a missing field.
    pub(crate) fn from_json(json: Value) -> Result<Self, String> {
        let Value::Object(mut map) = json else { return Err("a signature is a map".into()) };
        let task = match map.get("task") {
            Some(Value::String(task)) => task.clone(),
            _ => return Err("a signature names a task".into()),
        };
        let kind = map.remove("subtask_type");
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or("");
        let mut kwargs = match map.remove("kwargs") {
            Some(Value::Object(kwargs)) => kwargs,
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err(format!("the kwargs of {task} are no map")),
        };
        let options = map.remove("options").unwrap_or_default();
        let options = CallOptions::from_json(options).map_err(|e| format!("{task}: {e}"))?;
        let whole = match kind {
            "chain" => Kind::Chain(Self::list(kwargs.remove("tasks").unwrap_or_default())?),
            "group" => Kind::Group(Self::list(kwargs.remove("tasks").unwrap_or_default())?),
            "chord" => {
                let header = match kwargs.remove("header").unwrap_or_default() {
                    list @ Value::Array(_) => Self::list(list)?,
                    one => match Self::from_json(one)? {
                        Self(Kind::Group(tasks)) => tasks,
                        other => vec![other],
                    },
                };
                let body = Self::from_json(kwargs.remove("body").unwrap_or_default())
                    .map_err(|error| format!("the body of a chord: {error}"))?;
                Kind::Chord { header, body: Box::new(body) }
            }
            _ => {
                let args = match map.remove("args") {
                    Some(Value::Array(args)) => args,
                    None | Some(Value::Null) => Vec::new(),
                    Some(_) => return Err(format!("the args of {task} are no list")),
                };
                let immutable = map.get("immutable").and_then(Value::as_bool).unwrap_or(false);
                let call = Call { task, args, kwargs, immutable, options };
                return Ok(Self(Kind::Task(Box::new(call))));
            }
        };
        // Options that Celery sets on a composite apply to the tasks in it.
        let mut whole = Self(whole);
        let CallOptions { link, link_error, chain, chord, group_id, group_index, .. } = options;
        whole.last_calls(&mut |call| {
            call.options.link.extend(link.iter().cloned());
            if let Some(chord) = &chord {
                call.options.chord.get_or_insert_with(|| chord.clone());
                call.options.group_id = group_id.clone().or(call.options.group_id.take());
                call.options.group_index = group_index.or(call.options.group_index);
            }
        });
        whole.all_calls(&mut |call| call.options.link_error.extend(link_error.iter().cloned()));
        if chain.is_empty() {
            return Ok(whole);
        }
        Ok(Self(Kind::Chain([vec![whole], chain].concat())))
    }

    /// Reads a list of signatures, a single one, or none.
    pub(crate) fn list(json: Value) -> Result<Vec<Self>, String> {
        match json {
            Value::Null => Ok(Vec::new()),
            Value::Array(all) => all.into_iter().map(Self::from_json).collect(),
            one => Ok(vec![Self::from_json(one)?]),
        }
    }
}

impl CallOptions {
    fn to_json(&self) -> Value {
        let mut json = self.other.clone();
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                json.insert(key.into(), value);
            }
        };
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64().into());
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        let list = |list: &[Signature]| (!list.is_empty()).then(|| json!(list));
        set("task_id", text(&self.task_id));
        set("queue", text(&self.queue));
        set("priority", self.priority.map(Value::from));
        set("countdown", seconds(self.countdown));
        set("expires", seconds(self.expires));
        set("time_limit", seconds(self.time_limit));
        set("soft_time_limit", seconds(self.soft_time_limit));
        set("group_id", text(&self.group_id));
        set("group_index", self.group_index.map(Value::from));
        set("chord", self.chord.as_ref().map(Signature::to_json));
        let reversed: VecDeque<_> = self.chain.iter().rev().map(Signature::to_json).collect();
        set("chain", (!reversed.is_empty()).then(|| json!(reversed)));
        set("link", list(&self.link));
        set("link_error", list(&self.link_error));
        set("ignore_result", self.ignore_result.then_some(Value::Bool(true)));
        set("reply_to", text(&self.reply_to));
        Value::Object(json)
    }

    fn from_json(json: Value) -> Result<Self, String> {
        let Value::Object(mut map) = json else { return Ok(Self::default()) };
        let mut take = |key: &str| map.remove(key).filter(|value| !value.is_null());
        let mut chain = Signature::list(take("chain").unwrap_or_default())?;
        chain.reverse();
        let chord = take("chord").map(Signature::from_json).transpose()?;
        let link = Signature::list(take("link").unwrap_or_default())?;
        let link_error = Signature::list(take("link_error").unwrap_or_default())?;
        let mut text = |key: &str| match take(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (task_id, queue) = (text("task_id"), text("queue"));
        let (group_id, reply_to) = (text("group_id"), text("reply_to"));
        let mut seconds = |key: &str| take(key).and_then(|value| duration(value.as_f64()?));
        Ok(Self {
            task_id,
            queue,
            countdown: seconds("countdown"),
            expires: seconds("expires"),
            time_limit: seconds("time_limit"),
            soft_time_limit: seconds("soft_time_limit"),
            priority: take("priority").and_then(|p| p.as_u64()).map(|p| p.min(255) as u8),
            group_id,
            group_index: take("group_index").and_then(|index| index.as_u64()),
            chord,
            chain,
            link,
            link_error,
            ignore_result: take("ignore_result").and_then(|i| i.as_bool()).unwrap_or(false),
            reply_to,
            other: map,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_survive_the_wire() {
        let task = || Signature::new("t").arg(1).queue("q").priority(3).link(Signature::new("l"));
        for signature in [
            task().immutable().countdown(Duration::from_millis(1500)),
            chain([task(), Signature::new("u")]),
            group([task(), chain([task(), task()])]),
            chord([task(), group([task()])], Signature::new("body").link_error(task())),
        ] {
            assert_eq!(Signature::from_json(signature.to_json()), Ok(signature));
        }
    }

    #[test]
    fn options_of_a_composite_reach_its_tasks() {
        let json = json!({
            "task": "celery.chain", "args": [], "subtask_type": "chain",
            "kwargs": {"tasks": [{"task": "a"}, {"task": "b"}]},
            "options": {"link": {"task": "l"}, "link_error": [{"task": "e"}]},
        });
        let Signature(Kind::Chain(tasks)) = Signature::from_json(json).unwrap() else { panic!() };
        let options = |at: usize| match &tasks[at].0 {
            Kind::Task(call) => (call.options.link.len(), call.options.link_error.len()),
            _ => panic!(),
        };
        assert_eq!((options(0), options(1)), ((0, 1), (1, 1)));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let refused = |json: Value| Signature::from_json(json).unwrap_err();
        assert!(refused(json!(7)).contains("map"));
        assert!(refused(json!({})).contains("task"));
        assert!(refused(json!({"task": "t", "args": 7})).contains("args of t"));
        assert!(refused(json!({"task": "celery.chord", "subtask_type": "chord"})).contains("map"));
    }
}
