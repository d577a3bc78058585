//! [`Permits`]: what is known of the permits of a semaphore.
//!
//! A permit is a value that may go to another thread, may be used up, and may be made from nothing. So who
//! took one is in general no evidence of who could give one back: anybody could. Only of a semaphore that
//! was declared [`thread_bound`](crate::Semaphore::thread_bound) are the holders known, and only until something
//! happens that contradicts the declaration.

use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::const_fn;

/// Nothing is known of who holds the permits.
const ANYWHERE: u32 = 0;
/// They are said to stay with the threads that take them, and so far they did.
const THREAD_BOUND: u32 = 1;
/// They were said to, and one did not.
const CONTRADICTED: u32 = 2;

/// How many permits there are, and whether they stay with those who take them.
pub struct Permits {
    permits: usize,
    /// | value          | who writes it                                        |
    /// | -------------- | ---------------------------------------------------- |
    /// | `ANYWHERE`     | `new`                                                |
    /// | `THREAD_BOUND` | `bind`, before anybody acquires                      |
    /// | `CONTRADICTED` | `contradict`, before the permit goes where it should not |
    state: AtomicU32,
}

impl Permits {
    const_fn! {
        /// For so many permits.
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

    /// Any thread could give a permit back, as it turns out. Returns whether that is news.
    #[inline]
    #[cfg_attr(model, track_caller)]
    pub fn contradict(&self) -> bool {
        // Relaxed: as in `all_permits`.
        self.is_believed() && self.state.swap(CONTRADICTED, Relaxed) == THREAD_BOUND
    }

    /// How many permits there are, if each is in the hands of the thread that took it, or free.
    pub(crate) fn all_permits(&self) -> Option<usize> {
        (self.permits > 0 && self.is_believed()).then_some(self.permits)
    }

    /// Whether each permit is in the hands of the thread that took it, for all that is known.
    #[inline]
    pub(crate) fn is_believed(&self) -> bool {
        // Relaxed: a thread that has contradicted and then fell asleep took the lock before us; one that has and runs
        // is about to change the semaphore's word, at which the graph looks as well.
        self.state.load(Relaxed) == THREAD_BOUND
    }
}
