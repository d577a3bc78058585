//! What is specific to the ring: laps, places that a thread is using, notes, and drops. The corner
//! cases that all queues share are in `tests/`.

mod drops;
mod endings;
mod laps;
mod many;
mod notes;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Ring;
use super::position::{ENDED, NOTE, position};
use primitives::sync::atomic::Ordering::SeqCst;

const FAR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(2);

/// A full ring: the numbers from 0.
fn full(capacity: usize) -> Arc<Ring<usize>> {
    let ring = Ring::bounded_in_its_last_lap(capacity);
    for item in 0..capacity {
        ring.try_put(item).unwrap();
    }
    Arc::new(ring)
}

/// A call in its own thread, because it may block.
fn call<T, R>(
    ring: &Arc<Ring<T>>,
    body: impl FnOnce(&Ring<T>) -> R + Send + 'static,
) -> JoinHandle<R>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let ring = Arc::clone(ring);
    thread::spawn(move || body(&ring))
}

/// Returns once `state` holds. A state that never comes fails the test and does not hang it.
#[track_caller]
fn until(what: &str, state: impl Fn() -> bool) {
    let start = Instant::now();
    while !state() {
        assert!(start.elapsed() < Duration::from_secs(60), "never came: {what}");
        thread::yield_now();
    }
}

impl<T> Ring<T> {
    /// Returns once that many putters and getters have left a note, and sleep or are about to.
    #[track_caller]
    fn until_asleep(&self, putters: u32, getters: u32) {
        until(&format!("{putters} putters and {getters} getters asleep"), || {
            let sleepers = &self.sleepers.0;
            sleepers.putters.inside() == putters
                && sleepers.getters.inside() == getters
                && (putters == 0 || self.has_note_for_putters())
                && (getters == 0 || self.has_note_for_getters())
        });
    }

    /// Returns once that many threads wait in `join`.
    #[track_caller]
    fn until_joining(&self, joiners: u32) {
        until(&format!("{joiners} joiners"), || {
            self.sleepers.0.joiners.inside() == joiners && self.done.0.load(SeqCst) & NOTE != 0
        });
    }

    fn has_note_for_putters(&self) -> bool {
        self.head.0.load(SeqCst) & NOTE != 0
    }

    fn has_note_for_getters(&self) -> bool {
        self.tail.0.load(SeqCst) & NOTE != 0
    }

    /// Takes the next position for a put, as a putter that is then preempted.
    fn begin_to_put(&self) -> u64 {
        let here = position(self.tail.0.load(SeqCst));
        self.tail.0.store(self.positions.after(here), SeqCst);
        here
    }

    /// Continues after [`begin_to_put`](Self::begin_to_put).
    fn end_to_put(&self, here: u64, item: T) {
        // SAFETY: `begin_to_put` took the position, in a ring that had a free place there.
        unsafe { self.fill(self.slot(here), here, item) };
    }

    /// Takes the next position for a get, as a getter that is then preempted.
    fn begin_to_get(&self) -> u64 {
        let here = position(self.head.0.load(SeqCst));
        self.head.0.store(self.positions.after(here), SeqCst);
        here
    }

    /// Continues after [`begin_to_get`](Self::begin_to_get).
    fn end_to_get(&self, here: u64) -> T {
        // SAFETY: `begin_to_get` took the position, in a ring that had an item there.
        unsafe { self.empty(self.slot(here), here) }
    }
}

#[test]
fn a_getter_looks_for_an_item_or_the_end() {
    let ring = Ring::bounded(2);
    assert!(!ring.is_place_filled(), "there is nothing to get");
    ring.put(1).unwrap();
    assert!(ring.is_place_filled(), "there is an item");
    assert_eq!(ring.get(), Ok(1));
    assert!(!ring.is_place_filled());
    assert_eq!(ring.shutdown_now(), []);
    assert!(ring.is_place_filled(), "a get would find the end");
}
