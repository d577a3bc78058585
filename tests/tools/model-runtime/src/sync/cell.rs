//! A cell that watches for data races.

use std::fmt;
use std::panic::Location;

use crate::world::trace::{self, What};
use crate::world::{self, Object, Shape, model_failed, scheduler};

/// [`core::cell::UnsafeCell`] whose contents are lent to a closure.
///
/// Each access is a point in time: loom reports it if an access by another thread, one of the two a
/// write, is not ordered before it.
pub struct UnsafeCell<T: ?Sized> {
    object: usize,
    /// The part that loom watches. It has no contents, so that the data can still be reached while
    /// a failed model is torn down and loom must not be called. `None` if threads are not loom's.
    watched: Option<loom::cell::UnsafeCell<()>>,
    contents: core::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Wraps `value`.
    #[track_caller]
    #[must_use]
    pub fn new(value: T) -> Self {
        let at = Location::caller();
        let object = Object {
            made: Vec::new(),
            shape: Shape::Cell,
            newest: 0,
            address: 0,
            used: 0,
            word: None,
        };
        let object = world::with(|w| w.add(object, at));
        Self {
            object,
            watched: (!scheduler::is_on()).then(|| loom::cell::UnsafeCell::new(())),
            contents: core::cell::UnsafeCell::new(value),
        }
    }

    /// Unwraps the value. Owning the cell says that there is no other access, and loom checks that.
    #[track_caller]
    pub fn into_inner(self) -> T {
        self.with(|_| ());
        self.contents.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Lends the address for reading.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        if model_failed() {
            return read(self.contents.get());
        }
        // This comes before the access: a racing access is the last row.
        trace::row(Location::caller(), Some(self.object), What::Read);
        match &self.watched {
            Some(watched) => watched.with(|_| read(self.contents.get())),
            None => read(self.contents.get()),
        }
    }

    /// Lends the address for writing.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        if model_failed() {
            return write(self.contents.get());
        }
        trace::row(Location::caller(), Some(self.object), What::Write);
        match &self.watched {
            Some(watched) => watched.with_mut(|_| write(self.contents.get())),
            None => write(self.contents.get()),
        }
    }

    /// The contents; `&mut self` says that there is no other access, and loom checks that.
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: the exclusive borrow of the cell lasts as long as the result.
        self.with_mut(|contents| unsafe { &mut *contents })
    }
}

impl<T: ?Sized> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").finish_non_exhaustive()
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}
