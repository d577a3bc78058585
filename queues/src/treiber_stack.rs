//! A stack by compare-and-swap, and why comparing is not enough.
//!
//! R. K. Treiber's stack is the smallest structure without a lock: a list, and one word that says
//! which node is on top. A push lets the new node point at the top, and swings the top to it by
//! compare-exchange. A pop swings the top to the node that it points at. If another thread was
//! faster, the exchange fails, and the thread looks again.
//!
//! ```text
//!    top ──▶ A ──▶ B ──▶ C          pop: reads "A is on top", reads "after A comes B",
//!                                        if A is still on top, B is on top now
//! ```
//!
//! _If A is still on top_: that is the trap, because A may be on top _again_. Between the two reads
//! and the exchange others may have popped A, and B, and pushed A again. The word compares equal,
//! and B, which may be in another list by now, becomes the top. This is the ABA problem. It does
//! not depend on freed memory; here none is freed. Equal does not mean unchanged.
//!
//! ```text
//!    thread 1                         thread 2, and others
//!    top is A, after A comes B
//!                                     pop A, pop B, push A         top ──▶ A ──▶ C
//!    exchange A for B: succeeds!                                   top ──▶ B      B is not in the stack
//! ```
//!
//! The remedy is to make the word say more: beside the index of the node a _tag_, which counts
//! pushes. To come back to the top a node must be pushed, so the word that compares equal is the
//! very same one.
//!
//! A tag that wraps around comes back too, and a thread that slept meanwhile is deceived again. So
//! this one never wraps. It has 48 bits, which leaves 16 for the index, and the push after the last
//! tag panics: 281,474,976,710,655 pushes of 10 ns are 32 days in which the stack does nothing
//! else.
//!
//! Nodes live in an array, so there is no memory to free and an index will do for a pointer. Those
//! that hold no item are in a second stack of the same kind. A node comes back there after each pop
//! of an item, so the second stack never sees more pushes than the first, and its tags last as
//! long.
//!
//! Source: R. K. Treiber, _Systems Programming: Coping with Parallelism_ (1986); the tag is from
//! the documentation of IBM's System/370, whose double-word compare-and-swap was made for it.

#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::mem::MaybeUninit;

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicU32, AtomicU64};
use primitives::sync::cell::UnsafeCell;
use primitives::sync::model_failed;

use crate::drop_all::drop_all;

/// The index that means "no node".
const NONE: u32 = 0xFFFF;

/// A bounded stack by compare-and-swap, which never blocks. It is meant for reading: it shows the
/// ABA problem and how a tag solves it.
///
/// For real use take a [`Stack`](crate::Stack), which is a lock around a `Vec`. All threads that
/// use a stack compete for the same word, however it is built. With compare-and-swap, each needs
/// two exchanges on two such words, and repeats them whenever it loses. With two threads that took
/// several times as long as the lock.
///
/// ```
/// use queues::TreiberStack;
///
/// let stack = TreiberStack::bounded(2);
/// assert_eq!(stack.try_push('a'), Ok(()));
/// assert_eq!(stack.try_push('b'), Ok(()));
/// assert_eq!(stack.try_push('c'), Err('c'));
/// assert_eq!(stack.try_pop(), Some('b'));
/// ```
pub struct TreiberStack<T> {
    /// The nodes with an item.
    items: Top,
    /// The nodes without an item.
    free: Top,
    nodes: Box<[Node<T>]>,
}

struct Node<T> {
    /// The index of the node below, or `NONE`.
    below: AtomicU32,
    item: UnsafeCell<MaybeUninit<T>>,
}

/// The top of a list of nodes.
struct Top {
    /// ```text
    ///    63                                       16 15              0
    ///    ┌──────────────────────────────────────────┬────────────────┐
    ///    │ tag: how many pushes so far              │ index of node  │
    ///    └──────────────────────────────────────────┴────────────────┘
    /// ```
    word: AtomicU64,
}

/// One push, in the word of a [`Top`].
const ONE_PUSH: u64 = 1 << 16;

/// Which node is on top, by the word of a [`Top`].
#[inline]
fn index(word: u64) -> u32 {
    word as u32 & NONE
}

/// The word with another node on top.
#[inline]
fn with_index(word: u64, index: u32) -> u64 {
    word & !(ONE_PUSH - 1) | u64::from(index)
}

/// No tag is left. A used one would bring the ABA problem back.
#[cold]
fn worn_out() -> ! {
    panic!("a stack of {} pushes is worn out: make a new one", u64::MAX / ONE_PUSH)
}

// SAFETY: one thread moves an item in and another moves it out, but its node belongs to one thread
// at a time.
unsafe impl<T: Send> Send for TreiberStack<T> {}
// SAFETY: as above; `&TreiberStack` gives no reference to an item.
unsafe impl<T: Send> Sync for TreiberStack<T> {}

impl Top {
    #[cfg_attr(model, track_caller)]
    fn of(index: u32) -> Self {
        Self { word: AtomicU64::new(u64::from(index)) }
    }

    // ANCHOR: push
    /// Puts the node, which belongs to this thread, on top.
    fn push<T>(&self, nodes: &[Node<T>], node: u32) {
        // Relaxed: the exchange decides, and the node on top is not read.
        let mut top = self.word.load(Relaxed);
        loop {
            // Relaxed: no other thread has the node, until the exchange publishes it.
            nodes[node as usize].below.store(index(top), Relaxed);
            let Some(new) = with_index(top, node).checked_add(ONE_PUSH) else { worn_out() };
            // Release: pairs with the Acquire in `pop`: a thread that takes the node sees what is
            // in it.
            match self.word.compare_exchange_weak(top, new, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => top = now,
            }
        }
    }
    // ANCHOR_END: push

    // ANCHOR: pop
    /// Removes the node on top, if there is one; then it belongs to this thread.
    fn pop<T>(&self, nodes: &[Node<T>]) -> Option<u32> {
        // Acquire, here and where the exchange fails: pairs with the Release in `push`, also if
        // others have popped since (an exchange continues the release sequence of the one before).
        let mut top = self.word.load(Acquire);
        loop {
            let node = nodes.get(index(top) as usize)?; // none at `NONE`
            // Another thread may have popped the node already, and may be writing to it. Then
            // `below` is not the node below the top; the exchange fails, because the tag differs.
            // Relaxed: ordered by the load of the top.
            let below = node.below.load(Relaxed);
            // Relaxed on success: it compares equal only if it is the very word that the Acquire
            // load read.
            match self.word.compare_exchange_weak(top, with_index(top, below), Relaxed, Acquire) {
                Ok(_) => return Some(index(top)),
                Err(now) => top = now,
            }
        }
    }
    // ANCHOR_END: pop
}

impl<T> TreiberStack<T> {
    /// A stack for at most `capacity` items.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero, or more than 65,535.
    #[must_use]
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        assert!(capacity > 0, "a stack of capacity 0 could never take an item: use at least 1",);
        assert!(
            capacity <= NONE as usize,
            "a stack of capacity {capacity} is too large: use at most {NONE}"
        );
        let capacity = capacity as u32;
        let node = |index| Node {
            below: AtomicU32::new(if index == 0 { NONE } else { index - 1 }),
            item: UnsafeCell::new(MaybeUninit::uninit()),
        };
        Self {
            items: Top::of(NONE),
            free: Top::of(capacity - 1),
            nodes: (0..capacity).map(node).collect(),
        }
    }

    /// Puts an item on top; never blocks. Costs two compare-exchanges.
    ///
    /// # Errors
    ///
    /// The item, if the stack is full.
    ///
    /// # Panics
    ///
    /// After 281,474,976,710,655 pushes, when the tags are used up. What is inside can be popped.
    pub fn try_push(&self, item: T) -> Result<(), T> {
        let Some(node) = self.free.pop(&self.nodes) else { return Err(item) };
        // SAFETY: the node was free, and is this thread's alone until it is pushed.
        self.nodes[node as usize].item.with_mut(|place| unsafe { (*place).write(item) });
        self.items.push(&self.nodes, node);
        Ok(())
    }

    /// Removes the item on top, if there is one; never blocks. Costs two compare-exchanges.
    pub fn try_pop(&self) -> Option<T> {
        let node = self.items.pop(&self.nodes)?;
        let place = &self.nodes[node as usize].item;
        // SAFETY: the node was on the list of nodes with an item, and belongs only to this thread
        // until it is pushed.
        let item = place.with(|place| unsafe { (*place).assume_init_read() });
        self.free.push(&self.nodes, node);
        Some(item)
    }

    /// Whether the stack is empty. The answer may be out of date when you read it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // Relaxed: only the number itself is read.
        index(self.items.word.load(Relaxed)) == NONE
    }

    /// How many items fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.nodes.len()
    }
}

/// Drops the remaining items, the top one first; all of them, even if one drop panics.
impl<T> Drop for TreiberStack<T> {
    fn drop(&mut self) {
        if !model_failed() {
            drop_all(&|| self.try_pop());
        }
    }
}

impl<T> fmt::Debug for TreiberStack<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreiberStack").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
