//! The primitives' calls to the detector, where there is none: they do nothing and take no bytes.

#![allow(missing_docs, reason = "each is described where it does something")]

use crate::deadlock::state::{Door, Kind};
use crate::futex::{self, Wait};
use crate::sync::atomic::AtomicU32;
use std::marker::PhantomData;
use std::panic::Location;
use std::time::Instant;

/// The name of a resource; here nothing.
#[derive(Clone, Copy, Debug)]
pub struct Identity;

/// What a thread waits for; here nothing.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct WaitTarget<'a>(PhantomData<&'a ()>);

impl WaitTarget<'_> {
    #[inline(always)]
    const fn new() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    pub(crate) fn nameless(_: Kind) -> Self {
        Self::new()
    }

    #[inline(always)]
    pub(crate) fn end(_: u64) -> Self {
        Self::new()
    }

    #[inline(always)]
    pub(crate) fn at_any_cost(self) -> Self {
        self
    }
}

/// A wait that no detector looks at.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Asleep;

impl Identity {
    #[inline(always)]
    pub const fn new(_: Kind, _: &'static str) -> Self {
        Self
    }

    #[cfg(all(feature = "lock_api", not(model)))]
    #[inline(always)]
    pub(crate) const fn of_a_constant(_: Kind) -> Self {
        Self
    }

    #[cfg(all(feature = "lock_api", not(model)))]
    #[inline(always)]
    pub(crate) fn is_used_here(&self) {}

    #[inline(always)]
    pub(crate) fn note_order(&self) {}

    #[inline(always)]
    pub(crate) fn waiting_for_owner(&self) -> WaitTarget<'_> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub(crate) fn waiting_for_owner_again(&self) -> WaitTarget<'_> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub(crate) fn waiting_for_holders(&self) -> WaitTarget<'_> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub(crate) fn waiting_for_writer(&self, _: fn(u32) -> Door) -> WaitTarget<'_> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub fn waiting_for_anyone(&self) -> WaitTarget<'_> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub fn waiting_for_runner(&self) -> WaitTarget<'_> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub fn waiting_for_runner_at(&self, _: &'static Location<'static>) -> WaitTarget<'_> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub fn begins(&self) {}

    #[inline(always)]
    pub fn ends(&self) {}

    #[inline(always)]
    pub(crate) fn taken(&self) {}

    #[inline(always)]
    pub(crate) fn taken_again(&self) {}

    #[inline(always)]
    pub(crate) fn released(&self) {}
}

/// Runs `poll`, which polls a coroutine: with the feature `deadlock-detection`, a report of a wait
/// in there says so. Without it, as here, it is `poll()`.
#[inline(always)]
pub fn polling<R>(poll: impl FnOnce() -> R) -> R {
    poll()
}

/// Runs `f`, which is another task than the one that the thread is at.
#[inline(always)]
pub fn helping<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Sleeps as the futex does.
#[inline(always)]
#[cfg_attr(model, track_caller)]
pub(crate) fn sleep(
    word: &AtomicU32,
    expected: u32,
    deadline: Option<Instant>,
    _: WaitTarget<'_>,
) -> Wait {
    futex::wait(word, expected, deadline)
}

#[inline(always)]
pub(crate) fn thread_begins(_: u64, _: &str) {}

#[inline(always)]
pub(crate) fn joins(_: u64) -> Asleep {
    Asleep
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
pub(crate) fn awaits_scope<T>(_: &T, _: &'static Location<'static>) -> Asleep {
    Asleep
}

/// The name of a semaphore; here nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SemaphoreIdentity;

impl SemaphoreIdentity {
    #[inline(always)]
    pub(crate) const fn new(_: &'static str) -> Self {
        Self
    }

    #[inline(always)]
    pub(crate) fn waiting_for_permit<'a>(&'a self, _: &'a KnownPermits) -> WaitTarget<'a> {
        WaitTarget::new()
    }

    #[inline(always)]
    pub(crate) fn taken(&self, _: &KnownPermits) {}

    #[inline(always)]
    pub(crate) fn taken_many(&self, _: u32, _: &KnownPermits) {}

    #[inline(always)]
    pub(crate) fn released_many(&self, _: u32, _: &KnownPermits) {}

    #[inline(always)]
    pub(crate) fn permits_wander(&self, _: &KnownPermits) {}
}

/// What is known of a semaphore's permits; here nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownPermits;

impl KnownPermits {
    #[inline(always)]
    pub(crate) const fn new(_: usize) -> Self {
        Self
    }

    #[cfg(not(model))]
    #[inline(always)]
    pub(crate) const fn bind(&mut self) {}
}
