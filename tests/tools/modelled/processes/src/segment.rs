//! Memory with one object in it, which threads of a model share anyway. See
//! `queues/processes/src/segment.rs`.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::any::Any;
use std::cell::RefCell;
use std::io;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::memory::{HEADER, OpenError};

/// # Safety
///
/// As of the file that ships.
pub(crate) unsafe trait Shared: Default + Sync + 'static {
    const KIND: u32;
}

pub(crate) struct Segment<S>(Arc<Memory<S>>);

struct Memory<S> {
    object: S,
    items: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the items are used by the rules of the object.
unsafe impl<S: Sync> Send for Memory<S> {}
// SAFETY: as above.
unsafe impl<S: Sync> Sync for Memory<S> {}

thread_local! {
    /// Handles under way, by the numbers that were written.
    static UNDER_WAY: RefCell<Vec<Option<Box<dyn Any>>>> = const { RefCell::new(Vec::new()) };
}

impl<S: Shared> Segment<S> {
    #[track_caller]
    pub(crate) fn create(_: Layout, room: usize) -> io::Result<Self> {
        let layout = Layout::from_size_align(room.max(1), HEADER).expect("a small model");
        // SAFETY: at least one byte.
        let items = NonNull::new(unsafe { alloc_zeroed(layout) }).expect("memory");
        Ok(Self(Arc::new(Memory { object: S::default(), items, layout })))
    }

    pub(crate) fn take<'de, D: Deserializer<'de>>(
        _: Layout,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)? as usize;
        let came = UNDER_WAY.with_borrow_mut(|handles| handles[number].take());
        let memory = came.and_then(|came| came.downcast::<Arc<Memory<S>>>().ok());
        memory.map(|memory| Self(*memory)).ok_or_else(|| serde::de::Error::custom(OpenError::Kind))
    }

    pub(crate) fn give<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let number = UNDER_WAY.with_borrow_mut(|handles| {
            handles.push(Some(Box::new(Arc::clone(&self.0))));
            handles.len() - 1
        });
        (number as u32).serialize(serializer)
    }

    pub(crate) fn check_room(&self, _: Layout, room: usize) -> Result<(), OpenError> {
        if self.0.layout.size() < room { Err(OpenError::Kind) } else { Ok(()) }
    }

    pub(crate) fn items(&self, _: Layout) -> NonNull<u8> {
        self.0.items
    }
}

impl<S> Deref for Segment<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0.object
    }
}

impl<S> Drop for Memory<S> {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout. Items are not dropped: atomics among them leak a few
        // bytes of the model's.
        unsafe { dealloc(self.items.as_ptr(), self.layout) };
    }
}
