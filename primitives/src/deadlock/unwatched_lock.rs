//! [`UnwatchedLock`]: the lock around what the detector itself knows.
//!
//! A [`RawLock`], which the models have explored, and data. It must not be watched by the detector that it
//! is a part of: a thread that waits at the gate would be put on the graph, and for that it would have to
//! pass the gate. So whoever is at the gate has said that its sleep is [nobody's business](super::local::quiet).
//! What is done behind it takes no lock of the program and runs no code of the program.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::lock::RawLock;
use crate::sync::cell::UnsafeCell;
use crate::sync::{const_fn, model_failed};

/// Data that the detector's threads share.
pub struct UnwatchedLock<T> {
    lock: RawLock,
    data: UnsafeCell<T>,
}

// SAFETY: `with` hands the data to one thread at a time, which is what `Send` allows.
unsafe impl<T: Send> Sync for UnwatchedLock<T> {}

// Nothing of the program runs behind the gate, so no panic of the program leaves anything half done there.
impl<T> UnwindSafe for UnwatchedLock<T> {}
impl<T> RefUnwindSafe for UnwatchedLock<T> {}

impl<T> UnwatchedLock<T> {
    const_fn! {
        /// An open gate.
        pub const fn new(data: T) -> Self {
            Self { lock: RawLock::new(), data: UnsafeCell::new(data) }
        }
    }

    /// Lends the data to `f`. Blocks while another thread has it. Whatever `f` does, it must not come here again.
    #[cfg_attr(model, track_caller)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let _quiet = super::quiet();
        self.lock.acquire();
        let _leave = Leave(&self.lock);
        // SAFETY: this thread has the lock until `_leave` is dropped, so nobody else reaches the data.
        self.data.with_mut(|data| f(unsafe { &mut *data }))
    }
}

/// Opens the gate again, also after a panic.
struct Leave<'a>(&'a RawLock);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if !model_failed() {
            self.0.try_release(); // never `false`: this thread has it
        }
    }
}
