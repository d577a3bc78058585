//! The record of one execution: what each thread did, in order.

use loom::sync::atomic::Ordering;

use super::site::Update;
use super::threads;
use crate::world::{self, At};

/// The rows of the current execution, if it is recorded.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) on: bool,
    /// The running thread.
    pub(crate) running: usize,
    pub(crate) events: Vec<Event>,
    /// The number of rows when the threads began; earlier rows made the shared state.
    pub(crate) setup: usize,
}

impl Trace {
    /// The rows since the threads began.
    pub(crate) fn of_threads(&self) -> &[Event] {
        &self.events[self.setup..]
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) thread: usize,
    /// Number of the atomic or cell; none for a fence.
    pub(crate) object: Option<usize>,
    pub(crate) at: At,
    pub(crate) what: What,
}

/// The operation. Values are their bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Load { order: Ordering, value: u64, newest: u64 },
    Store { order: Ordering, value: u64 },
    Update { update: Update, operand: u64, order: Ordering, old: u64, new: u64 },
    CompareExchange { expected: u64, new: u64, order: Ordering, result: Result<u64, u64> },
    Fence { order: Option<Ordering> },
    Read,
    Write,
    Sleep { expected: u32, timed: bool },
    NoSleep { expected: u32, found: u32 },
    Woken { by: usize },
    WokenForNoReason,
    TimedOut { alone: bool },
    Killed,
    Wake { all: bool, woken: Vec<usize>, dropped: bool },
    Yield,
    Join { thread: usize },
    Check,
}

impl What {
    /// Whether it is a load that saw an old value.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Load { value, newest, .. } if value != newest)
    }
}

/// Writes a row, if this execution is recorded.
pub(crate) fn row(at: At, object: Option<usize>, what: What) {
    if let Some(thread) = threads::me_if_recorded() {
        world::with(|w| w.record(Event { thread, object, at, what }));
    }
}
