//! The rows of a counterexample.

use serde::{Deserialize, Serialize};

use super::{name, source};
use crate::world::site::Operation;
use crate::world::trace::{Event, What};
use crate::world::{self, Shape, World};

/// One operation of one thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub thread: usize,
    /// The file, from the root of the workspace.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// The atomic or the cell.
    pub variable: Option<String>,
    /// The operation, with its values.
    pub operation: String,
    /// The ordering, if it has one.
    pub order: Option<String>,
    /// A remark: a load saw an old value, or this is the mutant.
    pub note: Option<String>,
    /// The line of the source.
    pub source: String,
}

/// All rows of the execution that the world has recorded.
pub(crate) fn rows(world: &World) -> Vec<Row> {
    let names = name::names(&world.objects);
    let mut pointers = Pointers::default();
    world.trace.events.iter().map(|event| row(world, &names, &mut pointers, event)).collect()
}

fn row(world: &World, names: &[String], pointers: &mut Pointers, event: &Event) -> Row {
    let name = event.object.map_or("?", |object| names[object].as_str());
    let shape = event.object.map_or(Shape::Number, |object| world.objects[object].shape);
    let mut show = |value: u64| match shape {
        Shape::Bool => (value != 0).to_string(),
        Shape::Number | Shape::Cell => value.to_string(),
        Shape::Pointer => pointers.show(value),
    };
    let mut order = None;
    let mut note = None;
    let operation = match &event.what {
        What::Load { order: o, value, newest } => {
            order = Some(*o);
            note = (value != newest).then(|| format!("stale: newest is {}", show(*newest)));
            format!("load {name} → {}", show(*value))
        }
        What::Store { order: o, value } => {
            order = Some(*o);
            format!("store {name} ← {}", show(*value))
        }
        What::Update { update, order: o, old, new, .. } => {
            order = Some(*o);
            let call = Operation::Update(*update).name();
            format!("{call} {name}: {} → {}", show(*old), show(*new))
        }
        What::CompareExchange { expected, new, order: o, result } => {
            order = Some(*o);
            match result {
                Ok(_) => format!("compare_exchange {name}: {} → {}", show(*expected), show(*new)),
                Err(found) => {
                    format!(
                        "compare_exchange {name} fails: {}, not {}",
                        show(*found),
                        show(*expected)
                    )
                }
            }
        }
        What::Fence { order: Some(o) } => {
            order = Some(*o);
            "fence".to_owned()
        }
        What::Fence { order: None } => {
            note = Some("the mutant".to_owned());
            "no fence".to_owned()
        }
        What::Read => format!("read {name}"),
        What::Write => format!("write {name}"),
        What::Sleep { expected, timed } => {
            let limit = if *timed { ", with a deadline" } else { "" };
            format!("sleep on {name} while it is {expected}{limit}")
        }
        What::NoSleep { expected, found } => {
            format!("no sleep on {name}: it is {found}, not {expected}")
        }
        What::Woken { by } => format!("woken by thread {by}"),
        What::WokenForNoReason => "wakes up spuriously".to_owned(),
        What::TimedOut { alone } => {
            note = alone.then(|| "no other thread can run".to_owned());
            "time is up".to_owned()
        }
        What::Killed => "is killed".to_owned(),
        What::Wake { all, woken, dropped } => {
            let most = if *all { "all" } else { "one" };
            note = dropped.then(|| "the mutant".to_owned());
            if *dropped {
                format!("no wake on {name}")
            } else if woken.is_empty() {
                format!("wake {most} on {name}: no thread sleeps")
            } else {
                let woken: Vec<_> = woken.iter().map(ToString::to_string).collect();
                let threads = if woken.len() == 1 { "thread" } else { "threads" };
                format!("wake {most} on {name}: {threads} {}", woken.join(", "))
            }
        }
        What::Yield => "yield".to_owned(),
        What::Join { thread } => format!("wait for thread {thread} to end"),
        What::Check => "all have ended; check".to_owned(),
    };
    if let Some(order) = order {
        note = note.or_else(|| {
            source_says(world, event).filter(|says| !says.ends_with(&format!("{order:?}")))
        });
    }
    Row {
        thread: event.thread,
        file: world::file(event.at).to_owned(),
        line: event.at.line(),
        column: event.at.column(),
        variable: event.object.map(|object| names[object].clone()),
        operation,
        order: order.map(|order| format!("{order:?}")),
        note,
        source: source::line(event.at),
    }
}

/// The source's ordering, where the mutant has another.
fn source_says(world: &World, event: &Event) -> Option<String> {
    let site = &world.sites.all[world.sites.mutated?];
    let order = if let What::CompareExchange { result: Err(_), .. } = event.what {
        site.failure
    } else {
        site.order
    };
    (site.at == event.at)
        .then(|| order.map(|order| format!("the mutant; the source says {order:?}")))?
}

/// Addresses differ from run to run; only their equality matters.
#[derive(Default)]
struct Pointers(Vec<u64>);

impl Pointers {
    fn show(&mut self, address: u64) -> String {
        if address == 0 {
            return "null".to_owned();
        }
        let place = self.0.iter().position(|&known| known == address).unwrap_or_else(|| {
            self.0.push(address);
            self.0.len() - 1
        });
        format!("pointer {}", place + 1)
    }
}
