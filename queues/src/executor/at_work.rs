//! Which task each worker is at, for [`running`](super::Executor::running) and for the end.
//!
//! Each worker has a post of its own, and writes there where its task was submitted: two stores for
//! a task, on a line that no other thread writes.

use std::panic::Location;
use std::ptr;

use primitives::CachePadded;
use primitives::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, Release},
};

/// Where the program submitted a task.
pub(super) type SubmittedAt = &'static Location<'static>;

/// The posts of all workers.
pub(super) struct AtWork(Box<[CachePadded<AtomicPtr<Location<'static>>>]>);

impl AtWork {
    pub(super) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| CachePadded::new(AtomicPtr::default())).collect())
    }

    /// The worker with this number begins the task of `place`. Returns the one that it was at.
    pub(super) fn begin(&self, worker: usize, place: SubmittedAt) -> Option<SubmittedAt> {
        let post = &self.0[worker];
        // Relaxed: its own writes.
        let before = post.load(Relaxed);
        // Release: pairs with the Acquire in `look`.
        post.store(ptr::from_ref(place).cast_mut(), Release);
        as_place(before)
    }

    /// The worker is back at `before`, or at no task.
    pub(super) fn end(&self, worker: usize, before: Option<SubmittedAt>) {
        let before = before.map_or(ptr::null(), ptr::from_ref);
        // Release: pairs with the Acquire in `look`: the reader also sees that the task is counted.
        self.0[worker].store(before.cast_mut(), Release);
    }

    /// The numbers of the workers that are at a task, and the tasks' places.
    pub(super) fn look(&self) -> impl Iterator<Item = (usize, SubmittedAt)> {
        self.0.iter().enumerate().filter_map(|(worker, post)| {
            // Acquire: pairs with the Release in `begin` and in `end`.
            Some((worker, as_place(post.load(Acquire))?))
        })
    }
}

fn as_place(place: *mut Location<'static>) -> Option<SubmittedAt> {
    // SAFETY: it is null or comes from a `&'static`, and no thread writes through it.
    unsafe { place.as_ref() }
}
