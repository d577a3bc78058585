//! Shared memory with one object in it: a lock, a semaphore, a queue. Each handle is built on it.

use std::alloc::Layout;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use serde::{Deserializer, Serializer};

use crate::handover;
use crate::memory::{Format, HEADER, Mapping, OpenError};

/// A type that may stand at the beginning of a segment.
///
/// # Safety
///
/// Zero bytes are a valid value, and so are any bytes that the type's own methods write. It
/// contains no address that another process would follow. Its alignment is at most 128. All changes
/// go through `&self` (atomics), so another process may change it at any time.
pub(crate) unsafe trait Shared: Sync + 'static {
    /// The kind in the header, so that a lock is not mistaken for a queue.
    const KIND: u32;
}

/// One mapping of a [`Shared`], with room for items behind it.
pub(crate) struct Segment<S> {
    mapping: Mapping,
    kind: PhantomData<fn() -> S>,
}

impl<S: Shared> Segment<S> {
    /// A new one, all zero; `room` bytes behind it for items of this layout.
    pub(crate) fn create(item: Layout, room: usize) -> io::Result<Self> {
        let size = Self::items_at(item).checked_add(room).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { mapping: Mapping::create(size, Self::format(item))?, kind: PhantomData })
    }

    /// One that another process has made.
    pub(crate) fn open(fd: OwnedFd, item: Layout) -> Result<Self, OpenError> {
        let (mapping, _) = Mapping::open(fd, Some(Self::format(item)))?;
        let segment = Self { mapping, kind: PhantomData };
        segment.check_room(item, 0)?;
        Ok(segment)
    }

    /// Reads the handle that another process has given.
    pub(crate) fn take<'de, D: Deserializer<'de>>(
        item: Layout,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        Self::open(handover::take(deserializer)?, item).map_err(serde::de::Error::custom)
    }

    /// Writes the handle for another process.
    pub(crate) fn give<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        handover::give(self.mapping.fd(), serializer)
    }

    /// Whether there is room for that many bytes of items.
    pub(crate) fn check_room(&self, item: Layout, room: usize) -> Result<(), OpenError> {
        let expected = Self::items_at(item).saturating_add(room);
        if self.mapping.len() < expected {
            let whole = |len: usize| len.saturating_add(HEADER) as u64;
            return Err(OpenError::Size {
                found: whole(self.mapping.len()),
                expected: whole(expected),
            });
        }
        Ok(())
    }

    /// The first byte of the items.
    #[inline]
    pub(crate) fn items(&self, item: Layout) -> NonNull<u8> {
        // SAFETY: inside, by `create` and `open`.
        unsafe { self.mapping.start().add(Self::items_at(item)) }
    }

    #[inline]
    const fn items_at(item: Layout) -> usize {
        assert!(item.align() <= HEADER, "an alignment of more than 128 bytes");
        size_of::<S>().next_multiple_of(HEADER)
    }

    fn format(item: Layout) -> Format {
        Format { kind: S::KIND, item_size: item.size() as u32, item_align: item.align() as u32 }
    }
}

impl<S: Shared> Deref for Segment<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        const { assert!(align_of::<S>() <= HEADER) };
        // SAFETY: inside and aligned; the value there is valid, by `Shared` and the check of the
        // header.
        unsafe { self.mapping.start().cast().as_ref() }
    }
}

impl<S> fmt::Debug for Segment<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").finish_non_exhaustive()
    }
}
