//! In place of std's mutex, for the models of the [line](super::line). A thread that waits always
//! leaves a note.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

use model::futex;

use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::model_failed;

/// Any thread may take it.
const UNLOCKED: u32 = 0;
/// One thread has it.
const LOCKED: u32 = 1;
/// One thread has it, and others may sleep.
const CONTENDED: u32 = 2;

/// Data under a lock.
pub(super) struct Mutex<T> {
    word: AtomicU32,
    data: UnsafeCell<T>,
}

// SAFETY: the guard is the one way to the data.
unsafe impl<T: Send> Sync for Mutex<T> {}

pub(super) struct MutexGuard<'a, T>(&'a Mutex<T>);

impl<T> Mutex<T> {
    #[track_caller]
    pub(super) fn new(data: T) -> Self {
        Self { word: AtomicU32::new(UNLOCKED), data: UnsafeCell::new(data) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        // Acquire: pairs with the Release in the guard's `drop`. Relaxed on failure: nothing was
        // taken.
        if self.word.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_err() {
            // Acquire: as above.
            while self.word.swap(CONTENDED, Acquire) != UNLOCKED {
                futex::wait(&self.word, CONTENDED, false);
            }
        }
        MutexGuard(self)
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this thread has the lock.
        unsafe { &*self.0.data.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this thread has the lock, and the guard is borrowed as a whole.
        unsafe { &mut *self.0.data.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        // Release: pairs with the Acquire in `lock`.
        if self.0.word.swap(UNLOCKED, Release) == CONTENDED {
            futex::wake_one(&raw const self.0.word);
        }
    }
}
