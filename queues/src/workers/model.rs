//! Panics under `--cfg model`, where a real panic ends the model: a task that should panic records
//! that and returns.

use std::cell::Cell;
use std::error::Error;
use std::fmt;

thread_local! {
    // loom runs all threads of a model on one system thread, and does not switch at accesses to
    // this.
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// The last call of a closure that should count as panicked.
pub fn fail() {
    FAILED.set(true);
}

/// In place of `primitives::threads::PanicError`.
#[derive(Clone, Debug)]
pub struct PanicError;

impl fmt::Display for PanicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task of the model that calls itself panicked")
    }
}

impl Error for PanicError {}

/// Calls `f`.
pub(crate) fn catch_panic<T>(f: impl FnOnce() -> T) -> Result<T, PanicError> {
    let result = f();
    if FAILED.take() { Err(PanicError) } else { Ok(result) }
}

/// Drops `value`.
pub(crate) fn drop_quietly<T>(value: T) {
    drop(value);
}
