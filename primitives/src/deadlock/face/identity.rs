//! [`Identity`]: the name of a lock or a queue, and its calls to the detector.
//!
//! A field beside the word, which exists only with the feature.

#[cfg(target_os = "linux")]
use super::fork;
use crate::deadlock::graph::resources;
use crate::deadlock::state::wait_target::{Refusal, WaitTarget};
use crate::deadlock::state::{Kind, Label, Place, ResourceId};
use crate::deadlock::verdict::{held, lock_order, reentry};
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::panic::Location;

/// The name of a resource.
#[derive(Debug)]
pub struct Identity {
    label: Label,
    /// 0: not taken yet.
    number: AtomicU64,
}

impl Identity {
    /// For an object that the caller makes; an empty name means no name.
    #[track_caller]
    pub const fn new(kind: Kind, name: &'static str) -> Self {
        Self { label: Label::new(kind, name), number: AtomicU64::new(0) }
    }

    pub(crate) fn label(&self) -> Label {
        self.label
    }

    /// The caller is about to take it, and will wait without a timeout if necessary. Notes the
    /// order if something else is held.
    #[inline]
    #[track_caller]
    pub(crate) fn note_order(&self) {
        if held::may_hold_something() {
            lock_order::check(self.number(), Location::caller());
        }
    }

    /// The caller is about to wait for its owner, and for no other thread.
    #[cold]
    #[track_caller]
    pub(crate) fn waiting_for_owner(&self) -> WaitTarget<'_> {
        WaitTarget::owner(self.label, self.number(), Location::caller(), Refusal::by_panic())
    }

    /// [`waiting_for_owner`](Self::waiting_for_owner), for a caller that gets the report instead of
    /// a panic.
    #[track_caller]
    pub(crate) fn waiting_for_owner_checked(&self) -> WaitTarget<'_> {
        self.note_order();
        WaitTarget::owner(self.label, self.number(), Location::caller(), Refusal::Return)
    }

    /// [`waiting_for_owner`](Self::waiting_for_owner), after a wait for a condition: its guard is
    /// alive, so this must not panic.
    #[inline]
    #[track_caller]
    pub(crate) fn waiting_for_owner_again(&self) -> WaitTarget<'_> {
        self.note_order();
        WaitTarget::owner(self.label, self.number(), Location::caller(), Refusal::Never)
    }

    /// The caller is about to wait for something that any thread could bring about.
    #[inline]
    #[track_caller]
    pub fn waiting_for_anyone(&self) -> WaitTarget<'_> {
        WaitTarget::anyone(self.label, Location::caller())
    }

    /// The caller is about to wait for the end of this task: for the thread that has
    /// [begun](Self::begins) it, or for one that will.
    #[track_caller]
    pub fn waiting_for_runner(&self) -> WaitTarget<'_> {
        WaitTarget::runner(self.label, self.number(), Location::caller(), Refusal::by_panic())
    }

    /// [`waiting_for_runner`](Self::waiting_for_runner), by a caller that must not panic.
    pub fn waiting_for_runner_at(&self, at: Place) -> WaitTarget<'_> {
        WaitTarget::runner(self.label, self.number(), at, Refusal::Never)
    }

    /// The caller, and no other, will end this task. Lock order does not apply, because tasks come
    /// and go.
    #[track_caller]
    pub fn begins(&self) {
        held::undertake(self.number(), Location::caller());
    }

    /// The caller is about to end this task, which it may have begun.
    pub fn ends(&self) {
        // Relaxed: this thread has begun it, so it has a number, and that never changes; or no
        // thread has begun it.
        match self.number.load(Relaxed) {
            0 => {}
            number => held::put_back(number),
        }
    }

    /// The caller has taken it.
    #[inline]
    #[track_caller]
    pub(crate) fn taken(&self) {
        self.taken_at(Location::caller());
    }

    #[inline]
    pub(crate) fn taken_at(&self, since: Place) {
        held::take(self.number(), since);
    }

    /// The caller, who has it, has taken it once more.
    #[inline]
    #[track_caller]
    pub(crate) fn taken_again(&self) {
        reentry::check(self.number(), self.label);
    }

    /// The caller, which holds it, is about to release it.
    #[inline]
    pub(crate) fn released(&self) {
        // Relaxed: this thread has taken it, so it has a number, and that never changes.
        held::put_back(self.number.load(Relaxed));
    }

    #[inline]
    pub(crate) fn number(&self) -> ResourceId {
        // Relaxed: only the number is needed.
        match self.number.load(Relaxed) {
            0 => self.take_a_number(),
            number => number,
        }
    }

    /// The threads' notes of it are forgotten: it is another resource from here on.
    #[cold]
    pub(crate) fn disown(&self) {
        // Relaxed: only the number is needed. A thread that has read the old one may note it once
        // more, and forgets it with the others.
        match self.number.swap(0, Relaxed) {
            0 => {}
            number => {
                forget(number, self.label);
                held::disowned();
            }
        }
    }

    #[cold]
    fn take_a_number(&self) -> ResourceId {
        #[cfg(target_os = "linux")]
        fork::prepare();
        resources::number(&self.number, self.label)
    }
}

impl Drop for Identity {
    #[inline]
    fn drop(&mut self) {
        match *self.number.get_mut() {
            0 => {}
            number => forget(number, self.label),
        }
    }
}

#[cold]
fn forget(resource: ResourceId, label: Label) {
    resources::forget(resource);
    held::forget(resource);
    // Tasks have no order.
    if label.kind() != Kind::Task {
        lock_order::forget(resource);
    }
}
