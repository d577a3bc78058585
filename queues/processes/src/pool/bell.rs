//! What wakes the parent when a worker has an answer: two bells, for all workers of a pool.
//!
//! | bell        | who sleeps on it                                    | rung                            |
//! | ----------- | --------------------------------------------------- | ------------------------------- |
//! | `caller`    | one thread that waits for a result: the one on duty | first, if it sleeps             |
//! | `collector` | the pool's own thread                               | if no thread is on duty         |
//!
//! The thread on duty reads the answer that it waits for without a hop through the collector. The
//! collector's bell alone must be right: a ring that finds no sleeper at the caller's bell goes on
//! to the collector's, and a thread that goes off duty looks once more after it has switched the
//! collector's bell on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::futex::{Deadline, Wait};
use crate::queue::bell::{Bell, Seen};
use crate::segment::{Segment, Shared};

/// The bells that all workers of a pool ring when they have an answer.
#[derive(Clone)]
pub(super) struct PoolBell(Arc<Segment<Bells>>);

#[repr(C)]
struct Bells {
    collector: Bell,
    caller: Bell,
}

// SAFETY: zeros are bells without waiters; they are atomics, without an address.
unsafe impl Shared for Bells {
    const KIND: u32 = 9;
}

const NOTHING: std::alloc::Layout = std::alloc::Layout::new::<()>();

impl PoolBell {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Segment::create(NOTHING, 0)?)))
    }

    /// A worker has an answer.
    pub(super) fn ring(&self) {
        // If it was about to sleep, or to go off duty, the answer is still for the collector.
        if !self.0.caller.ring() {
            self.0.collector.ring();
        }
    }

    /// Wakes the collector, even if it does not seem to sleep.
    pub(super) fn ring_hard(&self) {
        self.0.collector.ring_all();
    }

    /// Results were passed on: one may be that of the thread on duty.
    pub(super) fn ring_caller(&self) {
        // SeqCst: pairs with the fence in `prepare_caller`. Either that thread finds its result, or
        // this one finds that it sleeps.
        fence(SeqCst);
        self.0.caller.ring();
    }

    /// The collector is about to sleep. It must look once more before it does.
    pub(super) fn prepare(&self) -> Seen {
        self.0.collector.prepare()
    }

    pub(super) fn sleep(&self, seen: Seen) {
        self.0.collector.sleep(seen, None);
    }

    /// The thread on duty is about to sleep. It must look once more before it does.
    pub(super) fn prepare_caller(&self) -> Seen {
        let seen = self.0.caller.prepare();
        // SeqCst: pairs with the fence in `ring_caller`.
        fence(SeqCst);
        seen
    }

    /// Sleeps until it rings, or until `deadline`.
    pub(super) fn sleep_caller(&self, seen: Seen, deadline: Deadline) -> Wait {
        self.0.caller.sleep_alone(seen, deadline)
    }

    /// The thread on duty is awake.
    pub(super) fn hush_caller(&self) {
        self.0.caller.hush();
    }

    /// A thread looks by itself: the collector need not be woken.
    pub(super) fn hush(&self) {
        self.0.collector.hush();
    }

    /// No longer. That thread must look once more.
    pub(super) fn listen(&self) {
        self.0.collector.prepare();
    }
}

impl Serialize for PoolBell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.give(serializer)
    }
}

impl<'de> Deserialize<'de> for PoolBell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Arc::new(Segment::take(NOTHING, deserializer)?)))
    }
}
