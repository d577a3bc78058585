//! [`OfProcess`]: what belongs to a process, and is made anew in the child of a `fork`.
//!
//! A child has the parent's memory and one thread of it. A list of the parent's threads tells of threads that are not
//! there, and if one of them was changing it at the moment of the `fork`, it is locked for good and half changed. No lock
//! can mend that, but the child can leave it alone: it gets one of its own when it first asks.
//!
//! ```text
//!    process 10:  first, of 10
//!       └ fork ─▶ process 11:  first, of 10: not mine     ─▶ forked, of 11
//!                    └ fork ─▶ process 12:  forked, of 11: not mine ─▶ forked, of 12
//! ```
//!
//! It costs a system call to know which process this is (about 0.1 µs). What was the parent's stays behind, and is never
//! freed.

use std::process;
use std::ptr;

use super::atomic::Ordering::{Acquire, Relaxed, Release};
use super::atomic::{AtomicPtr, AtomicU32};

/// No process has asked yet.
const NONE: u32 = 0;

/// A value for each process that forks make of this one.
pub(crate) struct OfProcess<T> {
    first: T,
    /// Whose the first is; or `NONE`.
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

    /// That of the calling process; `make` makes it in the child of a `fork`.
    pub(crate) fn get(&'static self, make: impl Fn() -> T) -> &'static T {
        let me = process::id();
        // Relaxed: the number alone is asked for; the first value was there before any thread.
        match self.process.load(Relaxed) {
            NONE => self.claim(me, make),
            process if process == me => &self.first,
            _ => self.forked(me, make),
        }
    }

    /// The first value is of no process yet. (Two threads that come here are of one process.)
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
            // SAFETY: what has been published is never freed.
            match unsafe { newest.as_ref() } {
                Some(forked) if forked.process == me => return &forked.value,
                _ => {}
            }
            let mine = Box::into_raw(Box::new(Forked { process: me, value: make() }));
            // Release: pairs with the Acquire above and below. Acquire on failure: another thread has made one.
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
