//! The histories of executions: for each thread its operations in order, with what each of them
//! read (`coverage`).

use std::collections::HashSet;

use super::trace::{Event, What};
use crate::world;

/// One operation, and what it saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Did {
    file: &'static str,
    line: u32,
    column: u32,
    object: Option<usize>,
    what: Saw,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Saw {
    Value(u64),
    Stored(u64),
    Failed(u64),
    Slept,
    WordChanged(u64),
    Woken,
    WokenForNoReason,
    TimedOut,
    Killed,
    Woke(usize),
}

/// The history of an execution: role and operations of each thread, sorted.
pub(crate) type History = Vec<(usize, Vec<Did>)>;

/// The histories of some executions.
#[derive(Default)]
pub(crate) struct Histories {
    /// The role of each thread; threads of the same role have the same number.
    pub(crate) roles: Vec<usize>,
    pub(crate) all: HashSet<History>,
}

impl Histories {
    pub(crate) fn new(roles: Vec<usize>) -> Self {
        Self { roles, all: HashSet::new() }
    }

    /// Takes note of an execution that has ended.
    pub(crate) fn add(&mut self, events: &[Event]) {
        let mut history: History = self.roles.iter().map(|&role| (role, Vec::new())).collect();
        for event in events {
            if event.what == What::Check {
                break;
            }
            if event.what.is_stale() {
                return; // there is no such thing where atomics hold their newest value
            }
            if let Some(what) = saw(&event.what) {
                let (file, line, column) =
                    (world::file(event.at), event.at.line(), event.at.column());
                let did = Did { file, line, column, object: event.object, what };
                history[event.thread].1.push(did);
            }
        }
        history.sort();
        self.all.insert(history);
    }
}

/// What an operation read, or how it ended.
fn saw(what: &What) -> Option<Saw> {
    Some(match what {
        What::Load { value, .. } => Saw::Value(*value),
        What::Store { value, .. } => Saw::Stored(*value),
        What::Update { old, .. } | What::CompareExchange { result: Ok(old), .. } => {
            Saw::Value(*old)
        }
        What::CompareExchange { result: Err(old), .. } => Saw::Failed(*old),
        What::Sleep { .. } => Saw::Slept,
        What::NoSleep { found, .. } => Saw::WordChanged(u64::from(*found)),
        What::Woken { .. } => Saw::Woken,
        What::WokenForNoReason => Saw::WokenForNoReason,
        What::TimedOut { .. } => Saw::TimedOut,
        What::Killed => Saw::Killed,
        What::Wake { woken, .. } => Saw::Woke(woken.len()),
        What::Fence { .. }
        | What::Read
        | What::Write
        | What::Yield
        | What::Join { .. }
        | What::Check => return None,
    })
}
