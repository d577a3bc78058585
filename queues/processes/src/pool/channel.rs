//! What a pool and one of its workers share: a stream of calls, a stream of answers, and a
//! [word](super::slots) for each pending call.

use std::alloc::Layout;
use std::io;

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::slots::Slots;
use super::stream::{Ends, Reader, SIZE, Writer};
use crate::queue::bell::Bell;
use crate::segment::{Segment, Shared};

/// The header of each message, in both directions.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Pod, Zeroable)]
pub(super) struct Header {
    /// The number of the call, counted from 0 for each worker.
    pub(super) number: u64,
    /// The number of bytes after this header.
    pub(super) len: u32,
    /// See [`kind`].
    pub(super) kind: u16,
    /// If not 0, file descriptors come over the socket; the first one has the bytes if they are too
    /// many for the stream.
    pub(super) fds: u16,
    /// To the worker: the function's place among the [registered](crate::registered). From it: how
    /// long the call took, in ns.
    pub(super) detail: u64,
}

/// What a message is.
pub(super) mod kind {
    /// To the worker: call this. From it: the function's result.
    pub(in crate::pool) const PLAIN: u16 = 0;
    /// To the worker: end.
    pub(in crate::pool) const END: u16 = 1;
    /// From the worker: why there is no result, or why it cannot work; a
    /// [`Said`](crate::control::Said).
    pub(in crate::pool) const SAID: u16 = 2;
    /// From the worker: it has called its initializer, and is ready.
    pub(in crate::pool) const READY: u16 = 3;
}

/// A longer message travels as a file.
pub(super) const INLINE: usize = 32 * 1024;

#[repr(C, align(128))]
pub(super) struct Body {
    pub(super) calls: Ends,
    pub(super) answers: Ends,
    /// Rung when there are calls.
    pub(super) worker: Bell,
    /// Rung when there is room for answers.
    pub(super) room: Bell,
    slots: Slots,
}

// SAFETY: zeros are two empty streams; atomics, and no address.
unsafe impl Shared for Body {
    const KIND: u32 = 8;
}

const BYTES: Layout = Layout::new::<[u8; SIZE]>();

/// One mapping of it.
pub(super) struct Channel {
    segment: Segment<Body>,
}

impl Channel {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { segment: Segment::create(BYTES, 2 * SIZE)? })
    }

    pub(super) fn body(&self) -> &Body {
        &self.segment
    }

    pub(super) fn slots(&self) -> &Slots {
        &self.segment.slots
    }

    /// The pool's two ends.
    pub(super) fn pool_ends(&self) -> (Writer, Reader) {
        let calls = self.segment.items(BYTES);
        // SAFETY: the channel has room for both, and the pool, which keeps it mapped, is alone on
        // this side.
        unsafe { (Writer::new(calls), Reader::new(calls.add(SIZE))) }
    }

    /// The worker's two ends.
    pub(super) fn worker_ends(&self) -> (Reader, Writer) {
        let calls = self.segment.items(BYTES);
        // SAFETY: as above, on the other side.
        unsafe { (Reader::new(calls), Writer::new(calls.add(SIZE))) }
    }
}

impl Serialize for Channel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.segment.give(serializer)
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let segment: Segment<Body> = Segment::take(BYTES, deserializer)?;
        segment.check_room(BYTES, 2 * SIZE).map_err(serde::de::Error::custom)?;
        Ok(Self { segment })
    }
}
