//! The steps by which a watched thread falls asleep: it copies what it holds to the graph, and the
//! detector refuses a sleep that would never end.
//!
//! Sometimes the verdict is in doubt. A thread may have ended while it held a lock, and still run
//! the destructor of a thread-local, which may release the lock. Then the waiter sleeps, but with a
//! limit: it looks again, after longer and longer times, until the system reports the other
//! thread's end or the lock is free.

use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::detector::{DETECTOR, Detector, OnGraph};
use super::report::{Report, Verdict};
use super::{held, hook, polling};
use crate::deadlock::graph::wait_for::Wait as Edge;
use crate::deadlock::state::wait_target::{Refusal, WaitTarget};
use crate::deadlock::state::{Inside, Need, Place, ScopeId, ThreadId, Wanted};
use crate::futex::{self, Wait};
use crate::sync::atomic::AtomicU32;
use crate::sync::thread;

/// After so long a doubtful verdict is looked at again for the first time; then after twice as
/// long, and so on.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// No two looks are further apart.
const LONGEST_BREAK: Duration = Duration::from_millis(500);

thread_local! {
    /// The report in place of a sleep that was refused.
    static REFUSED: Cell<Option<Box<Report>>> = const { Cell::new(None) };
}

/// The report in place of the sleep that this thread was just refused.
pub(crate) fn refused() -> Box<Report> {
    REFUSED.take().expect("a wait without a deadline that ends without success was refused")
}

/// Sleeps while `word` is `expected`, as the futex does. `TimedOut` without a deadline: it must not
/// sleep, because no thread would ever wake it.
#[track_caller]
pub(crate) fn sleep(
    word: &AtomicU32,
    expected: u32,
    deadline: Option<Instant>,
    target: WaitTarget<'_>,
) -> Wait {
    if !Detector::watches(deadline) {
        return futex::wait(word, expected, deadline); // it wakes up by itself
    }
    let edge = Edge::new(target.wanted, target.need, target.at).on(word, expected);
    match enter(edge, target.refusal) {
        Ok(None) => futex::wait(word, expected, None),
        Ok(Some(on_graph)) => sleep_on_graph(word, expected, on_graph, target.refusal),
        Err(report) => {
            REFUSED.set(Some(report));
            Wait::TimedOut
        }
    }
}

/// Until it returns the thread is on the graph; it returns before the thread tries again.
#[track_caller]
fn sleep_on_graph(
    word: &AtomicU32,
    expected: u32,
    mut on_graph: OnGraph<'_>,
    refusal: Refusal,
) -> Wait {
    let mut rest = FIRST_LOOK;
    while on_graph.is_doubtful() {
        // A timeout has used up no wake-up, so the thread may fall asleep again.
        if futex::wait(word, expected, futex::deadline_after(rest)) == Wait::Woken {
            return Wait::Woken;
        }
        let inside = Inside::enter();
        let looked = on_graph.look_again(|verdict| refuses(refusal, verdict), hook::tell);
        drop(inside);
        if let Err(report) = looked {
            drop(on_graph);
            if let Some(report) = give_back_or_panic(report, refusal) {
                REFUSED.set(Some(report));
            }
            return Wait::TimedOut;
        }
        rest = (rest * 2).min(LONGEST_BREAK);
    }
    futex::wait(word, expected, None)
}

/// A thread that sleeps by other means than a futex of ours, on the graph or not.
pub(crate) type Asleep = Option<OnGraph<'static>>;

/// This thread is about to wait for the end of another.
#[track_caller]
pub(crate) fn joins(thread: ThreadId) -> Asleep {
    let wait = Edge::new(Wanted::End(thread), Need::End(thread), Location::caller());
    enter(wait, Refusal::by_panic()).ok().flatten()
}

/// [`joins`], for a caller that gets the report instead of a panic.
#[track_caller]
pub(crate) fn joins_checked(thread: ThreadId) -> Result<Asleep, Box<Report>> {
    let wait = Edge::new(Wanted::End(thread), Need::End(thread), Location::caller());
    enter(wait, Refusal::Return)
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
        DETECTOR.get().graph.with(|graph| graph.scopes.entry(scope).push(thread));
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
        DETECTOR.get().graph.with(|graph| graph.leaves(self.scope, self.thread));
    }
}

/// This thread is about to wait for all threads of a scope; it cannot do otherwise. Holds until the
/// result is dropped.
pub(crate) fn awaits_scope<T>(scope: &T, at: Place) -> Asleep {
    let wait = Edge::new(Wanted::Scope, Need::Scope(address(scope)), at);
    enter(wait, Refusal::Never).ok().flatten()
}

/// Nothing else is there while the scope lives, and no thread of it is left when it is gone.
fn address<T>(scope: &T) -> ScopeId {
    std::ptr::from_ref(scope).addr()
}

/// Takes the calling thread to the graph. `None`: it is not watched, because it is destroying its
/// thread-locals, or because it is inside the detector, whose reports ask the program's allocator,
/// which has to wait for a lock.
#[track_caller]
fn enter(mut edge: Edge, refusal: Refusal) -> Result<Asleep, Box<Report>> {
    let Some(inside) = Inside::enter() else { return Ok(None) };
    let Some(held) = held::introduce() else { return Ok(None) };
    edge = edge.holding(held);
    edge.polled_at = polling::polled_at();
    edge.backtrace = hook::backtraces().then(|| Arc::new(Backtrace::force_capture()));
    let refuses = |verdict| refuses(refusal, verdict);
    let entered = DETECTOR.get().enter(thread::id(), edge, refuses, hook::tell);
    drop(inside); // a panic is the program's
    match entered {
        Ok(on_graph) => Ok(Some(on_graph)),
        Err(report) => give_back_or_panic(report, refusal).map_or(Ok(None), Err),
    }
}

fn refuses(refusal: Refusal, verdict: Verdict) -> bool {
    match refusal {
        Refusal::Panic => verdict == Verdict::Cycle,
        Refusal::Return => true,
        Refusal::Never => false,
    }
}

/// What becomes of a sleep that is refused.
#[track_caller]
fn give_back_or_panic(report: Box<Report>, refusal: Refusal) -> Option<Box<Report>> {
    if refusal == Refusal::Return {
        return Some(report);
    }
    hook::tell_before_panic(&report);
    panic!("{report}");
}
