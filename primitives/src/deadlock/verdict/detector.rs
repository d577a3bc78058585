//! [`Detector`]: the graph under its lock, and the steps by which a thread falls asleep under its eyes.
//!
//! ```text
//!    lock ─▶ on the graph ─▶ can it ever go on? ─┬─ yes ─▶ unlock ─▶ sleep ─▶ off the graph ─▶ try again
//!                                                └─ no ──▶ off the graph, unlock ─▶ the report
//! ```
//!
//! To enter and to ask is one step: of two threads that close a cycle, the one that takes the lock second
//! finds the other on the graph. To leave comes before the next try: a thread on the graph holds what it held
//! when it entered, and nothing more.

use std::time::Instant;

use super::report::{Report, Verdict};
use super::system;
use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
use crate::deadlock::graph::wait_for::{Finding, Graph, Wait};
use crate::deadlock::state::ThreadId;
use crate::futex;
use crate::sync::{const_fn, model_failed};

/// The graph under its lock.
pub struct Detector {
    pub(crate) graph: UnwatchedLock<Graph>,
}

/// The one of this program.
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) static DETECTOR: Detector = Detector::new();

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    const_fn! {
        /// One that knows nobody yet.
        pub const fn new() -> Self {
            Self { graph: UnwatchedLock::new(Graph::new()) }
        }
    }

    /// Whether a wait until then belongs on the graph. One that the clock ends is no edge: its thread will go on,
    /// whatever the others do.
    #[must_use]
    pub fn watches(deadline: Option<Instant>) -> bool {
        deadline.is_none()
    }

    /// Puts the calling thread on the graph, where it stays until the result is dropped; falls asleep in
    /// between. If it would never wake up, there is a report; where the caller `refuses` such a sleep, the
    /// report is the error, and the thread is not on the graph; otherwise it is `told`.
    #[cfg_attr(model, track_caller)]
    pub fn enter(
        &self,
        me: ThreadId,
        wait: Wait,
        refuses: impl Fn(Verdict) -> bool,
        tell: impl FnOnce(&Report),
    ) -> Result<OnGraph<'_>, Box<Report>> {
        let mut doubtful = Vec::new();
        let found = self.graph.with(|graph| {
            let report = match graph.enter(me, wait) {
                Some(finding) => report(graph, finding),
                None => {
                    doubtful = graph.all_sleep().err().unwrap_or_default();
                    everybody_sleeps(graph, me)
                }
            };
            Some((report?, graph.leave(me)?))
        });
        // These may have been woken or not. To wake them for no reason is always allowed; whoever was asleep
        // looks at its word again, and the last one to fall asleep anew finds no doubt left.
        for word in doubtful {
            futex::wake_all(word);
        }
        if let Some((report, wait)) = found {
            if refuses(report.verdict()) {
                return Err(Box::new(report));
            }
            // Off the graph, for this may run code of the program.
            tell(&report);
            self.graph.with(|graph| graph.put(me, wait));
        }
        Ok(OnGraph { detector: self, me })
    }
}

fn report(graph: &Graph, finding: Finding) -> Option<Report> {
    let (verdict, threads) = match finding {
        Finding::Cycle(threads) => (Verdict::Cycle, threads),
        Finding::Gone(threads) => (Verdict::Stuck, threads),
    };
    let mut ended = threads.iter().filter_map(|thread| graph.ended.get(thread));
    // One that has destroyed its thread-locals may still be about to destroy one that has a guard in it.
    ended
        .all(|(thread, _)| system::is_gone(thread.system))
        .then(|| Report::of(graph, verdict, &threads))
}

/// If the last thread of the program that was awake is about to sleep, for anybody to wake it.
fn everybody_sleeps(graph: &Graph, me: ThreadId) -> Option<Report> {
    graph.all_sleep().ok()?;
    // Also those that the detector has never heard of: they would be awake.
    if system::threads(graph) != Some(graph.waits.len()) {
        return None;
    }
    let others = graph.waits.keys().copied().filter(|thread| *thread != me);
    let threads: Vec<_> = [me].into_iter().chain(others).collect();
    Some(Report::of(graph, Verdict::Stuck, &threads))
}

/// A thread on the graph: leaves when this is dropped.
#[must_use]
pub struct OnGraph<'a> {
    detector: &'a Detector,
    me: ThreadId,
}

impl Drop for OnGraph<'_> {
    fn drop(&mut self) {
        if !model_failed() {
            let _wait = self.detector.graph.with(|graph| graph.leave(self.me));
        }
    }
}
