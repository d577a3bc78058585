//! [`OfProcess`]: a value that belongs to one process; the child of a `fork` makes a new one.
//!
//! A child has the parent's memory, but only one of its threads. The parent's list of threads names
//! threads that the child does not have. If one of them was changing the list at the moment of the
//! `fork`, the list is locked permanently and half changed. The child cannot repair it. It can
//! leave it alone: it gets its own list when it first asks.
//!
//! ```text
//!    process 10:  first, of 10
//!       └ fork ─▶ process 11:  first, of 10: not mine     ─▶ forked, of 11
//!                    └ fork ─▶ process 12:  forked, of 11: not mine ─▶ forked, of 12
//! ```
//!
//! Each access costs a system call for the process's number (about 0.1 µs). The parent's value
//! stays in memory, and is never freed.

use std::process;
use std::ptr;

use super::atomic::Ordering::{Acquire, Relaxed, Release};
use super::atomic::{AtomicPtr, AtomicU32};

/// No process has asked yet.
const NONE: u32 = 0;

/// A value for each process that forks make of this one.
pub(crate) struct OfProcess<T> {
    first: T,
    /// The number of the first value's process; or `NONE`.
    process: AtomicU32,
    /// The newest of all later ones.
    forked: AtomicPtr<Forked<T>>,
}

struct Forked<T> {
    process: u32,
    value: T,
}

impl<T> OfProcess<T> {
    pub(crate) const fn new(first: T) -> Self {
        Self { first, process: AtomicU32::new(NONE), forked: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The value of the calling process; `make` makes it in the child of a `fork`.
    pub(crate) fn get(&'static self, make: impl Fn() -> T) -> &'static T {
        let me = process::id();
        // Relaxed: only the number is needed; the first value was there before any thread.
        match self.process.load(Relaxed) {
            NONE => self.claim(me, make),
            process if process == me => &self.first,
            _ => self.forked(me, make),
        }
    }

    /// The first value belongs to no process yet. (Two threads that come here share one process.)
    #[cold]
    fn claim(&'static self, me: u32, make: impl Fn() -> T) -> &'static T {
        // Relaxed: as in `get`.
        self.process.store(me, Relaxed);
        self.get(make)
    }

    #[cold]
    fn forked(&'static self, me: u32, make: impl Fn() -> T) -> &'static T {
        // Acquire: pairs with the Release below, so that the value is seen whole.
        let mut newest = self.forked.load(Acquire);
        loop {
            // SAFETY: a published value is never freed.
            match unsafe { newest.as_ref() } {
                Some(forked) if forked.process == me => return &forked.value,
                _ => {}
            }
            let mine = Box::into_raw(Box::new(Forked { process: me, value: make() }));
            // Release: pairs with the Acquire above and below. Acquire on failure: another
            // thread has made one.
            match self.forked.compare_exchange(newest, mine, Release, Acquire) {
                // SAFETY: published just now, and never freed.
                Ok(_) => return unsafe { &(*mine).value },
                Err(now) => {
                    // SAFETY: no other thread has seen it.
                    drop(unsafe { Box::from_raw(mine) });
                    newest = now;
                }
            }
        }
    }
}
