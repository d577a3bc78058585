//! [`Permits`]: the known state of a semaphore's permits.
//!
//! A permit may move to another thread, may be consumed, and may be newly added. So the taker of a
//! permit says nothing about which thread could release one: any could. The holders are known only
//! for a semaphore that was declared [`thread_bound`](crate::Semaphore::thread_bound), and only
//! until something contradicts the declaration.

use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::const_fn;

/// The holders of the permits are unknown.
const ANYWHERE: u32 = 0;
/// They were declared to stay with the threads that take them, and so far they did.
const THREAD_BOUND: u32 = 1;
/// They were declared to stay, and one did not.
const CONTRADICTED: u32 = 2;

/// How many permits there are, and whether they stay with the threads that take them.
pub struct Permits {
    permits: usize,
    /// | value          | written by                                           |
    /// | -------------- | ---------------------------------------------------- |
    /// | `ANYWHERE`     | `new`                                                |
    /// | `THREAD_BOUND` | `bind`, before any thread acquires                   |
    /// | `CONTRADICTED` | `contradict`, before the permit goes where it should not |
    state: AtomicU32,
}

impl Permits {
    const_fn! {
        /// For this many permits.
        #[must_use]
        pub const fn new(permits: usize) -> Self {
            Self { permits, state: AtomicU32::new(ANYWHERE) }
        }
    }

    /// From the declaration on; before it no thread can have acquired.
    #[cfg(not(model))]
    pub const fn bind(&mut self) {
        self.state = AtomicU32::new(THREAD_BOUND);
    }

    /// From the declaration on; before it no thread can have acquired.
    #[cfg(model)]
    pub fn bind(&mut self) {
        self.state = AtomicU32::new(THREAD_BOUND);
    }

    /// Any thread could release a permit, as it turns out. Returns whether this was unknown.
    #[inline]
    #[cfg_attr(model, track_caller)]
    pub fn contradict(&self) -> bool {
        // Relaxed: as in `all_permits`.
        self.is_believed() && self.state.swap(CONTRADICTED, Relaxed) == THREAD_BOUND
    }

    /// How many permits there are, if each is free or held by the thread that took it.
    pub(crate) fn all_permits(&self) -> Option<usize> {
        (self.permits > 0 && self.is_believed()).then_some(self.permits)
    }

    /// Whether each permit is held by the thread that took it, as far as known.
    #[inline]
    pub(crate) fn is_believed(&self) -> bool {
        // Relaxed: a thread that has contradicted and then fell asleep took the lock before us; one
        // that has and runs is about to change the semaphore's word, at which the graph looks as
        // well.
        self.state.load(Relaxed) == THREAD_BOUND
    }
}
