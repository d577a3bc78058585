//! The back end for systems without a futex: std's Mutex and Condvar.
//!
//! A sleeper joins the [table](super::table), and waits on its bucket's condition variable until
//! its flag is set. Sleepers that share a bucket are all woken by one `notify_all` and look at
//! their flags: this is simple and correct rather than fast. On Linux it is only for tests (feature
//! `portable`).

use std::sync::{Condvar, PoisonError};
use std::time::Instant;

use super::Wait;
use super::table::{BUCKETS, Bucket, Node, place};
use crate::sync::atomic::AtomicU32;

static TABLE: [(Bucket, Condvar); BUCKETS] = [const { (Bucket::new(), Condvar::new()) }; BUCKETS];

pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    let (bucket, roused) = &TABLE[place(std::ptr::from_ref(word).addr())];
    let node = Node::new();
    let mut sleepers = bucket.lock();
    // SAFETY: it is off the list before this returns, and nothing below panics.
    if !unsafe { sleepers.put(&node, word, expected, &mut None) } {
        return Wait::Woken;
    }
    loop {
        sleepers = match deadline {
            None => roused.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    // Still on the list, so no wake-up was meant for this thread: it leaves without
                    // a trace.
                    sleepers.take_off(&node);
                    return Wait::TimedOut;
                }
                let waited = roused.wait_timeout(sleepers, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if node.is_woken() {
            return Wait::Woken;
        }
    }
}

pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    // All are roused, because the one that is meant cannot be told apart.
    wake(word, 1) > 0
}

pub(super) fn wake_all(word: *const AtomicU32) {
    wake(word, usize::MAX);
}

fn wake(word: *const AtomicU32, most: usize) -> usize {
    let (bucket, roused) = &TABLE[place(word.addr())];
    let woken = bucket.lock().wake(word.addr(), most, u64::MAX, |_, _| {});
    if woken > 0 {
        roused.notify_all();
    }
    woken
}
