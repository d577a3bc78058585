//! What each thread keeps for itself: what it is after, and what it has in its hands.
//!
//! No other thread looks in here. When a thread falls asleep a copy goes onto the graph, and the usual case,
//! in which nobody sleeps, shares nothing.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use super::detector::OnGraph;
use super::graph::{Held, Known, Need, Place, ThreadId, Wait, Wanted};
use super::identity::Identity;
use super::pool::Pool;
use super::report::{Report, Verdict};
use super::{DETECTOR, Kind, hook, system};
use crate::sync::atomic::AtomicU32;
use crate::sync::{panicking, thread};

thread_local! {
    /// What this thread is after, should it fall asleep. (No destructor: it is there to the last.)
    static AIM: Cell<Aim> = const { Cell::new(Aim::NONE) };
    /// The report in place of a sleep that was refused.
    static REFUSED: Cell<Option<Box<Report>>> = const { Cell::new(None) };
    static HANDS: Hands = const { Hands { held: RefCell::new(Vec::new()), listed: Cell::new(false) } };
}

#[derive(Clone, Copy)]
struct Aim {
    target: Target,
    refusal: Refusal,
    at: Option<Place>,
}

#[derive(Clone, Copy)]
enum Target {
    /// It has not said.
    Unknown,
    /// It is in the detector itself.
    Quiet,
    Owner(*const Identity),
    Holder(*const Identity, *const Pool),
    Anyone(*const Identity),
    Raw(Kind),
}

/// What to do in place of a sleep without end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// To panic with the report.
    Panic,
    /// To give the report back.
    Return,
    /// Nothing can be done: tell, and sleep.
    Never,
}

impl Aim {
    const NONE: Self = Self { target: Target::Unknown, refusal: Refusal::Never, at: None };
}

/// While this lives, the thread is after what it says. One within another counts alone, but for a wait that
/// anyone could end: a queue that sleeps on a condition is still what the caller waits for.
#[must_use]
pub struct Waiting {
    before: Aim,
}

impl Waiting {
    #[inline]
    fn begin(aim: Aim) -> Self {
        Self { before: AIM.replace(aim) }
    }

    #[inline]
    pub(super) fn for_owner(identity: &Identity, at: Place, refusal: Refusal) -> Self {
        Self::begin(Aim { target: Target::Owner(identity), refusal, at: Some(at) })
    }

    pub(super) fn for_holder(
        identity: &Identity,
        pool: &Pool,
        at: Place,
        refusal: Refusal,
    ) -> Self {
        Self::begin(Aim { target: Target::Holder(identity, pool), refusal, at: Some(at) })
    }

    #[inline]
    pub(super) fn for_anyone(identity: &Identity, at: Place) -> Self {
        let target = Target::Anyone(identity);
        Self::unless_inside(Aim { target, refusal: Refusal::Never, at: Some(at) })
    }

    fn unless_inside(aim: Aim) -> Self {
        let outer = AIM.get();
        match outer.target {
            Target::Unknown => Self::begin(aim),
            _ => Self { before: outer },
        }
    }
}

impl Drop for Waiting {
    #[inline]
    fn drop(&mut self) {
        AIM.set(self.before);
    }
}

/// A lock without identity: any thread may release it.
#[track_caller]
pub(crate) fn waits_for_raw(kind: Kind) -> Waiting {
    let at = Some(Location::caller());
    Waiting::unless_inside(Aim { target: Target::Raw(kind), refusal: Refusal::Never, at })
}

/// While this lives, the thread's sleep is nobody's business.
pub(crate) fn quiet() -> Waiting {
    Waiting::begin(Aim { target: Target::Quiet, ..Aim::NONE })
}

/// As if nothing had been said: for code of the program that the detector calls.
pub(super) fn as_outside() -> Waiting {
    Waiting::begin(Aim::NONE)
}

/// A thread that unwinds must not panic again.
#[inline]
pub(super) fn how_to_refuse() -> Refusal {
    if panicking() { Refusal::Never } else { Refusal::Panic }
}

/// The report in place of the sleep that this thread was just refused.
pub(crate) fn refused() -> Box<Report> {
    REFUSED.take().expect("a wait without a deadline that ends without success was refused")
}

/// What this thread holds. When the thread ends, it leaves the list of the living.
struct Hands {
    held: RefCell<Vec<Held>>,
    /// Whether it is on the list of the living.
    listed: Cell<bool>,
}

impl Drop for Hands {
    fn drop(&mut self) {
        let (me, held) = (thread::id(), self.held.take());
        if !self.listed.get() && held.is_empty() {
            return;
        }
        DETECTOR.graph.with(|graph| {
            let known = graph.alive.remove(&me);
            if !held.is_empty() {
                graph.ended.insert(me, (known.unwrap_or_else(this_thread), held));
            }
        });
    }
}

/// Nothing is kept once the thread destroys its thread-locals.
#[inline]
pub(super) fn take(held: Held) {
    let _ = HANDS.try_with(|hands| hands.held.borrow_mut().push(held));
}

#[inline]
pub(super) fn put_back(id: u64) {
    let _ = HANDS.try_with(|hands| {
        let mut held = hands.held.borrow_mut();
        // Mostly the last.
        if let Some(place) = held.iter().rposition(|held| held.id == id) {
            held.remove(place);
        }
    });
}

/// Calls `f` with what this thread holds, if it holds anything.
#[inline]
pub(super) fn if_anything_is_held<R>(f: impl FnOnce(&[Held]) -> Option<R>) -> Option<R> {
    let look = |hands: &Hands| {
        let held = hands.held.borrow();
        if held.is_empty() { None } else { f(&held) }
    };
    HANDS.try_with(look).ok().flatten()
}

fn this_thread() -> Known {
    let name = match std::thread::current().name() {
        Some(name) => name.into(),
        None => format!("number {}", thread::id()).into(),
    };
    Known { name, system: system::my_number() }
}

/// A thread of [`crate::thread`] begins.
pub(crate) fn thread_begins(id: ThreadId, name: &str) {
    let _ = HANDS.try_with(|hands| {
        hands.listed.set(true);
        let known = Known { name: name.into(), system: system::my_number() };
        DETECTOR.graph.with(|graph| graph.alive.insert(id, known));
    });
}

/// Puts this thread on the list of the living, by name. Returns what it holds; `None` while it destroys its
/// thread-locals.
pub(super) fn introduce() -> Option<Vec<Held>> {
    HANDS
        .try_with(|hands| {
            if !hands.listed.replace(true) {
                let (me, known) = (thread::id(), this_thread());
                DETECTOR.graph.with(|graph| graph.alive.insert(me, known));
            }
            hands.held.borrow().clone()
        })
        .ok()
}

/// A thread that sleeps, on the graph or not.
pub(crate) type Asleep = Option<OnGraph<'static>>;

/// This thread is about to sleep until `word` is no longer `expected`. Until the result is dropped, which must
/// be before it tries again. `None`: it must not sleep, because nobody would ever wake it.
#[track_caller]
pub(crate) fn falls_asleep(
    word: &AtomicU32,
    expected: u32,
    deadline: Option<Instant>,
) -> Option<Asleep> {
    let aim = AIM.get();
    if deadline.is_some() || matches!(aim.target, Target::Quiet) {
        return Some(None); // it wakes up by itself, or it is the detector's own
    }
    let at = aim.at.unwrap_or_else(|| Location::caller());
    // SAFETY: whoever set the aim borrows both until it resets it, which is after this.
    let (wanted, need) = unsafe {
        let thing = |identity: *const Identity| Wanted::Thing((*identity).label());
        match aim.target {
            Target::Owner(identity) => (thing(identity), Need::Owner((*identity).owner())),
            Target::Holder(identity, pool) => (thing(identity), Need::Holder(pool)),
            Target::Anyone(identity) => (thing(identity), Need::Anyone),
            Target::Raw(kind) => (Wanted::Nameless(kind), Need::Anyone),
            Target::Unknown | Target::Quiet => (Wanted::Nameless(Kind::Word), Need::Anyone),
        }
    };
    let wait = Wait::new(wanted, need, at).on(word, expected);
    match enter(wait, aim.refusal) {
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
    enter(wait, how_to_refuse()).ok().flatten()
}

fn enter(mut wait: Wait, refusal: Refusal) -> Result<Asleep, Box<Report>> {
    let _quiet = quiet();
    let Some(held) = introduce() else { return Ok(None) };
    wait.held = held;
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
            panic!("{report}");
        }
    }
}
