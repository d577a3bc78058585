//! [`WaitTarget`]: what a thread waits for once it must wait, and who could end the wait.
//!
//! A primitive says so before its slow path, and the thread keeps it for itself, in a thread-local. When the
//! thread falls asleep the target goes onto the graph.

use std::cell::Cell;
use std::panic::Location;

use super::ids::{Place, ResourceId, ThreadId};
use super::label::{Kind, Label};
use super::need::{Need, Wanted};
use super::permits::Permits;
use crate::sync::panicking;

/// What to do in place of a sleep that never ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// To panic with the report.
    Panic,
    /// To give the report back.
    Return,
    /// Nothing can be done: tell, and sleep.
    Never,
}

impl Refusal {
    /// A panic, but in a thread that unwinds, which must not panic again.
    #[inline]
    pub(crate) fn by_panic() -> Self {
        if panicking() { Self::Never } else { Self::Panic }
    }
}

/// What a thread waits for.
#[derive(Clone, Copy)]
pub(crate) struct WaitTarget {
    /// `None`: it has not said.
    pub(crate) what: Option<(Wanted, Need)>,
    pub(crate) refusal: Refusal,
    /// `None`: where it falls asleep.
    pub(crate) at: Option<Place>,
}

impl WaitTarget {
    const NONE: Self = Self { what: None, refusal: Refusal::Never, at: None };

    /// The calling thread's.
    pub(crate) fn current() -> Self {
        TARGET.get()
    }
}

thread_local! {
    /// What this thread waits for, should it fall asleep. (No destructor: it is there to the last.)
    static TARGET: Cell<WaitTarget> = const { Cell::new(WaitTarget::NONE) };
}

/// While this lives, the thread waits for what it says. One within another counts alone, but for a wait that
/// any thread could end: a queue that sleeps on a condition is still what the caller waits for.
#[must_use]
pub struct Waiting {
    before: WaitTarget,
}

impl Waiting {
    #[inline]
    fn begin(wanted: Wanted, need: Need, at: Place, refusal: Refusal) -> Self {
        let target = WaitTarget { what: Some((wanted, need)), refusal, at: Some(at) };
        Self { before: TARGET.replace(target) }
    }

    /// For the thread that holds this.
    #[inline]
    pub(crate) fn for_owner(label: Label, id: ResourceId, at: Place, refusal: Refusal) -> Self {
        Self::begin(Wanted::Resource(label), Need::Owner(id), at, refusal)
    }

    /// For a thread that holds one of these permits, which the caller borrows until this is dropped.
    pub(crate) fn for_holder(
        label: Label,
        id: ResourceId,
        permits: &Permits,
        at: Place,
        refusal: Refusal,
    ) -> Self {
        Self::begin(Wanted::Resource(label), Need::Holder(id, permits), at, refusal)
    }

    /// For the thread that runs this task.
    pub(crate) fn for_runner(label: Label, id: ResourceId, at: Place, refusal: Refusal) -> Self {
        Self::begin(Wanted::Resource(label), Need::Runner(id), at, refusal)
    }

    /// For the end of a thread.
    pub(crate) fn for_end(thread: ThreadId, at: Place) -> Self {
        Self::begin(Wanted::End(thread), Need::End(thread), at, Refusal::Never)
    }

    /// For something with a label that any thread could bring about.
    #[inline]
    pub(crate) fn for_anyone(label: Label, at: Place) -> Self {
        Self::unless_inside(Wanted::Resource(label), at)
    }

    /// For something without a label that any thread could bring about.
    pub(crate) fn for_nameless(kind: Kind, at: Place) -> Self {
        Self::unless_inside(Wanted::Nameless(kind), at)
    }

    fn unless_inside(wanted: Wanted, at: Place) -> Self {
        let outer = TARGET.get();
        match outer.what {
            None => Self::begin(wanted, Need::Anyone, at, Refusal::Never),
            Some(_) => Self { before: outer },
        }
    }

    /// As if nothing had been said: for code of the program that the detector calls.
    pub(crate) fn for_nothing() -> Self {
        Self { before: TARGET.replace(WaitTarget::NONE) }
    }
}

impl Drop for Waiting {
    #[inline]
    fn drop(&mut self) {
        TARGET.set(self.before);
    }
}

/// A lock without identity: any thread may release it.
#[track_caller]
pub(crate) fn waiting_for_raw(kind: Kind) -> Waiting {
    Waiting::for_nameless(kind, Location::caller())
}

/// This thread is about to wait, by a condition, until another has ended. Until the result is dropped.
#[track_caller]
pub(crate) fn waiting_for_end(thread: ThreadId) -> Waiting {
    Waiting::for_end(thread, Location::caller())
}
