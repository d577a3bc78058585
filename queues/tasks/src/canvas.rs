//! From a signature to messages: which tasks can begin at once, and what each message carries for
//! later.
//!
//! ```text
//!   chain([a, group([b, c]), d, e])
//!     ─▶ a, with chain: [chord([b, c], d with chain: [e])]         one message; the rest travels in it
//!     ─▶ a worker has done a:  b and c, each with chord: d         two messages, and a count of two
//!     ─▶ a worker has done the second of b, c:  d, with chain: [e]
//! ```
//!
//! Each join counts: a chord's size is the number of _tasks whose end_ ends a part of the header.
//! So a group within the header counts all its members, a chain its last task, a chord its body.
//! All ids are assigned before the first message is sent. So a program can wait for the last task
//! of a chain that has not begun.
//!
//! Client and worker use the same code: a worker that has done a task starts what follows with its
//! result.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;

use crate::clock::{after, from_iso};
use crate::error::Error;
use crate::id::new_id;
use crate::message::{Message, Next};
use crate::signature::{Call, Kind, Signature, chain};

/// What must happen to start a signature, in this order: count the chords, push the messages.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Group id and size.
    pub(crate) chords: Vec<(String, usize)>,
    pub(crate) messages: Vec<Message>,
}

/// Where a launch comes from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin<'a> {
    pub(crate) root: Option<&'a str>,
    pub(crate) parent: Option<&'a str>,
}

/// Finds the queue and the defaults of a task.
pub(crate) type Route<'a> = dyn Fn(&str) -> Arc<str> + 'a;

/// Gives an id to every task without one, and returns the tasks whose end is the end of the whole.
pub(crate) fn freeze(signature: &mut Signature) -> Vec<String> {
    signature.all_calls(&mut |call| {
        call.options.task_id.get_or_insert_with(new_id);
    });
    let mut last = Vec::new();
    signature.last_calls(&mut |call| last.extend(call.options.task_id.clone()));
    last
}

/// Plans a signature, with `input` as the first argument of the tasks that begin, unless they are
/// immutable.
pub(crate) fn launch(
    signature: Signature,
    input: Option<&Value>,
    origin: Origin<'_>,
    route: &Route<'_>,
) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    launch_all(VecDeque::from([signature]), input, origin, route, &mut plan)?;
    Ok(plan)
}

/// Plans the rest of a chain.
pub(crate) fn launch_chain(
    chain: Vec<Signature>,
    input: Option<&Value>,
    origin: Origin<'_>,
    route: &Route<'_>,
) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    launch_all(chain.into(), input, origin, route, &mut plan)?;
    Ok(plan)
}

/// The first of `tasks` begins now; the others travel with it.
fn launch_all(
    mut tasks: VecDeque<Signature>,
    input: Option<&Value>,
    origin: Origin<'_>,
    route: &Route<'_>,
    plan: &mut Plan,
) -> Result<(), Error> {
    let Some(first) = tasks.pop_front() else {
        return Err(Error::Canvas("a chain, group or chord of no tasks cannot run".into()));
    };
    match first.0 {
        Kind::Chain(inner) => {
            for task in inner.into_iter().rev() {
                tasks.push_front(task);
            }
            launch_all(tasks, input, origin, route, plan)
        }
        Kind::Task(call) => {
            let message = message(*call, in_step(tasks.into()), input, origin, route)?;
            plan.messages.push(message);
            Ok(())
        }
        Kind::Group(members) => match tasks.pop_front() {
            // A group, and something after it.
            Some(body) => {
                let body = follow(body, tasks.into());
                launch_chord(members, body, input, origin, route, plan)
            }
            None => launch_group(members, None, input, origin, route, plan),
        },
        Kind::Chord { header, body } => {
            let body = follow(*body, tasks.into());
            launch_chord(header, body, input, origin, route, plan)
        }
    }
}

/// A chain that a worker of any language can continue. Nested chains are flattened, and each group
/// that has a successor becomes a chord with it. Celery's client does the same before it sends a
/// chain; its worker does not.
fn in_step(chain: Vec<Signature>) -> Vec<Signature> {
    let mut steps: VecDeque<Signature> = VecDeque::new();
    for signature in chain.into_iter().rev() {
        match signature.0 {
            Kind::Chain(inner) => {
                let whole = inner.into_iter().chain(steps).collect();
                steps = in_step(whole).into();
            }
            Kind::Group(header) if !steps.is_empty() => {
                let body = Box::new(steps.pop_front().expect("there is one"));
                steps.push_front(Signature(Kind::Chord { header, body }));
            }
            kind => steps.push_front(Signature(kind)),
        }
    }
    steps.into()
}

/// `body`, and then `rest`: as in Celery, in the options of the task that ends the body.
fn follow(mut body: Signature, rest: Vec<Signature>) -> Signature {
    if rest.is_empty() {
        return body;
    }
    match &mut body.0 {
        Kind::Task(call) => {
            call.options.chain.extend(rest);
            body
        }
        _ => chain(std::iter::once(body).chain(rest)),
    }
}

fn launch_chord(
    header: Vec<Signature>,
    body: Signature,
    input: Option<&Value>,
    origin: Origin<'_>,
    route: &Route<'_>,
    plan: &mut Plan,
) -> Result<(), Error> {
    if header.is_empty() {
        // Nothing to wait for. Celery does the same.
        let nothing = Value::Array(Vec::new());
        return launch_all(VecDeque::from([body]), Some(&nothing), origin, route, plan);
    }
    launch_group(header, Some(body), input, origin, route, plan)
}

fn launch_group(
    members: Vec<Signature>,
    body: Option<Signature>,
    input: Option<&Value>,
    origin: Origin<'_>,
    route: &Route<'_>,
    plan: &mut Plan,
) -> Result<(), Error> {
    if members.is_empty() {
        return Err(Error::Canvas("a group of no tasks cannot run".into()));
    }
    let group: String = new_id();
    let mut index = 0;
    let mut members = members;
    for member in &mut members {
        join(member, &group, body.as_ref(), &mut index);
    }
    if body.is_some() {
        plan.chords.push((group, index as usize));
    }
    for member in members {
        launch_all(VecDeque::from([member]), input, origin, route, plan)?;
    }
    Ok(())
}

/// Makes the tasks that end `member` a part of the group. A task that is already a part of another
/// group, which has a body, stays there: a group within a chord's header was counted by the chord.
fn join(member: &mut Signature, group: &str, body: Option<&Signature>, index: &mut u64) {
    // A group with a successor in its chain is a chord: the successor is its body.
    member.last_calls(&mut |call: &mut Call| {
        if call.options.chord.is_some() {
            return;
        }
        call.options.group_id = Some(group.to_owned());
        call.options.group_index = Some(*index);
        call.options.chord = body.cloned();
        *index += 1;
    });
}

/// The message of a task that begins now.
fn message(
    call: Call,
    rest: Vec<Signature>,
    input: Option<&Value>,
    origin: Origin<'_>,
    route: &Route<'_>,
) -> Result<Message, Error> {
    let Call { task, mut args, kwargs, immutable, options } = call;
    crate::error::check_name("task", &task)?;
    if let (Some(input), false) = (input, immutable) {
        args.insert(0, input.clone());
    }
    let queue = match options.queue {
        Some(queue) => {
            crate::error::check_name("queue", &queue)?;
            queue.into()
        }
        None => route(&task),
    };
    let chain = [options.chain, rest].concat();
    let next =
        Next { callbacks: options.link, errbacks: options.link_error, chain, chord: options.chord };
    let next = (next != Next::default()).then(|| Box::new(next));
    let eta = options.other.get("eta").and_then(Value::as_str).and_then(from_iso);
    let expires = options.other.get("expires").and_then(Value::as_str).and_then(from_iso);
    let in_seconds =
        |delay: Option<std::time::Duration>| -> Option<SystemTime> { delay.map(after) };
    Ok(Message {
        id: options.task_id.map_or_else(new_id, Into::into),
        args,
        kwargs,
        next,
        priority: options.priority.unwrap_or(0),
        eta: in_seconds(options.countdown).or(eta),
        expires: in_seconds(options.expires).or(expires),
        time_limit: options.time_limit,
        soft_time_limit: options.soft_time_limit,
        root: origin.root.map(str::to_owned),
        parent: origin.parent.map(str::to_owned),
        group: options.group_id.map(|id| (id, options.group_index)),
        ignore_result: options.ignore_result,
        reply_to: options.reply_to,
        ..Message::new(task.into(), queue)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{chord, group};

    fn task(name: &str) -> Signature {
        Signature::new(name)
    }

    fn plan(signature: Signature, input: Option<Value>) -> Plan {
        launch(signature, input.as_ref(), Origin::default(), &|_| "celery".into()).unwrap()
    }

    fn next(message: &Message) -> &Next {
        message.next.as_ref().expect("something follows")
    }

    #[test]
    fn a_chain_travels_with_its_first_task() {
        let plan = plan(chain([task("a"), chain([task("b"), task("c")])]), Some(json!(7)));
        assert!(plan.chords.is_empty());
        let [first] = plan.messages.as_slice() else { panic!("{:?}", plan.messages) };
        assert_eq!((&*first.task, first.args.as_slice()), ("a", [json!(7)].as_slice()));
        assert_eq!(next(first).chain.len(), 2, "the inner chain is opened");
    }

    /// Celery's worker would start the successor of a group once for each member.
    #[test]
    fn a_group_in_a_chain_travels_as_a_chord() {
        let groups = || [group([task("b"), task("c")]), group([task("d")]), task("e"), task("f")];
        let plan = plan(chain([task("a"), chain(groups())]), None);
        let travelling = &next(&plan.messages[0]).chain;
        let shown: Vec<_> = travelling.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["[b, c] → [d] → e", "f"]);
    }

    #[test]
    fn a_group_with_something_after_it_is_a_chord() {
        let plan = plan(chain([group([task("a"), task("b")]), task("c"), task("d")]), None);
        assert_eq!(plan.chords.len(), 1);
        assert_eq!(plan.chords[0].1, 2);
        assert_eq!(plan.messages.len(), 2);
        for (index, message) in plan.messages.iter().enumerate() {
            assert_eq!(message.group, Some((plan.chords[0].0.clone(), Some(index as u64))));
            let Kind::Task(body) = &next(message).chord.as_ref().unwrap().0 else { panic!() };
            assert_eq!((&*body.task, body.options.chain.len()), ("c", 1));
        }
    }

    /// The sizes that Celery 5.7 gives the same canvas.
    #[test]
    fn nested_chords_count_what_ends_their_parts() {
        let inner = chord([task("x")], task("inner"));
        let header = [chain([task("a"), task("b")]), group([task("c"), task("d")]), inner];
        let plan = plan(chord(header, task("body")), None);
        let mut sizes: Vec<_> = plan.chords.iter().map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 4]);
        assert_eq!(plan.messages.len(), 4);
        let inner = plan.messages.iter().find(|message| &*message.task == "x").unwrap();
        let Kind::Task(body) = &next(inner).chord.as_ref().unwrap().0 else { panic!() };
        assert_eq!(body.options.group_index, Some(3));
        assert!(body.options.chord.is_some(), "the inner body is a part of the outer chord");
    }

    #[test]
    fn ids_are_there_before_anything_runs() {
        let mut canvas = chain([task("a"), group([task("b"), task("c")])]);
        let last = freeze(&mut canvas);
        assert_eq!(last.len(), 2);
        assert_eq!(freeze(&mut canvas), last, "a second time nothing changes");
    }

    #[test]
    fn nothing_is_refused() {
        let refused = |signature: Signature| {
            launch(signature, None, Origin::default(), &|_| "q".into()).unwrap_err().to_string()
        };
        assert!(refused(chain([])).contains("no tasks"));
        assert!(refused(group([])).contains("no tasks"));
        assert!(refused(task("two words")).contains("\"two words\""));
        assert!(refused(task("a").queue("")).contains("queue"));
    }

    #[test]
    fn a_chord_without_header_runs_its_body() {
        let plan = plan(chord([], task("sum")), None);
        assert_eq!(plan.messages[0].args, [json!([])]);
    }
}
