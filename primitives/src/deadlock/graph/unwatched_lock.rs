//! [`UnwatchedLock`]: the lock around the detector's own data.
//!
//! The detector is below the locks that it watches, so it cannot use one of them. A watched lock
//! would put a waiting thread on the graph, and the graph is behind this lock. This one uses the
//! bare [futex](crate::futex), whose sleep the detector never sees. It is [`Lock`](crate::Lock)'s
//! algorithm without timeouts, in its simplest form: a thread that had to wait always leaves a
//! note.
//!
//! Code under it takes no lock of the program and runs no code of the program.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::futex;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::cell::UnsafeCell;
use crate::sync::{const_fn, model_failed, spin};

/// Any thread may take it.
const UNLOCKED: u32 = 0;
/// One thread holds it, and no thread sleeps.
const LOCKED: u32 = 1;
/// One thread holds it, and others may sleep.
const CONTENDED: u32 = 2;

/// Data that the detector's threads share.
pub struct UnwatchedLock<T> {
    /// | from        | to          | when                                           |
    /// | ----------- | ----------- | ---------------------------------------------- |
    /// | `UNLOCKED`  | `LOCKED`    | a thread takes it at once                      |
    /// | any         | `CONTENDED` | a thread waits; from `UNLOCKED` it has taken it |
    /// | the others  | `UNLOCKED`  | the owner releases it                          |
    word: AtomicU32,
    data: UnsafeCell<T>,
}

// SAFETY: `with` hands the data to one thread at a time, which is what `Send` allows.
unsafe impl<T: Send> Sync for UnwatchedLock<T> {}

// No code of the program runs under the lock, so a panic of the program leaves no half-done change
// there.
impl<T> UnwindSafe for UnwatchedLock<T> {}
impl<T> RefUnwindSafe for UnwatchedLock<T> {}

impl<T> UnwatchedLock<T> {
    const_fn! {
        /// Unlocked.
        pub const fn new(data: T) -> Self {
            Self { word: AtomicU32::new(UNLOCKED), data: UnsafeCell::new(data) }
        }
    }

    /// Lends the data to `f`. Blocks while another thread holds it. `f` must not call this again.
    #[cfg_attr(model, track_caller)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.acquire();
        let _owner = Owner(&self.word);
        // SAFETY: this thread has the lock until `_owner` is dropped, so no other reaches the data.
        self.data.with_mut(|data| f(unsafe { &mut *data }))
    }

    fn acquire(&self) {
        if !self.try_acquire() && !spin::back_off(|| self.try_acquire()) {
            self.acquire_slow();
        }
    }

    fn try_acquire(&self) -> bool {
        // Acquire: pairs with the Release in `Owner::drop`, so that this thread sees the data as
        // the last owner left it. Relaxed on failure: nothing was taken.
        self.word.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok()
    }

    #[cold]
    fn acquire_slow(&self) {
        // Acquire: pairs with the Release in `Owner::drop`, as in `try_acquire`. The note is left
        // before each sleep, because a thread that came between may have written LOCKED over it.
        while self.word.swap(CONTENDED, Acquire) != UNLOCKED {
            futex::wait(&self.word, CONTENDED, None);
        }
    }
}

/// A lock that is held across calls, whatever it guards: see [`fork`](crate::deadlock::face).
#[cfg(all(feature = "deadlock-detection", target_os = "linux", not(model)))]
pub(crate) trait Hold: Sync {
    /// Takes it, until it is let go. Blocks while another thread holds it.
    fn hold(&self);

    /// Releases it.
    ///
    /// # Safety
    ///
    /// The calling thread [holds](Self::hold) it.
    unsafe fn let_go(&self);

    /// Releases it in a process without other threads. Sleepers that it notes are another
    /// process's.
    ///
    /// # Safety
    ///
    /// The calling thread [holds](Self::hold) it, and there is no other thread.
    unsafe fn let_go_alone(&self);
}

#[cfg(all(feature = "deadlock-detection", target_os = "linux", not(model)))]
impl<T: Send> Hold for UnwatchedLock<T> {
    fn hold(&self) {
        self.acquire();
    }

    unsafe fn let_go(&self) {
        drop(Owner(&self.word));
    }

    unsafe fn let_go_alone(&self) {
        // Relaxed: no other thread takes it next.
        self.word.store(UNLOCKED, Relaxed);
    }
}

/// The owner of the lock. Releases it when dropped, also after a panic.
struct Owner<'a>(&'a AtomicU32);

impl Drop for Owner<'_> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Release: pairs with the Acquire of the thread that takes it next.
        if self.0.swap(UNLOCKED, Release) == CONTENDED {
            futex::wake_one(self.0);
        }
    }
}
