//! A table of sleepers, for systems whose own calls do not suffice.
//!
//! An address is hashed to one of a fixed number of buckets (as in the kernel, and as in WebKit's
//! and parking_lot's "parking lot"). A bucket is a list of sleepers, under a mutex; each sleeper
//! has its own flag, which a waker sets when it takes the sleeper off. Looking at the word and
//! joining the list happen under the mutex that a waker must take, so they are one step to it.
//!
//! ```text
//!    bucket: mutex, first, last                   the nodes lie on the stacks of the sleepers
//!               │
//!               ▼
//!            ┌──────┐      ┌──────┐      ┌──────┐
//!            │ node │ ◀──▶ │ node │ ◀──▶ │ node │
//!            └──────┘      └──────┘      └──────┘
//! ```
//!
//! How a sleeper sleeps until its flag is set is the matter of the back end.
//!
//! Nothing here allocates: a lock may stand inside the program's allocator.

use std::cell::Cell;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

/// A power of two, so that the upper bits of the hash can be used. With 64 buckets of about 50
/// bytes, two words in use seldom share one.
pub(super) const BUCKETS: usize = 64;

/// [`Node::woken`]: on the list.
pub(super) const ASLEEP: u32 = 0;
/// [`Node::woken`]: a waker has taken it off the list.
const WOKEN: u32 = 1;

/// The place in a table of [`BUCKETS`] for the words at this address.
pub(super) fn place(address: usize) -> usize {
    // Fibonacci hashing: multiply by 2^64 / golden ratio, take the upper bits. Words lie at
    // multiples of four and often of a cache line, so the lower bits alone would collide.
    let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> (u64::BITS - BUCKETS.ilog2())) as usize
}

/// The mutex of a bucket.
pub(super) struct Bucket(Mutex<Sleepers>);

/// The sleepers, in order of arrival.
pub(super) struct Sleepers {
    first: *const Node,
    last: *const Node,
}

// SAFETY: the pointers are followed only under the bucket's mutex, and a node is off the list
// before its stack frame is left.
unsafe impl Send for Sleepers {}

/// A sleeper, on its own stack.
pub(super) struct Node {
    address: usize,
    /// Its neighbours, under the bucket's mutex.
    before: Cell<*const Node>,
    after: Cell<*const Node>,
    /// `ASLEEP` until a waker sets it to `WOKEN`, which is the last that the waker does to the
    /// node. The sleeper may read it without the mutex.
    woken: AtomicU32,
}

impl Node {
    pub(super) fn new(word: &AtomicU32) -> Self {
        Self {
            address: ptr::from_ref(word).addr(),
            before: Cell::new(ptr::null()),
            after: Cell::new(ptr::null()),
            woken: AtomicU32::new(ASLEEP),
        }
    }

    /// Whether a waker has taken it off the list; then the stack frame may be left.
    pub(super) fn is_woken(&self) -> bool {
        // Acquire: pairs with the Release in `Sleepers::wake`, whose thread has written here.
        self.woken.load(Acquire) == WOKEN
    }

    /// The word that changes from [`ASLEEP`] when it is woken.
    #[cfg(windows)]
    pub(super) fn flag(&self) -> &AtomicU32 {
        &self.woken
    }
}

impl Bucket {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Sleepers { first: ptr::null(), last: ptr::null() }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Sleepers> {
        // Nothing panics while the list is changed, so a poisoned one is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sleepers {
    /// Puts a node at the end, if its word is the `expected` one. Returns whether it is there.
    ///
    /// # Safety
    ///
    /// The node lives until it [is woken](Node::is_woken) or [taken off](Self::take_off).
    pub(super) unsafe fn put(&mut self, node: &Node, word: &AtomicU32, expected: u32) -> bool {
        // Relaxed: the bucket's mutex orders this look against the waker, which stored before it
        // took it.
        if word.load(Relaxed) != expected {
            return false;
        }
        node.before.set(self.last);
        // SAFETY: what is on the list lives.
        match unsafe { self.last.as_ref() } {
            Some(last) => last.after.set(node),
            None => self.first = node,
        }
        self.last = node;
        true
    }

    /// Takes off a node that is on this list.
    pub(super) fn take_off(&mut self, node: &Node) {
        let (before, after) = (node.before.get(), node.after.get());
        // SAFETY: what is on the list lives.
        match unsafe { before.as_ref() } {
            Some(before) => before.after.set(after),
            None => self.first = after,
        }
        // SAFETY: as above.
        match unsafe { after.as_ref() } {
            Some(after) => after.before.set(before),
            None => self.last = before,
        }
    }

    /// Takes off up to `most` sleepers on this address, and calls `rouse` with the address of the
    /// flag of each, behind which there may be nothing any more. Returns how many.
    pub(super) fn wake(
        &mut self,
        address: usize,
        most: usize,
        mut rouse: impl FnMut(*const AtomicU32),
    ) -> usize {
        let (mut woken, mut next) = (0, self.first);
        while woken < most {
            // SAFETY: a node on the list lives.
            let Some(node) = (unsafe { next.as_ref() }) else { break };
            next = node.after.get();
            if node.address == address {
                self.take_off(node);
                let flag = &raw const node.woken;
                // Release: pairs with the Acquire in `is_woken`. The sleeper may leave its stack
                // frame from here on.
                node.woken.store(WOKEN, Release);
                rouse(flag);
                woken += 1;
            }
        }
        woken
    }
}
