//! [`Report`]: which thread waits for which, for people and for programs.

mod json;
mod mermaid;
mod sketch;
mod text;

use std::backtrace::Backtrace;
use std::fmt;
use std::sync::Arc;

pub(crate) use self::sketch::Sketch;
use crate::deadlock::state::{Held, Label, Place, ThreadId};

/// Behind the label of a readers-writer lock that a thread wants.
const TO_READ: &str = " to read";
const TO_WRITE: &str = " to write";

/// The kind of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Threads wait for each other, now: none of them will ever go on.
    Cycle,
    /// Threads will never wake up, though not in a cycle: every thread sleeps, or the owner of what
    /// they wait for has ended.
    Stuck,
    /// Several threads took locks in opposite orders, at the same time or not. No thread is stuck
    /// yet; if they do so at the same moment, they will be.
    Inversion,
    /// A worker that waits for a task ran it while it held a lock. The lock took the task for its
    /// owner and let it into the middle of a section. No thread waits.
    Reentry,
}

impl Verdict {
    /// The word for it: `cycle`, `stuck`, `inversion`, `reentry`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cycle => "cycle",
            Self::Stuck => "stuck",
            Self::Inversion => "inversion",
            Self::Reentry => "reentry",
        }
    }
}

/// Which thread waits for which: the threads, what each holds and where it took it, what each wants
/// and where.
///
/// `Display` is for people, [`to_mermaid`](Self::to_mermaid) draws a graph, and
/// [`to_json`](Self::to_json) is for programs; the accessors return the same in parts.
#[derive(Clone)]
#[must_use = "it says who deadlocked with whom"]
pub struct Report {
    verdict: Verdict,
    threads: Vec<ThreadReport>,
}

/// A thread of a [`Report`].
#[derive(Clone, Debug)]
pub struct ThreadReport {
    id: ThreadId,
    name: Arc<str>,
    ended: bool,
    holds: Vec<Hold>,
    wants: Option<Want>,
    backtrace: Option<Arc<Backtrace>>,
    polled_at: Option<Place>,
}

/// Something that a thread holds.
#[derive(Clone, Debug)]
pub struct Hold {
    label: Label,
    since: Place,
}

/// Something that a thread waits for.
#[derive(Clone, Debug)]
pub struct Want {
    what: String,
    name: String,
    at: Place,
    from: Vec<ThreadId>,
}

impl Report {
    /// The kind of a report.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The threads. In a [cycle](Verdict::Cycle) the first is the one that noticed and was about to
    /// fall asleep, and each that waits for one thread waits for the next. In an
    /// [inversion](Verdict::Inversion) the first is the one that took the locks in another order,
    /// and the others are those that took them before.
    #[must_use]
    pub fn threads(&self) -> &[ThreadReport] {
        &self.threads
    }

    #[cfg(not(model))]
    pub(crate) fn inversion(threads: Vec<ThreadReport>) -> Self {
        Self { verdict: Verdict::Inversion, threads }
    }

    #[cfg(not(model))]
    pub(crate) fn reentry(thread: ThreadReport) -> Self {
        Self { verdict: Verdict::Reentry, threads: vec![thread] }
    }

    fn name_of(&self, id: ThreadId) -> Option<&str> {
        self.threads.iter().find(|thread| thread.id == id).map(|thread| &*thread.name)
    }
}

impl ThreadReport {
    #[cfg(not(model))]
    pub(crate) fn inverted(
        id: ThreadId,
        name: &str,
        held: &Held,
        wanted: Label,
        at: Place,
    ) -> Self {
        let want = Want { what: wanted.to_string(), name: short(&wanted), at, from: Vec::new() };
        Self {
            id,
            name: Arc::from(name),
            ended: false,
            holds: vec![Hold::of(held)],
            wants: Some(want),
            backtrace: None,
            polled_at: None,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number, as [`sync::thread::id`](crate::sync::thread::id) gives it.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether it has ended, and left locked what it [holds](Self::holds).
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// What it holds, in the order of taking.
    #[must_use]
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// What it waits for.
    #[must_use]
    pub fn wants(&self) -> Option<&Want> {
        self.wants.as_ref()
    }

    /// Where the poll was begun in which it waits, if a coroutine was about to block it: the call
    /// of [`block_on`](crate::block_on), or of [`polling`](crate::deadlock::polling).
    #[must_use]
    pub fn polled_at(&self) -> Option<Place> {
        self.polled_at
    }

    /// The backtrace of its sleep, if [backtraces are on](crate::deadlock::set_backtraces).
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.backtrace.as_deref()
    }
}

impl Hold {
    fn of(held: &Held) -> Self {
        Self { label: held.label, since: held.since }
    }

    /// Its name, or, without one, where it was made: `src/main.rs:3:17`.
    #[must_use]
    pub fn name(&self) -> String {
        short(&self.label)
    }

    /// What it is: `lock "account 7"`, or `lock made at src/main.rs:3:17`.
    #[must_use]
    pub fn what(&self) -> String {
        self.label.to_string()
    }

    /// Where it was taken.
    #[must_use]
    pub fn since(&self) -> Place {
        self.since
    }
}

impl Want {
    /// Its name, or, without one, where it was made: `src/main.rs:3:17`. For the end of a thread,
    /// the thread's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is: `lock "account 7"`, `rwlock "prices" to write`, `end of thread 'Thread-1'`.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Where the thread waits for it.
    #[must_use]
    pub fn at(&self) -> Place {
        self.at
    }

    /// The numbers of the only threads that could end the wait; empty if any thread could.
    #[must_use]
    pub fn from(&self) -> &[u64] {
        &self.from
    }
}

fn short(label: &Label) -> String {
    label.name().map_or_else(|| label.made().to_string(), str::to_owned)
}

/// As `Display`.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// [`lock_checked`](crate::Lock::lock_checked) returns a report instead of the lock.
impl std::error::Error for Report {}

#[cfg(all(test, not(model)))]
mod tests;
