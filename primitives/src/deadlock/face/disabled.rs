//! What the primitives say to the detector, where there is none: nothing, in no bytes.

#![allow(missing_docs, reason = "each is described where it does something")]

use crate::deadlock::state::Kind;
use crate::sync::atomic::AtomicU32;
use std::panic::Location;
use std::time::Instant;

/// What a resource is called; here nothing.
#[derive(Clone, Copy, Debug)]
pub struct Identity;

/// A wait that nobody looks at.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Waiting;

impl Identity {
    #[inline(always)]
    pub const fn new(_: Kind, _: &'static str) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn note_order(&self) {}

    #[inline(always)]
    pub fn waiting_for_owner(&self) -> Waiting {
        Waiting
    }

    #[inline(always)]
    pub(crate) fn waiting_for_owner_again(&self) -> Waiting {
        Waiting
    }

    #[inline(always)]
    pub fn waiting_for_anyone(&self) -> Waiting {
        Waiting
    }

    #[inline(always)]
    pub fn waiting_for_runner(&self) -> Waiting {
        Waiting
    }

    #[inline(always)]
    pub fn waiting_for_runner_at(&self, _: &'static Location<'static>) -> Waiting {
        Waiting
    }

    #[inline(always)]
    pub fn begins(&self) {}

    #[inline(always)]
    pub fn ends(&self) {}

    #[inline(always)]
    pub fn taken(&self) {}

    #[inline(always)]
    pub fn released(&self) {}
}

#[inline(always)]
pub(crate) fn waiting_for_raw(_: Kind) -> Waiting {
    Waiting
}

#[inline(always)]
pub(crate) fn falls_asleep(_: &AtomicU32, _: u32, _: Option<Instant>) -> Option<Waiting> {
    Some(Waiting)
}

#[inline(always)]
pub(crate) fn thread_begins(_: u64, _: &str) {}

#[inline(always)]
pub(crate) fn joins(_: u64) -> Waiting {
    Waiting
}

#[inline(always)]
pub(crate) fn waiting_for_end(_: u64) -> Waiting {
    Waiting
}

/// The threads of a scope; here nothing.
#[cfg(not(model))]
#[derive(Debug)]
pub(crate) struct Scoped;

#[cfg(not(model))]
impl Scoped {
    #[inline(always)]
    pub(crate) fn begins<T>(_: &T, _: u64) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn during<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
}

#[cfg(not(model))]
#[inline(always)]
pub(crate) fn awaits_scope<T>(_: &T, _: &'static Location<'static>) -> Waiting {
    Waiting
}

#[cfg(not(model))]
pub(crate) type ScopeEnds = Waiting;

/// What a semaphore is called; here nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SemaphoreIdentity;

impl SemaphoreIdentity {
    #[inline(always)]
    pub(crate) const fn new(_: &'static str, _: usize) -> Self {
        Self
    }

    #[cfg(not(model))]
    #[inline(always)]
    pub(crate) const fn bind(&mut self) {}

    #[inline(always)]
    pub(crate) fn waiting_for_permit(&self) -> Waiting {
        Waiting
    }

    #[inline(always)]
    pub(crate) fn taken(&self) {}

    #[inline(always)]
    pub(crate) fn released(&self) {}

    #[inline(always)]
    pub(crate) fn permits_wander(&self) {}
}
