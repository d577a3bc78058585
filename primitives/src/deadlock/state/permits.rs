//! [`Permits`]: the known state of a semaphore's permits.
//!
//! A permit may move to another thread, may be consumed, and may be newly added. So the taker of a
//! permit says nothing about which thread could release one: any could. The holders are known only
//! for a semaphore that was declared [`thread_bound`](crate::Semaphore::thread_bound), and only
//! until something contradicts the declaration.

#[cfg(not(model))]
use std::mem;

use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::const_fn;

/// The note that the permits were declared to stay with the threads that take them, and so far did.
/// The bits below it are how many there are, which matters only with the note.
const THREAD_BOUND: u32 = 1 << 31;
/// They were declared to stay, and one did not.
const CONTRADICTED: u32 = 0;

/// How many permits there are, and whether they stay with the threads that take them.
pub struct Permits {
    /// | value                    | the holders are | written by                            |
    /// | ------------------------ | --------------- | ------------------------------------- |
    /// | `permits`                | unknown         | `new`                                 |
    /// | `THREAD_BOUND | permits` | known           | `bind`, before any thread acquires    |
    /// | `CONTRADICTED`           | unknown         | `contradict`, before the permit goes where it should not |
    word: AtomicU32,
}

impl Permits {
    const_fn! {
        /// For this many permits, at most 2,147,483,647, which is the most that a semaphore has.
        #[must_use]
        pub const fn new(permits: usize) -> Self {
            Self { word: AtomicU32::new(permits as u32 & !THREAD_BOUND) }
        }
    }

    /// From the declaration on; before it no thread can have acquired.
    #[cfg(not(model))]
    pub const fn bind(&mut self) {
        let permits = mem::replace(&mut self.word, AtomicU32::new(0)).into_inner();
        self.word = AtomicU32::new(THREAD_BOUND | permits);
    }

    /// From the declaration on; before it no thread can have acquired.
    #[cfg(model)]
    pub fn bind(&mut self) {
        *self.word.get_mut() |= THREAD_BOUND;
    }

    /// Any thread could release a permit, as it turns out. Returns whether this was unknown.
    #[inline]
    #[cfg_attr(model, track_caller)]
    pub fn contradict(&self) -> bool {
        // Relaxed: as in `all_permits`.
        self.is_believed() && self.word.swap(CONTRADICTED, Relaxed) != CONTRADICTED
    }

    /// How many permits there are, if each is free or held by the thread that took it.
    pub(crate) fn all_permits(&self) -> Option<usize> {
        // Relaxed: a thread that has contradicted and then fell asleep took the lock before us; one
        // that has and runs is about to change the semaphore's word, at which the graph looks as
        // well.
        let word = self.word.load(Relaxed);
        (word > THREAD_BOUND).then_some((word & !THREAD_BOUND) as usize)
    }

    /// Whether each permit is held by the thread that took it, as far as known.
    #[inline]
    pub(crate) fn is_believed(&self) -> bool {
        // Relaxed: as in `all_permits`.
        self.word.load(Relaxed) & THREAD_BOUND != 0
    }
}
