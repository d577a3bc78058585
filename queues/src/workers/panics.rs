//! What threads that must live on do about the program's panics.

use std::mem;
use std::panic::AssertUnwindSafe;

pub(crate) use primitives::threads::{PanicError, catch_panic};

/// Drops a value of the program's in a thread that must not die of it. A panic of the drop is reported by the panic
/// hook, and its payload leaked: that one's drop could panic again, and there is no end to it.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(panic) = catch_panic(AssertUnwindSafe(|| drop(value))) {
        mem::forget(panic);
    }
}
