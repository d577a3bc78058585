//! [`SemaphoreIdentity`]: what a semaphore is called, and what it says to the detector.

use std::panic::Location;

use super::identity::Identity;
use crate::deadlock::state::wait_target::{Refusal, WaitTarget};
use crate::deadlock::state::{Kind, Permits, Place};
use crate::deadlock::verdict::held::put_back_mine;

/// What a semaphore is called, and what is known of its permits.
pub(crate) struct SemaphoreIdentity {
    identity: Identity,
    permits: Permits,
}

impl SemaphoreIdentity {
    #[track_caller]
    pub(crate) const fn new(name: &'static str, permits: usize) -> Self {
        Self { identity: Identity::new(Kind::Semaphore, name), permits: Permits::new(permits) }
    }

    pub(crate) const fn bind(&mut self) {
        self.permits.bind();
    }

    /// The caller is about to wait for a permit.
    #[track_caller]
    pub(crate) fn waiting_for_permit(&self) -> WaitTarget<'_> {
        self.waiting(Location::caller(), Refusal::by_panic())
    }

    /// The same, by a caller that gets the report instead of a panic.
    #[track_caller]
    pub(crate) fn waiting_for_permit_checked(&self) -> WaitTarget<'_> {
        self.waiting(Location::caller(), Refusal::Return)
    }

    fn waiting(&self, at: Place, refusal: Refusal) -> WaitTarget<'_> {
        let identity = &self.identity;
        WaitTarget::holder(identity.label(), identity.number(), &self.permits, at, refusal)
    }

    /// The caller has taken a permit.
    #[inline]
    #[track_caller]
    pub(crate) fn taken(&self) {
        // Not once permits have wandered: nobody would take the notes back, and they would grow for ever.
        if self.permits.is_believed() {
            self.identity.taken_at(Location::caller());
        }
    }

    /// The caller is about to give a permit back. It should be one that this thread took.
    #[inline]
    pub(crate) fn released(&self) {
        if self.permits.is_thread_bound() && !put_back_mine(self.identity.number()) {
            self.permits.contradict();
        }
    }

    /// A permit is used up, or one is made from nothing.
    #[inline]
    pub(crate) fn permits_wander(&self) {
        self.permits.contradict();
    }
}
