//! The back end for systems without a futex: a table of std's Mutex and Condvar.
//!
//! An address is hashed to one of a fixed number of buckets (as in the kernel, and as in
//! WebKit's and parking_lot's "parking lot"). A bucket is a list of who sleeps, under a mutex; each
//! sleeper has a flag of its own and waits on the bucket's condition variable until the flag is set.
//! Looking at the word and joining the list happen under the mutex that a waker must take, so they are
//! one step to it.
//!
//! Sleepers that share a bucket are all roused by one `notify_all` and look at their flags: simple and
//! right rather than fast. On Linux this is only for tests (feature `portable`).

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Wait;
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A power of two, so that the upper bits of the hash can be taken: enough that two words in use seldom
/// meet, at 64 buckets of about 50 bytes.
const BUCKETS: usize = 64;

static TABLE: [Bucket; BUCKETS] = [const { Bucket::new() }; BUCKETS];

struct Bucket {
    sleepers: Mutex<Sleepers>,
    roused: Condvar,
}

/// Who sleeps here, in order of arrival.
struct Sleepers {
    list: Vec<Sleeper>,
    next_ticket: u64,
}

struct Sleeper {
    address: usize,
    ticket: u64,
}

impl Bucket {
    const fn new() -> Self {
        Self {
            sleepers: Mutex::new(Sleepers { list: Vec::new(), next_ticket: 0 }),
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
    // Relaxed: the bucket's mutex orders this look against the waker, who stored before it took it.
    if word.load(Relaxed) != expected {
        return Wait::Woken;
    }
    let ticket = sleepers.next_ticket;
    sleepers.next_ticket += 1;
    sleepers.list.push(Sleeper { address, ticket });
    loop {
        sleepers = match deadline {
            None => bucket.roused.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    // Still on the list, so no wake-up was meant for us: leave as if never here.
                    sleepers.list.retain(|sleeper| sleeper.ticket != ticket);
                    return Wait::TimedOut;
                }
                let waited = bucket.roused.wait_timeout(sleepers, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if !sleepers.list.iter().any(|sleeper| sleeper.ticket == ticket) {
            return Wait::Woken; // a waker took us off the list
        }
    }
}

pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    let bucket = Bucket::of(word.addr());
    let mut sleepers = bucket.lock();
    let first = sleepers.list.iter().position(|sleeper| sleeper.address == word.addr());
    if let Some(first) = first {
        sleepers.list.remove(first);
        bucket.roused.notify_all(); // all, because the one we mean cannot be told apart
    }
    first.is_some()
}

pub(super) fn wake_all(word: *const AtomicU32) {
    let bucket = Bucket::of(word.addr());
    let mut sleepers = bucket.lock();
    sleepers.list.retain(|sleeper| sleeper.address != word.addr());
    bucket.roused.notify_all();
}
