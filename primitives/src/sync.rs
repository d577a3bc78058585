//! The only door to atomics, cells, threads and spinning.
//!
//! No other module of `primitives` or `queues` names `core::sync::atomic`, `std::thread` or `loom`.
//! In a normal build this module is plain re-exports and a one-line cell, so it costs nothing.
//! Under `--cfg model` (`cargo model`) the same names are instrumented loom atomics. Each operation
//! then knows its own `file:line:column`. The model explores every interleaving, and prints a
//! failing one as a table.
//!
//! Two differences remain visible, because loom cannot hide them: its constructors are not `const`
//! (hence [`const_fn!`](crate::sync::const_fn)), and a cell is reached through a closure, so that
//! loom can find two accesses that nothing orders.

#[cfg(not(model))]
mod cores;
#[cfg(model)]
mod model;
#[cfg(not(model))]
mod of_process;
pub mod spin;
#[cfg(not(model))]
mod thread_id;
pub(crate) mod wait_time;
#[cfg(all(not(model), any(test, not(target_has_atomic = "64"))))]
#[cfg_attr(target_has_atomic = "64", allow(unreachable_pub, reason = "there, its test alone is"))]
mod wide;

#[cfg(model)]
pub use ::model::sync::{atomic, cell};
#[cfg(model)]
pub use ::model::{model_failed, part_of};
#[cfg(not(model))]
pub use cores::available as cores;
#[cfg(not(model))]
pub(crate) use of_process::OfProcess;

/// Atomic integers and fences, as in [`core::sync::atomic`]. Where the processor has no atomic
/// 64-bit integers, each is under a mutex.
#[cfg(not(model))]
pub mod atomic {
    #[cfg(not(target_has_atomic = "64"))]
    pub use super::wide::AtomicU64;
    #[cfg(target_has_atomic = "64")]
    pub use core::sync::atomic::AtomicU64;
    pub use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence};
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

        /// The contents; `&mut self` proves that there is no other access.
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

/// Tries a faster way to what the caller does anyway if it fails. In a model only where a scenario
/// asks for it, as for a look before a sleep ([`spin`]): it would multiply the interleavings, and
/// add none that matters.
#[cfg(not(model))]
#[inline(always)]
pub(crate) fn shortcut(attempt: impl Fn() -> bool) -> bool {
    attempt()
}

/// As above.
#[cfg(model)]
pub(crate) fn shortcut(attempt: impl Fn() -> bool) -> bool {
    ::model::spin::watch(attempt)
}

/// Whether this thread is unwinding from a panic. A `Drop` must not panic then.
pub use std::thread::panicking;

/// Whether a failed model is being torn down, so that guards must change nothing. Always `false` in
/// a normal build.
#[cfg(not(model))]
#[inline(always)]
#[must_use]
pub const fn model_failed() -> bool {
    false
}

/// Declares a `const fn` that knows its caller's line. In a model, where a constant cannot hold an
/// atomic, it is a plain `fn` that knows the line. (A deadlock report names a lock by its line. A
/// counterexample names a word by the lines that made it, from the outside inwards:
/// `changed.sequence`.)
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
            // A closure would have its own line; the function has its caller's.
            let make = move || $body;
            make()
        }
    };
}
pub use const_fn;

/// Declares a static. In a model, an atomic lasts only one execution, so each execution makes its
/// own at the first use.
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

/// [`std::thread_local`] with a constant as its first value. In a model, each modelled thread has
/// its own.
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
