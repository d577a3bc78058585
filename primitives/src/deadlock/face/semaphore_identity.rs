//! [`SemaphoreIdentity`]: the name of a semaphore, and its calls to the detector.

use std::panic::Location;

use super::identity::Identity;
use crate::deadlock::state::wait_target::{Refusal, WaitTarget};
use crate::deadlock::state::{Kind, Permits, Place};
use crate::deadlock::verdict::held;

/// A thread notes each permit by itself. Of a call that takes more than this, the notes are given
/// up.
const MOST_NOTES: u32 = 1000;

/// The name of a semaphore. The known state of its permits is a field beside it, and not inside,
/// where it would take eight bytes in place of four.
pub(crate) struct SemaphoreIdentity(Identity);

impl SemaphoreIdentity {
    #[track_caller]
    pub(crate) const fn new(name: &'static str) -> Self {
        Self(Identity::new(Kind::Semaphore, name))
    }

    /// The caller is about to wait for a permit.
    #[track_caller]
    pub(crate) fn waiting_for_permit<'a>(&'a self, permits: &'a Permits) -> WaitTarget<'a> {
        self.waiting(permits, Location::caller(), Refusal::by_panic())
    }

    /// The same, for a caller that gets the report instead of a panic.
    #[track_caller]
    pub(crate) fn waiting_for_permit_checked<'a>(&'a self, permits: &'a Permits) -> WaitTarget<'a> {
        self.waiting(permits, Location::caller(), Refusal::Return)
    }

    fn waiting<'a>(&'a self, permits: &'a Permits, at: Place, refusal: Refusal) -> WaitTarget<'a> {
        let identity = &self.0;
        WaitTarget::holder(identity.label(), identity.number(), permits, at, refusal)
    }

    /// The caller has taken a permit.
    #[inline]
    #[track_caller]
    pub(crate) fn taken(&self, permits: &Permits) {
        // Not once permits have moved between threads: no thread would remove the notes, and they
        // would grow without end.
        if permits.is_believed() {
            let number = self.0.number();
            held::take(number, Location::caller());
            if !permits.is_believed() {
                held::put_back(number); // contradicted meanwhile
            }
        } else {
            held::forget_the_gone();
        }
    }

    /// The caller is about to give a permit back. It should be a permit that this thread took.
    #[inline]
    pub(crate) fn released(&self, permits: &Permits) {
        if permits.is_believed() && !held::put_back_mine(self.0.number()) {
            self.permits_wander(permits);
        }
    }

    /// The caller has taken so many permits at once.
    #[inline]
    #[track_caller]
    pub(crate) fn taken_many(&self, n: u32, permits: &Permits) {
        if n > MOST_NOTES {
            self.permits_wander(permits);
        } else if n == 1 || permits.is_believed() {
            (0..n).for_each(|_| self.taken(permits));
        }
    }

    /// The caller is about to give so many back.
    #[inline]
    pub(crate) fn released_many(&self, n: u32, permits: &Permits) {
        if n == 1 {
            self.released(permits);
        } else if permits.is_believed() {
            (0..n).for_each(|_| self.released(permits));
        }
    }

    /// A permit is consumed, or a new one appears, or another thread releases it: the notes prove
    /// nothing, and are forgotten.
    #[inline]
    pub(crate) fn permits_wander(&self, permits: &Permits) {
        if permits.contradict() {
            self.0.disown();
        }
    }
}
