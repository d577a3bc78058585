//! [`Detector`]: the graph under its lock, and the steps by which a watched thread falls asleep.
//!
//! ```text
//!    lock ─▶ on the graph ─▶ can it ever go on? ─┬─ yes ─▶ unlock ─▶ sleep ─▶ off the graph ─▶ try again
//!                                                └─ no ──▶ off the graph, unlock ─▶ the report
//! ```
//!
//! Entering and asking are one step: of two threads that close a cycle, the second to take the lock
//! finds the other on the graph. Leaving comes before the next try: a thread on the graph holds
//! only what it held when it entered.

use std::time::Instant;

use super::report::{Report, Sketch, Verdict};
use super::system;
use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
use crate::deadlock::graph::wait_for::{Finding, Graph, Wait};
use crate::deadlock::memory::List;
use crate::deadlock::state::ThreadId;
use crate::futex;
#[cfg(all(feature = "deadlock-detection", not(model)))]
use crate::sync::OfProcess;
use crate::sync::atomic::AtomicU32;
use crate::sync::{const_fn, model_failed};

/// The graph under its lock.
pub struct Detector {
    pub(crate) graph: UnwatchedLock<Graph>,
}

/// The one of this process.
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) static DETECTOR: OfThisProcess = OfThisProcess(OfProcess::new(Detector::new()));

/// A child of a `fork` begins with an empty graph. The parent's graph names threads that the child
/// does not have, whose stacks another thread may use by now, and it may be locked permanently.
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) struct OfThisProcess(OfProcess<Detector>);

#[cfg(all(feature = "deadlock-detection", not(model)))]
impl OfThisProcess {
    pub(crate) fn get(&'static self) -> &'static Detector {
        self.0.get(Detector::new)
    }
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    const_fn! {
        /// A detector that knows no thread yet.
        pub const fn new() -> Self {
            Self { graph: UnwatchedLock::new(Graph::new()) }
        }
    }

    /// Whether a wait until then belongs on the graph. A wait that the clock ends is not an edge:
    /// its thread will go on, whatever the others do.
    #[must_use]
    pub fn watches(deadline: Option<Instant>) -> bool {
        deadline.is_none()
    }

    /// Puts the calling thread on the graph until the result is dropped; the thread sleeps in
    /// between. If it would never wake up, there is a report. If the caller `refuses` such a sleep,
    /// the report is the error, and the thread is not on the graph; otherwise the report is `told`.
    #[cfg_attr(model, track_caller)]
    pub fn enter(
        &self,
        me: ThreadId,
        wait: Wait,
        refuses: impl Fn(Verdict) -> bool,
        tell: impl FnOnce(&Report),
    ) -> Result<OnGraph<'_>, Box<Report>> {
        let in_doubt = self.look(me, Some(wait), refuses, tell)?;
        Ok(OnGraph { detector: self, me, in_doubt })
    }

    /// Looks at the graph as often as it takes to be sure; with a `wait`, puts the thread there
    /// first. The system is asked between two looks, for nothing slow may happen under the lock.
    /// Returns whether a doubt is left, which only time resolves.
    #[cfg_attr(model, track_caller)]
    fn look(
        &self,
        me: ThreadId,
        mut wait: Option<Wait>,
        refuses: impl Fn(Verdict) -> bool,
        tell: impl FnOnce(&Report),
    ) -> Result<bool, Box<Report>> {
        let mut confirmed = Confirmed::default();
        let (report, wait) = loop {
            let look = self.graph.with(|graph| {
                let finding = match wait.take() {
                    Some(wait) => graph.enter(me, wait),
                    None => graph.judge(me),
                };
                Look::at(graph, me, finding, &confirmed)
            });
            match look {
                Look::GoesOn => return Ok(false),
                Look::PerhapsWoken(words) => {
                    // A spurious wake-up is always allowed. A thread that was asleep looks at its
                    // word again, and the last one to fall asleep again finds a certain answer.
                    for word in words {
                        futex::wake_all(word);
                    }
                    return Ok(false);
                }
                Look::IfGone(threads) => {
                    // One that has destroyed its thread-locals may still be about to destroy one
                    // with a guard in it.
                    if !threads.iter().all(|(_, number)| system::is_gone(*number)) {
                        return Ok(true);
                    }
                    confirmed.gone.extend(threads.into_iter().map(|(thread, _)| thread));
                }
                Look::IfAll { numbers, changes } => {
                    // This also counts threads that the detector does not know: they would be
                    // awake.
                    if !system::are_all_threads(&numbers) {
                        return Ok(false);
                    }
                    confirmed.all_slept_at = Some(changes);
                }
                Look::Sure(sketch, wait) => break (Box::new(sketch.write()), wait),
            }
        };
        if refuses(report.verdict()) {
            return Err(report);
        }
        // Off the graph, because this may run code of the program.
        tell(&report);
        let _before = self.graph.with(|graph| graph.put(me, wait));
        Ok(false)
    }
}

/// What the system has said.
#[derive(Default)]
struct Confirmed {
    /// These have gone.
    gone: List<ThreadId>,
    /// When the graph had changed so often, the threads on it were all that there are.
    all_slept_at: Option<u64>,
}

/// What one look at the graph has found.
enum Look {
    /// The thread can go on, as far as is known.
    GoesOn,
    /// All sleep; but these words have changed, and those who sleep there may have been woken or
    /// not.
    PerhapsWoken(List<*const AtomicU32>),
    /// It never goes on, if these have gone, which the system calls by these numbers.
    IfGone(List<(ThreadId, Option<u32>)>),
    /// It never goes on, if these are all threads of the program.
    IfAll { numbers: List<Option<u32>>, changes: u64 },
    /// It never goes on, and it is off the graph.
    Sure(Sketch, Wait),
}

impl Look {
    fn at(
        graph: &mut Graph,
        me: ThreadId,
        finding: Option<Finding>,
        confirmed: &Confirmed,
    ) -> Self {
        let (verdict, threads) = match finding {
            Some(Finding::Cycle(threads)) => (Verdict::Cycle, threads),
            Some(Finding::Gone(threads)) => (Verdict::Stuck, threads),
            None => match graph.all_sleep() {
                Err(words) if words.is_empty() => return Self::GoesOn,
                Err(words) => return Self::PerhapsWoken(words),
                Ok(()) if confirmed.all_slept_at == Some(graph.changes) => {
                    let others = graph.waits.keys().filter(|thread| *thread != me);
                    (Verdict::Stuck, [me].into_iter().chain(others).collect())
                }
                // One of them woke up while the system was asked.
                Ok(()) if confirmed.all_slept_at.is_some() => return Self::GoesOn,
                Ok(()) => {
                    let number = |thread| graph.alive.get(thread).and_then(|known| known.system);
                    let numbers = graph.waits.keys().map(number).collect();
                    return Self::IfAll { numbers, changes: graph.changes };
                }
            },
        };
        let ended =
            |thread: &ThreadId| graph.ended.get(*thread).map(|(known, _)| (*thread, known.system));
        let unconfirmed = threads.iter().filter(|thread| !confirmed.gone.contains(thread));
        let unsure: List<_> = unconfirmed.filter_map(ended).collect();
        if !unsure.is_empty() {
            return Self::IfGone(unsure);
        }
        let sketch = Sketch::of(graph, verdict, &threads);
        match graph.leave(me) {
            Some(wait) => Self::Sure(sketch, wait),
            None => Self::GoesOn,
        }
    }
}

/// A thread on the graph: leaves when this is dropped.
#[must_use]
pub struct OnGraph<'a> {
    detector: &'a Detector,
    me: ThreadId,
    in_doubt: bool,
}

impl OnGraph<'_> {
    /// Whether the thread may sleep without end: only a later [look](Self::look_again) can tell.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.in_doubt
    }

    /// As [`enter`](Detector::enter), by a thread that is on the graph.
    pub fn look_again(
        &mut self,
        refuses: impl Fn(Verdict) -> bool,
        tell: impl FnOnce(&Report),
    ) -> Result<(), Box<Report>> {
        self.in_doubt = self.detector.look(self.me, None, refuses, tell)?;
        Ok(())
    }
}

impl Drop for OnGraph<'_> {
    fn drop(&mut self) {
        if !model_failed() {
            let _wait = self.detector.graph.with(|graph| graph.leave(self.me));
        }
    }
}
