//! What each thread keeps for itself: what it holds, and what it is after once it must wait for it.
//!
//! No other thread looks in here. When a thread falls asleep a copy goes onto the graph, and the usual case,
//! in which nobody sleeps, shares nothing.
//!
//! The [`HeldLocks`] are a thread-local without a destructor, which is reached by a plain address: no test whether
//! it is there yet, or there still. The destructor that a thread's end needs is that of its [`Will`],
//! which is written when the thread takes the first resource of its life.

use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use super::detector::{Detector, OnGraph};
use super::graph::{Held, Known, Need, Place, ResourceId, ScopeId, ThreadId, Wait, Wanted};
use super::held_locks::HeldLocks;
use super::identity::Identity;
use super::permits::Permits;
use super::report::{Report, Verdict};
use super::{DETECTOR, Kind, hook, resources, system};
use crate::sync::atomic::AtomicU32;
use crate::sync::{panicking, thread};

thread_local! {
    /// What this thread is after, should it fall asleep. (No destructor: it is there to the last.)
    static AIM: Cell<Aim> = const { Cell::new(Aim::NONE) };
    /// The report in place of a sleep that was refused.
    static REFUSED: Cell<Option<Box<Report>>> = const { Cell::new(None) };
    /// What this thread holds. (No destructor.)
    static HELD_LOCKS: HeldLocks = const { HeldLocks::new() };
    static WILL: Will = const { Will { more: RefCell::new(Vec::new()), listed: Cell::new(false) } };
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
    Holder(*const Identity, *const Permits),
    Anyone(*const Identity),
    /// A task, by whoever runs it.
    Runner(*const Identity),
    /// The end of a thread.
    End(ThreadId),
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
        permits: &Permits,
        at: Place,
        refusal: Refusal,
    ) -> Self {
        Self::begin(Aim { target: Target::Holder(identity, permits), refusal, at: Some(at) })
    }

    pub(super) fn for_runner(identity: &Identity, at: Place, refusal: Refusal) -> Self {
        Self::begin(Aim { target: Target::Runner(identity), refusal, at: Some(at) })
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
pub(crate) fn waiting_for_raw(kind: Kind) -> Waiting {
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

/// What is done when the thread ends; and what the list has no room for.
struct Will {
    more: RefCell<Vec<(ResourceId, Place)>>,
    /// Whether it is on the list of the living.
    listed: Cell<bool>,
}

impl Drop for Will {
    fn drop(&mut self) {
        let _quiet = quiet();
        let held = HELD_LOCKS.with(|held_locks| {
            let held = resources::describe(held_locks.iter().chain(self.more.take()));
            held_locks.shut(); // thread-locals that are destroyed later may lock, and are not watched
            held
        });
        if !self.listed.get() && held.is_empty() {
            return;
        }
        let me = thread::id();
        DETECTOR.graph.with(|graph| {
            let known = graph.alive.remove(&me);
            if !held.is_empty() {
                graph.bury(me, known.unwrap_or_else(this_thread), held);
            }
        });
    }
}

/// Whether this thread holds anything, as far as one sees at a glance.
#[inline]
pub(super) fn may_hold_something() -> bool {
    !HELD_LOCKS.with(HeldLocks::is_empty)
}

/// This thread has taken something.
#[inline]
pub(super) fn take(resource: ResourceId, since: Place) {
    if !HELD_LOCKS.with(|held_locks| held_locks.take(resource, since)) {
        take_more(resource, since);
    }
}

/// The first resource of a thread's life, or one more than it has room for.
#[cold]
fn take_more(resource: ResourceId, since: Place) {
    // While the thread destroys its thread-locals nothing is kept any more.
    let _ = WILL.try_with(|will| {
        HELD_LOCKS.with(|held_locks| {
            if held_locks.is_shut() {
                held_locks.open();
            }
            if !held_locks.take(resource, since) {
                will.more.borrow_mut().push((resource, since));
            }
        });
    });
}

/// This thread is about to release something.
#[inline]
pub(super) fn put_back(resource: ResourceId) {
    if !HELD_LOCKS.with(|held_locks| held_locks.put_back_last(resource)) {
        put_back_any(resource);
    }
}

/// [`put_back`]; returns whether it was this thread that had taken it.
#[inline]
pub(super) fn put_back_mine(resource: ResourceId) -> bool {
    HELD_LOCKS.with(|held_locks| held_locks.put_back_last(resource)) || put_back_any(resource)
}

/// This thread has begun something that others may wait for, and that has no order among locks.
#[cold]
pub(super) fn undertake(resource: ResourceId, since: Place) {
    let _ = WILL.try_with(|will| will.more.borrow_mut().push((resource, since)));
}

/// Something that was not the last to be taken, or that is released by the destructor of a thread-local.
#[cold]
fn put_back_any(resource: ResourceId) -> bool {
    let from_more = |will: &Will| {
        let mut more = will.more.borrow_mut();
        let at = more.iter().rposition(|held| held.0 == resource);
        at.map(|at| more.remove(at)).is_some()
    };
    match WILL.try_with(from_more) {
        Ok(was_there) => was_there || HELD_LOCKS.with(|held_locks| held_locks.put_back(resource)),
        // The will has been executed; it said that the thread had ended while it held this.
        Err(_) => DETECTOR.graph.with(|graph| graph.lets_go(thread::id(), resource)),
    }
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
    let _ = WILL.try_with(|will| {
        will.listed.set(true);
        let known = Known { name: name.into(), system: system::my_number() };
        DETECTOR.graph.with(|graph| graph.alive.insert(id, known));
    });
}

/// Puts this thread on the list of the living, by name. Returns what it holds; `None` while it destroys its
/// thread-locals.
pub(super) fn introduce() -> Option<Vec<Held>> {
    let list = |will: &Will| {
        if !will.listed.replace(true) {
            let (me, known) = (thread::id(), this_thread());
            DETECTOR.graph.with(|graph| graph.alive.insert(me, known));
        }
        let more = will.more.borrow();
        HELD_LOCKS
            .with(|held_locks| resources::describe(held_locks.iter().chain(more.iter().copied())))
    };
    WILL.try_with(list).ok()
}

/// Calls `f` with what this thread holds.
#[inline]
pub(super) fn with_held_locks<R>(f: impl FnOnce(&HeldLocks) -> R) -> R {
    HELD_LOCKS.with(f)
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
    if !Detector::watches(deadline) || matches!(aim.target, Target::Quiet) {
        return Some(None); // it wakes up by itself, or it is the detector's own
    }
    let at = aim.at.unwrap_or_else(|| Location::caller());
    // SAFETY: whoever set the aim borrows both until it resets it, which is after this.
    let (wanted, need) = unsafe {
        let resource = |identity: *const Identity| Wanted::Resource((*identity).label());
        match aim.target {
            Target::Owner(identity) => (resource(identity), Need::Owner((*identity).number())),
            Target::Holder(identity, permits) => {
                (resource(identity), Need::Holder((*identity).number(), permits))
            }
            Target::Anyone(identity) => (resource(identity), Need::Anyone),
            Target::Runner(identity) => (resource(identity), Need::Runner((*identity).number())),
            Target::End(thread) => (Wanted::End(thread), Need::End(thread)),
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

/// This thread is about to wait, by a condition, until another has ended. Until the result is dropped.
#[track_caller]
pub(crate) fn waiting_for_end(thread: ThreadId) -> Waiting {
    let at = Some(Location::caller());
    Waiting::begin(Aim { target: Target::End(thread), refusal: Refusal::Never, at })
}

/// A thread of a [`scope`](crate::thread::scope), which the end of the scope waits for.
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
    let _quiet = quiet();
    let Some(held) = introduce() else { return Ok(None) };
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
            panic!("{report}");
        }
    }
}
