//! The bell that wakes a pool: one for all its workers.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::queue::bell::{Bell, Seen};
use crate::segment::{Segment, Shared};

/// The bell that all workers of a pool ring when they have an answer.
#[derive(Clone)]
pub(super) struct PoolBell(Arc<Segment<Bell>>);

// SAFETY: zero is a bell without waiters; it is an atomic, without an address.
unsafe impl Shared for Bell {
    const KIND: u32 = 9;
}

const NOTHING: std::alloc::Layout = std::alloc::Layout::new::<()>();

impl PoolBell {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Segment::create(NOTHING, 0)?)))
    }

    pub(super) fn ring(&self) {
        self.0.ring();
    }

    /// Even if no thread seems to sleep.
    pub(super) fn ring_hard(&self) {
        self.0.ring_all();
    }

    pub(super) fn prepare(&self) -> Seen {
        self.0.prepare()
    }

    pub(super) fn sleep(&self, seen: Seen) {
        self.0.sleep(seen, None);
    }

    /// A thread looks by itself: no sleeper need be woken.
    pub(super) fn hush(&self) {
        self.0.hush();
    }

    /// No longer.
    pub(super) fn listen(&self) {
        self.0.prepare();
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
