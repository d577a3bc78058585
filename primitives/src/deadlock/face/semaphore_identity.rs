//! [`SemaphoreIdentity`]: the name of a semaphore, and its calls to the detector.

use std::panic::Location;

use super::identity::Identity;
use crate::deadlock::state::wait_target::{Refusal, WaitTarget};
use crate::deadlock::state::{Kind, Permits, Place};
use crate::deadlock::verdict::held;

/// The name of a semaphore, and the known state of its permits.
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

    /// The same, for a caller that gets the report instead of a panic.
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
        // Not once permits have moved between threads: no thread would remove the notes, and they
        // would grow without end.
        if self.permits.is_believed() {
            let number = self.identity.number();
            held::take(number, Location::caller());
            if !self.permits.is_believed() {
                held::put_back(number); // contradicted meanwhile
            }
        } else {
            held::forget_the_gone();
        }
    }

    /// The caller is about to give a permit back. It should be a permit that this thread took.
    #[inline]
    pub(crate) fn released(&self) {
        if self.permits.is_believed() && !held::put_back_mine(self.identity.number()) {
            self.permits_wander();
        }
    }

    /// A permit is consumed, or a new one appears, or another thread releases it: the notes prove
    /// nothing, and are forgotten.
    #[inline]
    pub(crate) fn permits_wander(&self) {
        if self.permits.contradict() {
            self.identity.disown();
        }
    }
}
