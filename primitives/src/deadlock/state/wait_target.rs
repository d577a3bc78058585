//! [`WaitTarget`]: what a thread waits for once it must wait, and which threads could end the wait.
//!
//! A primitive makes one where it must wait, and hands it down to the sleep, which takes it to the
//! graph. It is an argument and no note of the thread's, for two reasons. The program's own code
//! that runs in the middle of a call (the action of a barrier, the closure of a `Once`, the
//! comparison of two items) then waits for what it says itself, and not for what the call around it
//! waits for. And a borrow that ends with the call keeps what it points to alive.

use std::marker::PhantomData;
use std::panic::Location;

use super::door::Door;
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
    /// To return the report.
    Return,
    /// Nothing can be done: report, and sleep.
    Never,
}

impl Refusal {
    /// A panic, except in an unwinding thread, which must not panic again.
    #[inline]
    pub(crate) fn by_panic() -> Self {
        if panicking() { Self::Never } else { Self::Panic }
    }
}

/// What a thread waits for, should it fall asleep.
#[derive(Clone, Copy)]
#[must_use = "a sleep that does not get it has no name in reports"]
pub struct WaitTarget<'a> {
    pub(crate) wanted: Wanted,
    pub(crate) need: Need,
    pub(crate) refusal: Refusal,
    /// Where the thread waits.
    pub(crate) at: Place,
    /// What `need` may point to.
    permits: PhantomData<&'a Permits>,
}

impl<'a> WaitTarget<'a> {
    #[inline]
    fn new(wanted: Wanted, need: Need, at: Place, refusal: Refusal) -> Self {
        Self { wanted, need, refusal, at, permits: PhantomData }
    }

    /// For the thread that holds this.
    #[inline]
    pub(crate) fn owner(label: Label, id: ResourceId, at: Place, refusal: Refusal) -> Self {
        Self::new(Wanted::Resource(label), Need::Owner(id), at, refusal)
    }

    /// For all threads that hold this.
    pub(crate) fn holders(label: Label, id: ResourceId, at: Place, refusal: Refusal) -> Self {
        Self::new(Wanted::Resource(label), Need::Holders(id), at, refusal)
    }

    /// For a thread that writes under this lock, or waits to.
    pub(crate) fn writer(
        label: Label,
        id: ResourceId,
        door: fn(u32) -> Door,
        at: Place,
        refusal: Refusal,
    ) -> Self {
        Self::new(Wanted::Resource(label), Need::Writer(id, door), at, refusal)
    }

    /// For a thread that holds one of these permits.
    pub(crate) fn holder(
        label: Label,
        id: ResourceId,
        permits: &'a Permits,
        at: Place,
        refusal: Refusal,
    ) -> Self {
        Self::new(Wanted::Resource(label), Need::Holder(id, permits), at, refusal)
    }

    /// For the thread that runs this task.
    pub(crate) fn runner(label: Label, id: ResourceId, at: Place, refusal: Refusal) -> Self {
        Self::new(Wanted::Resource(label), Need::Runner(id), at, refusal)
    }

    /// For something with a label that any thread could cause.
    #[inline]
    pub(crate) fn anyone(label: Label, at: Place) -> Self {
        Self::new(Wanted::Resource(label), Need::Anyone, at, Refusal::Never)
    }

    /// For something without a label that any thread could cause.
    #[inline]
    #[track_caller]
    pub(crate) fn nameless(kind: Kind) -> Self {
        let at = Location::caller();
        Self::new(Wanted::Nameless(kind), Need::Anyone, at, Refusal::Never)
    }

    /// For the end of a thread, by a condition that tells of it.
    #[inline]
    #[track_caller]
    pub(crate) fn end(thread: ThreadId) -> Self {
        let at = Location::caller();
        Self::new(Wanted::End(thread), Need::End(thread), at, Refusal::Never)
    }

    /// The same, by a caller that can neither panic nor return without what it waits for.
    #[inline]
    pub(crate) fn at_any_cost(self) -> Self {
        Self { refusal: Refusal::Never, ..self }
    }
}
