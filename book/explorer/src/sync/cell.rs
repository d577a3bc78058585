//! A cell whose every access is a step, and is watched for data races.

use std::fmt;
use std::panic::Location;

use crate::op::{At, Op, Pending};
use crate::shape::{Peek, Shape};
use crate::teardown::model_failed;
use crate::world;

/// [`core::cell::UnsafeCell`] whose contents are lent to a closure.
pub struct UnsafeCell<T: ?Sized> {
    object: usize,
    contents: core::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Wraps `value`.
    #[track_caller]
    #[must_use]
    pub fn new(value: T) -> Self {
        let shape = Peek::shape::<T>();
        let contents = core::cell::UnsafeCell::new(value);
        // SAFETY: the cell is here, of this shape, and no other thread knows of it.
        let value = unsafe { Peek::at(contents.get().cast()).read(shape) };
        let at = Location::caller();
        let object = world::with(|w| w.add_cell(value, shape, at));
        Self { object, contents }
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.contents.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    fn step(&self, at: At, op: Op) {
        world::with(|w| {
            w.touch(self.object, self.contents.get().addr());
            if w.shape(self.object) != Shape::Opaque {
                w.peek(self.object, Peek::at(self.contents.get().cast()));
            }
        });
        world::step(Pending { op, object: Some(self.object), at });
    }

    /// Lends the address for reading.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        if !model_failed() {
            self.step(Location::caller(), Op::ReadCell);
        }
        read(self.contents.get())
    }

    /// Lends the address for writing.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        if !model_failed() {
            self.step(Location::caller(), Op::WriteCell);
        }
        write(self.contents.get())
    }

    /// The contents: not a step, because no other thread has access.
    pub fn get_mut(&mut self) -> &mut T {
        self.contents.get_mut()
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
