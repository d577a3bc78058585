//! [`Sketch`]: what a report will say, as long as the graph is locked.
//!
//! A [`Report`] belongs to the program, and is made of what the program's allocator gives. That may
//! not be asked under a lock of the detector ([`memory`](crate::deadlock)). So what the graph knows
//! is copied into the detector's own memory first, and the report is written when the lock is
//! released.

use std::backtrace::Backtrace;
use std::sync::Arc;

use super::{Hold, Report, TO_READ, TO_WRITE, ThreadReport, Verdict, Want, short};
use crate::deadlock::graph::wait_for::Graph;
use crate::deadlock::memory::{List, Text};
use crate::deadlock::state::{Held, Need, Place, ThreadId, Wanted};

/// What the graph knows of some threads.
pub(crate) struct Sketch {
    verdict: Verdict,
    threads: List<Sketched>,
}

struct Sketched {
    id: ThreadId,
    name: Text,
    ended: bool,
    held: List<Held>,
    wanted: Option<SketchedWant>,
    backtrace: Option<Arc<Backtrace>>,
    polled_at: Option<Place>,
}

struct SketchedWant {
    wanted: Wanted,
    /// What it wants it for, if there is a choice.
    purpose: &'static str,
    /// Of the thread whose end it waits for.
    name: Option<Text>,
    at: Place,
    from: List<ThreadId>,
}

impl Sketch {
    /// The graph's knowledge of these threads.
    pub(crate) fn of(graph: &Graph, verdict: Verdict, threads: &[ThreadId]) -> Self {
        let threads = threads.iter().map(|thread| Sketched::of(graph, *thread)).collect();
        Self { verdict, threads }
    }

    /// The report of it. Not under a lock of the detector.
    pub(crate) fn write(self) -> Report {
        let threads = self.threads.into_iter().map(Sketched::write).collect();
        Report { verdict: self.verdict, threads }
    }
}

impl Sketched {
    fn of(graph: &Graph, id: ThreadId) -> Self {
        let name = graph.name_of(id);
        if let Some((_, held)) = graph.ended.get(id) {
            let held = held.clone();
            return Self {
                id,
                name,
                ended: true,
                held,
                wanted: None,
                backtrace: None,
                polled_at: None,
            };
        }
        let Some(wait) = graph.waits.get(id) else {
            return Self {
                id,
                name,
                ended: false,
                held: List::new(),
                wanted: None,
                backtrace: None,
                polled_at: None,
            };
        };
        let end_of = match wait.wanted {
            Wanted::End(thread) => Some(graph.name_of(thread)),
            _ => None,
        };
        let purpose = match wait.need {
            Need::Holders(_) => TO_WRITE,
            Need::Writer(..) => TO_READ,
            _ => "",
        };
        let (at, from) = (wait.at, graph.wakers(id));
        let wanted = SketchedWant { wanted: wait.wanted, purpose, name: end_of, at, from };
        Self {
            id,
            name,
            ended: false,
            held: wait.held.clone(),
            wanted: Some(wanted),
            backtrace: wait.backtrace.clone(),
            polled_at: wait.polled_at,
        }
    }

    fn write(self) -> ThreadReport {
        ThreadReport {
            id: self.id,
            name: Arc::from(&*self.name),
            ended: self.ended,
            holds: self.held.iter().map(Hold::of).collect(),
            wants: self.wanted.map(SketchedWant::write),
            backtrace: self.backtrace,
            polled_at: self.polled_at,
        }
    }
}

impl SketchedWant {
    fn write(self) -> Want {
        let (what, name) = match (self.wanted, self.name) {
            (Wanted::Resource(label), _) => (format!("{label}{}", self.purpose), short(&label)),
            (Wanted::Nameless(kind), _) => (format!("a {}", kind.noun()), kind.noun().to_owned()),
            (Wanted::Scope, _) => {
                ("the ends of its scope's threads".to_owned(), "scope".to_owned())
            }
            (Wanted::End(thread), name) => {
                let name = name.map_or_else(|| format!("number {thread}"), |name| name.to_string());
                (format!("end of thread '{name}'"), name)
            }
        };
        Want { what, name, at: self.at, from: self.from.iter().copied().collect() }
    }
}
