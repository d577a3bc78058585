//! The steps by which a thread falls asleep under the detector's eyes: it takes what it holds to the graph, and
//! is refused the sleep where it would never end.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use super::detector::{DETECTOR, Detector, OnGraph};
use super::report::{Report, Verdict};
use super::{held, hook};
use crate::deadlock::graph::wait_for::Wait;
use crate::deadlock::state::wait_target::{Refusal, WaitTarget, Waiting};
use crate::deadlock::state::{Kind, Need, Place, ScopeId, ThreadId, Wanted};
use crate::sync::atomic::AtomicU32;
use crate::sync::thread;

thread_local! {
    /// The report in place of a sleep that was refused.
    static REFUSED: Cell<Option<Box<Report>>> = const { Cell::new(None) };
}

/// The report in place of the sleep that this thread was just refused.
pub(crate) fn refused() -> Box<Report> {
    REFUSED.take().expect("a wait without a deadline that ends without success was refused")
}

/// A thread that sleeps, on the graph or not.
pub(crate) type Asleep = Option<OnGraph<'static>>;

/// This thread is about to sleep until `word` is no longer `expected`. Until the result is dropped, which must
/// be before it tries again. `None`: it must not sleep, because no thread would ever wake it.
#[track_caller]
pub(crate) fn falls_asleep(
    word: &AtomicU32,
    expected: u32,
    deadline: Option<Instant>,
) -> Option<Asleep> {
    if !Detector::watches(deadline) {
        return Some(None); // it wakes up by itself
    }
    let target = WaitTarget::current();
    let at = target.at.unwrap_or_else(|| Location::caller());
    let unknown = (Wanted::Nameless(Kind::Word), Need::Anyone);
    let (wanted, need) = target.what.unwrap_or(unknown);
    let wait = Wait::new(wanted, need, at).on(word, expected);
    match enter(wait, target.refusal) {
        Ok(asleep) => Some(asleep),
        Err(report) => {
            REFUSED.set(Some(report));
            None
        }
    }
}

/// This thread is about to wait for the end of another.
#[track_caller]
pub(crate) fn joins(thread: ThreadId) -> Asleep {
    let wait = Wait::new(Wanted::End(thread), Need::End(thread), Location::caller());
    enter(wait, Refusal::by_panic()).ok().flatten()
}

/// A thread of a [`scope`](crate::threads::scope), which the end of the scope waits for.
pub(crate) struct Scoped {
    scope: ScopeId,
    thread: ThreadId,
}

impl Scoped {
    /// Before it begins.
    pub(crate) fn begins<T>(scope: &T, thread: ThreadId) -> Self {
        let scope = address(scope);
        DETECTOR.graph.with(|graph| graph.scopes.entry(scope).or_default().push(thread));
        Self { scope, thread }
    }

    /// All that the thread does and the scope waits for.
    pub(crate) fn during<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

/// After all that the scope waits for, or almost: thread-locals are destroyed later.
impl Drop for Scoped {
    fn drop(&mut self) {
        DETECTOR.graph.with(|graph| graph.leaves(self.scope, self.thread));
    }
}

/// This thread is about to wait for all threads of a scope; it cannot do otherwise. Until the result is dropped.
pub(crate) fn awaits_scope<T>(scope: &T, at: Place) -> Asleep {
    let wait = Wait::new(Wanted::Scope, Need::Scope(address(scope)), at);
    enter(wait, Refusal::Never).ok().flatten()
}

/// Nothing else is there while the scope lives, and no thread of it is left when it is gone.
fn address<T>(scope: &T) -> ScopeId {
    std::ptr::from_ref(scope).addr()
}

fn enter(mut wait: Wait, refusal: Refusal) -> Result<Asleep, Box<Report>> {
    let Some(held) = held::introduce() else { return Ok(None) };
    wait = wait.holding(held);
    wait.backtrace = hook::backtraces().then(|| Arc::new(Backtrace::force_capture()));
    let refuses = |verdict| match refusal {
        Refusal::Panic => verdict == Verdict::Cycle,
        Refusal::Return => true,
        Refusal::Never => false,
    };
    match DETECTOR.enter(thread::id(), wait, refuses, hook::tell) {
        Ok(on_graph) => Ok(Some(on_graph)),
        Err(report) if refusal == Refusal::Return => Err(report),
        Err(report) => {
            hook::tell_before_panic(&report);
            let _outside = Waiting::for_nothing(); // the panic hook is the program's
            panic!("{report}");
        }
    }
}
