//! How threads that must survive handle the program's panics.

use std::mem;
use std::panic::AssertUnwindSafe;

pub(crate) use primitives::threads::{PanicError, catch_panic};

/// Drops a value of the program in a thread that must survive. The panic hook reports a panic of
/// the drop, and its payload is leaked, because the payload's drop could panic again.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(panic) = catch_panic(AssertUnwindSafe(|| drop(value))) {
        mem::forget(panic);
    }
}
