//! Lists of sleepers by address: for [coroutines](super::line), and for systems whose own calls do
//! not suffice.
//!
//! An address is hashed to one of a fixed number of buckets (as in the kernel, and as in WebKit's
//! and parking_lot's "parking lot"). A bucket is a list of sleepers, under a mutex; each sleeper
//! has its own flag, which a waker sets when it takes the sleeper off. Looking at the word and
//! joining the list happen under the mutex that a waker must take, so they are one step to it.
//!
//! ```text
//!    bucket: mutex, first, last                   the nodes lie on the stacks of the sleepers,
//!               │                                 or in their futures
//!               ▼
//!            ┌──────┐      ┌──────┐      ┌──────┐
//!            │ node │ ◀──▶ │ node │ ◀──▶ │ node │
//!            └──────┘      └──────┘      └──────┘
//! ```
//!
//! How a thread sleeps until its flag is set is the matter of the back end. A coroutine has a
//! [`Waker`] in its node, which goes to the thread that takes the node off.
//!
//! Nothing here allocates: a lock may stand inside the program's allocator.

use std::cell::Cell;
use std::ptr;
#[cfg(not(model))]
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

#[cfg(model)]
use super::modelled_mutex::{Mutex, MutexGuard};

use crate::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use crate::sync::const_fn;

/// A power of two, so that the upper bits of the hash can be used. With 256 buckets of 64 bytes,
/// two words in use seldom share one, and of ten thousand forty do.
#[cfg(not(model))]
pub(super) const BUCKETS: usize = 256;
/// In a model all words share one.
#[cfg(model)]
pub(super) const BUCKETS: usize = 1;

/// [`Node::woken`]: on the list.
pub(super) const ASLEEP: u32 = 0;
/// [`Node::woken`]: a waker has taken it off the list.
const WOKEN: u32 = 1;
/// [`Node::woken`]: not on a list, and not woken.
const AWAKE: u32 = 2;

/// The place in a table of [`BUCKETS`] for the words at this address.
pub(super) fn place(address: usize) -> usize {
    // Fibonacci hashing: multiply by 2^64 / golden ratio, take the upper bits. Words lie at
    // multiples of four and often of a cache line, so the lower bits alone would collide.
    let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash.checked_shr(u64::BITS - BUCKETS.ilog2()).unwrap_or(0) as usize
}

/// The mutex of a bucket.
pub(super) struct Bucket(Mutex<Sleepers>);

/// The sleepers, in order of arrival.
pub(super) struct Sleepers {
    first: *const Node,
    last: *const Node,
    /// The number of the last to come.
    came: u64,
}

// SAFETY: the pointers are followed only under the bucket's mutex, and a node is off the list
// before its memory is given up.
unsafe impl Send for Sleepers {}

/// A sleeper, on its own stack, or in its future.
pub(super) struct Node {
    /// Under the bucket's mutex, as the four below it.
    address: Cell<usize>,
    /// Its neighbours.
    before: Cell<*const Node>,
    after: Cell<*const Node>,
    /// Its number, in order of arrival.
    came: Cell<u64>,
    /// Of a coroutine.
    waker: Cell<Option<Waker>>,
    /// `ASLEEP` until a waker sets it to `WOKEN`, which is the last that the waker does to the
    /// node. The sleeper may read it without the mutex.
    woken: AtomicU32,
}

// SAFETY: the cells are touched under the bucket's mutex, or by the node's owner while it is on no
// list; and a waker may move between threads.
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

impl Node {
    const_fn! {
        /// On no list.
        pub(super) const fn new() -> Self {
            Self {
                address: Cell::new(0),
                before: Cell::new(ptr::null()),
                after: Cell::new(ptr::null()),
                came: Cell::new(0),
                waker: Cell::new(None),
                woken: AtomicU32::new(AWAKE),
            }
        }
    }

    /// Whether a waker has taken it off the list; then its memory may be given up.
    pub(super) fn is_woken(&self) -> bool {
        // Acquire: pairs with the Release in `Sleepers::wake`, whose thread has written here.
        self.woken.load(Acquire) == WOKEN
    }

    /// Whether it was neither put on a list nor woken: for its owner, whose calls alone change
    /// that. (Any other answer may be out of date: a waker may just be at it.)
    pub(super) fn is_awake(&self) -> bool {
        // Relaxed: its owner's own write.
        self.woken.load(Relaxed) == AWAKE
    }

    /// Whether it is on a list.
    pub(super) fn is_asleep(&self) -> bool {
        // Acquire: as in `is_woken`.
        self.woken.load(Acquire) == ASLEEP
    }

    /// The owner of a node that was woken knows it now.
    pub(super) fn forget_the_wake(&self) {
        // Relaxed: only its owner touches a node that is on no list.
        self.woken.store(AWAKE, Relaxed);
    }

    /// The word that is [`ASLEEP`] until it is woken.
    pub(super) fn flag(&self) -> &AtomicU32 {
        &self.woken
    }

    /// The address that it sleeps on, for its owner.
    pub(super) fn address(&self) -> usize {
        self.address.get()
    }
}

impl Bucket {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self(Mutex::new(Sleepers { first: ptr::null(), last: ptr::null(), came: 0 }))
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Sleepers> {
        // Nothing panics while the list is changed, so a poisoned one is still whole.
        #[cfg(not(model))]
        return self.0.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(model)]
        self.0.lock()
    }
}

impl Sleepers {
    /// Puts a node at the end, if its word is the `expected` one. Returns whether it is there. The
    /// waker is a coroutine's, and stays where it is if the node is not on the list.
    ///
    /// # Safety
    ///
    /// The node lives, at one address, until it [is woken](Node::is_woken) or
    /// [taken off](Self::take_off).
    pub(super) unsafe fn put(
        &mut self,
        node: &Node,
        word: &AtomicU32,
        expected: u32,
        waker: &mut Option<Waker>,
    ) -> bool {
        // Relaxed: the bucket's mutex orders this look against the waker, which stored before it
        // took it.
        if word.load(Relaxed) != expected {
            return false;
        }
        self.came += 1;
        node.came.set(self.came);
        node.address.set(ptr::from_ref(word).addr());
        node.waker.set(waker.take());
        // Relaxed: wakers see it under the mutex.
        node.woken.store(ASLEEP, Relaxed);
        node.before.set(self.last);
        node.after.set(ptr::null());
        // SAFETY: what is on the list lives.
        match unsafe { self.last.as_ref() } {
            Some(last) => last.after.set(node),
            None => self.first = node,
        }
        self.last = node;
        true
    }

    /// Takes off a node that is on this list, and returns its waker, which must be dropped without
    /// the mutex.
    pub(super) fn take_off(&mut self, node: &Node) -> Option<Waker> {
        let waker = self.unlink(node);
        // Relaxed: as in `put`.
        node.woken.store(AWAKE, Relaxed);
        waker
    }

    fn unlink(&mut self, node: &Node) -> Option<Waker> {
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
        node.waker.take()
    }

    /// Gives a node that is on this list another waker, and returns the one before, which must be
    /// dropped without the mutex.
    pub(super) fn replace_waker(&mut self, node: &Node, waker: Waker) -> Option<Waker> {
        node.waker.replace(Some(waker))
    }

    /// Whether this node, which is on this list, has a waker that does the same.
    pub(super) fn has_waker(&mut self, node: &Node, waker: &Waker) -> bool {
        let kept = node.waker.take();
        let same = kept.as_ref().is_some_and(|kept| kept.will_wake(waker));
        node.waker.set(kept);
        same
    }

    /// The number of the last that has come.
    pub(super) fn last_to_come(&self) -> u64 {
        self.came
    }

    /// Takes off up to `most` sleepers on this address that came up to number `last`, and calls
    /// `rouse` with the address of the flag of each, behind which there may be nothing any more,
    /// and the waker, if it is a coroutine. Returns how many.
    pub(super) fn wake(
        &mut self,
        address: usize,
        most: usize,
        last: u64,
        mut rouse: impl FnMut(*const AtomicU32, Option<Waker>),
    ) -> usize {
        let (mut woken, mut next) = (0, self.first);
        while woken < most {
            // SAFETY: a node on the list lives.
            let Some(node) = (unsafe { next.as_ref() }) else { break };
            if node.came.get() > last {
                break;
            }
            next = node.after.get();
            if node.address.get() == address {
                let waker = self.unlink(node);
                let flag = &raw const node.woken;
                // Release: pairs with the Acquire in `is_woken`. The sleeper may give up its memory
                // from here on.
                node.woken.store(WOKEN, Release);
                rouse(flag, waker);
                woken += 1;
            }
        }
        woken
    }
}
