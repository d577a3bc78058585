//! The only door to atomics, cells, threads and spinning.
//!
//! Nothing else in `primitives` or `queues` names `core::sync::atomic`, `std::thread` or `loom`. In a
//! normal build this module is plain re-exports and a cell of one line, so it costs nothing. Under
//! `--cfg model` (`cargo model`) the same names are instrumented loom atomics: each operation then
//! knows its own `file:line:column`, every interleaving of them is explored, and a failing one is
//! printed as a table.
//!
//! Two differences show through the door, because loom cannot hide them: its constructors are not
//! `const` (hence [`const_fn!`](crate::sync::const_fn)), and a cell is reached through a closure, so
//! that loom can watch for two threads that touch it without an order between them.

#[cfg(not(model))]
mod cores;
#[cfg(model)]
mod model;
pub mod spin;
#[cfg(not(model))]
mod thread_id;

#[cfg(model)]
pub use ::model::sync::{atomic, cell};
#[cfg(model)]
pub use ::model::{model_failed, part_of};
#[cfg(not(model))]
pub use cores::available as cores;

/// Atomic integers and fences, as in [`core::sync::atomic`].
#[cfg(not(model))]
pub mod atomic {
    pub use core::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// Data that threads share, reached through closures so that a model can watch each access.
#[cfg(not(model))]
pub mod cell {
    /// [`core::cell::UnsafeCell`] whose contents are lent to a closure.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// Wraps `value`.
        #[inline]
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Unwraps the value.
        #[inline]
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// Lends the address for reading.
        #[inline(always)]
        pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        /// Lends the address for writing.
        #[inline(always)]
        pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }

        /// The contents; `&mut self` proves that nobody else looks.
        #[inline]
        pub fn get_mut(&mut self) -> &mut T {
            self.0.get_mut()
        }
    }
}

/// Threads, as in [`std::thread`].
#[cfg(not(model))]
pub mod thread {
    pub use super::thread_id::id;
    pub(crate) use super::thread_id::{adopt, reserve};
    pub use std::thread::{
        Builder, JoinHandle, Scope, ScopedJoinHandle, current, scope, sleep, spawn, yield_now,
    };
}

/// Threads that loom schedules.
#[cfg(model)]
pub mod thread {
    pub use super::model::{Builder, id};
    pub(crate) use super::model::{adopt, current, reserve};
    pub use ::model::thread::{JoinHandle, spawn, yield_now};
}

/// Whether this thread is unwinding from a panic: a `Drop` that would panic must not then.
pub use std::thread::panicking;

/// Whether a failed model is being torn down, so that guards must leave the world as it is.
/// Always `false` in a normal build.
#[cfg(not(model))]
#[inline(always)]
#[must_use]
pub const fn model_failed() -> bool {
    false
}

/// Declares a `const fn` that knows who called it; in a model, where atomics cannot be made in a constant, a
/// plain `fn` that does (a report of a deadlock names a lock after its line, a counterexample names a word after the lines that made it, from the whole
/// inwards: `changed.sequence`).
#[doc(hidden)]
#[macro_export]
macro_rules! const_fn {
    (
        $(#[$attribute:meta])*
        $visibility:vis const fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty $body:block
    ) => {
        #[cfg(not(model))]
        #[track_caller]
        $(#[$attribute])*
        $visibility const fn $name($($argument: $type),*) -> $result $body

        #[cfg(model)]
        #[track_caller]
        $(#[$attribute])*
        $visibility fn $name($($argument: $type),*) -> $result {
            let _whole = $crate::sync::part_of();
            // A closure has lines of its own, where the function has its caller's.
            let make = move || $body;
            make()
        }
    };
}
pub use const_fn;

/// Declares a static; in a model, where atomics last no longer than an execution, one that each execution
/// makes anew when it is first used.
macro_rules! global {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        #[cfg(not(model))]
        $(#[$attribute])*
        static $name: $type = $value;

        #[cfg(model)]
        ::model::lazy_static! {
            $(#[$attribute])*
            static ref $name: $type = $value;
        }
    };
}
pub(crate) use global;

/// [`std::thread_local`] with a constant to begin with; in a model, of the threads of the model.
macro_rules! local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = const $value:block;)*) => {
        #[cfg(not(model))]
        ::std::thread_local! {
            $($(#[$attribute])* static $name: $type = const $value;)*
        }

        #[cfg(model)]
        ::model::thread_local! {
            $($(#[$attribute])* static $name: $type = $value;)*
        }
    };
}
pub(crate) use local;
