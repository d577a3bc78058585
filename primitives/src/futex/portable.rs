//! The back end for systems without a futex: a table of std's Mutex and Condvar.
//!
//! An address is hashed to one of a fixed number of buckets (as in the kernel, and as in WebKit's
//! and parking_lot's "parking lot"). A bucket is a list of sleepers, under a mutex; each sleeper
//! has its own flag and waits on the bucket's condition variable until the flag is set. Looking at
//! the word and joining the list happen under the mutex that a waker must take, so they are one
//! step to it.
//!
//! ```text
//!    bucket: mutex, first, last, condvar          the nodes lie on the stacks of the sleepers
//!               │
//!               ▼
//!            ┌──────┐      ┌──────┐      ┌──────┐
//!            │ node │ ◀──▶ │ node │ ◀──▶ │ node │
//!            └──────┘      └──────┘      └──────┘
//! ```
//!
//! Nothing here allocates: a lock may stand inside the program's allocator.
//!
//! Sleepers that share a bucket are all woken by one `notify_all` and look at their flags: this is
//! simple and correct rather than fast. On Linux it is only for tests (feature `portable`).

use std::cell::Cell;
use std::ptr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Wait;
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A power of two, so that the upper bits of the hash can be used. With 64 buckets of about 50
/// bytes, two words in use seldom share one.
const BUCKETS: usize = 64;

static TABLE: [Bucket; BUCKETS] = [const { Bucket::new() }; BUCKETS];

struct Bucket {
    sleepers: Mutex<Sleepers>,
    roused: Condvar,
}

/// The sleepers, in order of arrival.
struct Sleepers {
    first: *const Node,
    last: *const Node,
}

// SAFETY: the pointers are followed only under the bucket's mutex, and a node is off the list
// before its stack frame is left.
unsafe impl Send for Sleepers {}

/// A sleeper, on its own stack. All of it is read and written under the bucket's mutex.
struct Node {
    address: usize,
    before: Cell<*const Node>,
    after: Cell<*const Node>,
    /// A waker has taken it off the list.
    woken: Cell<bool>,
}

impl Sleepers {
    /// Puts a node at the end.
    ///
    /// # Safety
    ///
    /// The node lives until it is [taken off](Self::take_off).
    unsafe fn put(&mut self, node: &Node) {
        node.before.set(self.last);
        // SAFETY: what is on the list lives.
        match unsafe { self.last.as_ref() } {
            Some(last) => last.after.set(node),
            None => self.first = node,
        }
        self.last = node;
    }

    /// Takes off a node that is on this list.
    fn take_off(&mut self, node: &Node) {
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

    /// Takes off up to `most` sleepers on this address; returns how many.
    fn wake(&mut self, address: usize, most: usize) -> usize {
        let (mut woken, mut next) = (0, self.first);
        while woken < most {
            // SAFETY: a node on the list lives, and so does one that was just taken off: it needs
            // the mutex to leave.
            let Some(node) = (unsafe { next.as_ref() }) else { break };
            next = node.after.get();
            if node.address == address {
                self.take_off(node);
                node.woken.set(true);
                woken += 1;
            }
        }
        woken
    }
}

impl Bucket {
    const fn new() -> Self {
        Self {
            sleepers: Mutex::new(Sleepers { first: ptr::null(), last: ptr::null() }),
            roused: Condvar::new(),
        }
    }

    fn of(address: usize) -> &'static Self {
        // Fibonacci hashing: multiply by 2^64 / golden ratio, take the upper bits. Words lie at
        // multiples of four and often of a cache line, so the lower bits alone would collide.
        let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        &TABLE[(hash >> (u64::BITS - BUCKETS.ilog2())) as usize]
    }

    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        // Nothing panics while the list is changed, so a poisoned one is still whole.
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let address = std::ptr::from_ref(word).addr();
    let bucket = Bucket::of(address);
    let mut sleepers = bucket.lock();
    // Relaxed: the bucket's mutex orders this look against the waker, which stored before it took
    // it.
    if word.load(Relaxed) != expected {
        return Wait::Woken;
    }
    let (before, after) = (Cell::new(ptr::null()), Cell::new(ptr::null()));
    let node = Node { address, before, after, woken: Cell::new(false) };
    // SAFETY: it is off the list before this returns, and nothing below panics.
    unsafe { sleepers.put(&node) };
    loop {
        sleepers = match deadline {
            None => bucket.roused.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    // Still on the list, so no wake-up was meant for this thread: it leaves without
                    // a trace.
                    sleepers.take_off(&node);
                    return Wait::TimedOut;
                }
                let waited = bucket.roused.wait_timeout(sleepers, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if node.woken.get() {
            return Wait::Woken; // a waker took us off the list
        }
    }
}

pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    let bucket = Bucket::of(word.addr());
    let woken = bucket.lock().wake(word.addr(), 1);
    if woken > 0 {
        bucket.roused.notify_all(); // all, because the one we mean cannot be told apart
    }
    woken > 0
}

pub(super) fn wake_all(word: *const AtomicU32) {
    let bucket = Bucket::of(word.addr());
    if bucket.lock().wake(word.addr(), usize::MAX) > 0 {
        bucket.roused.notify_all();
    }
}
