//! What threads that must live on do about the program's panics.

use std::mem;
use std::panic::AssertUnwindSafe;

#[cfg(not(model))]
pub(crate) use primitives::thread::{PanicError, catch_panic};

/// A panic ends a model, so nothing ever comes out of it.
#[cfg(model)]
#[derive(Clone, Debug)]
pub enum PanicError {}

#[cfg(model)]
impl std::fmt::Display for PanicError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

#[cfg(model)]
impl std::error::Error for PanicError {}

/// In a model: calls `f`.
#[cfg(model)]
pub(crate) fn catch_panic<T>(f: impl FnOnce() -> T) -> Result<T, PanicError> {
    Ok(f())
}

/// Drops a value of the program's in a thread that must not die of it. A panic of the drop is reported by the panic
/// hook, and its payload leaked: that one's drop could panic again, and there is no end to it.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(panic) = catch_panic(AssertUnwindSafe(|| drop(value))) {
        mem::forget(panic);
    }
}
