//! Telling the threads that wait for several queues at once.
//!
//! A thread that waits for one queue sleeps on the queue's own condition. A thread that waits for
//! eight cannot sleep on eight. It has a [`Board`] of its own, with a bit for each of its queues,
//! and sleeps until one is set. Each queue keeps a list of such boards, its [`Watchers`]. A thread
//! that puts an item in, or ends the queue, sets the queue's bit on each of them, and wakes the
//! board's thread if it sleeps.
//!
//! ```text
//!    queue 0 ─ watchers ──┐                          ┌──▶ board of thread A   0 1 1 0
//!    queue 1 ─ watchers ──┼── set bit, wake if it ───┤
//!    queue 2 ─ watchers ──┘   sleeps                 └──▶ board of thread B   1 0
//! ```
//!
//! A bit says "look there", and not "there is an item": another thread may have been faster. It
//! stays set until its owner has looked and found nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use primitives::deadlock::{Identity, Kind};
use primitives::{Condition, Lock, LockGuard};

/// Which of its queues a thread must look at.
pub struct Board {
    state: Lock<Bits>,
    /// Its thread sleeps here; no other does.
    ready: Condition,
    identity: Identity,
}

struct Bits {
    /// A bit for each queue, 64 a word.
    words: Vec<u64>,
    /// The thread sleeps, and no thread has woken it yet.
    asleep: bool,
}

impl Board {
    #[cfg_attr(not(model), track_caller)]
    pub(crate) fn new() -> Self {
        Self {
            state: Lock::new(Bits { words: Vec::new(), asleep: false }),
            ready: Condition::new(),
            identity: Identity::new(Kind::Queue, "select"),
        }
    }

    /// Sets a bit, and wakes the thread if it sleeps.
    pub(crate) fn set(&self, index: usize) {
        let mut state = self.state.lock();
        let word = index / 64;
        if state.words.len() <= word {
            state.words.resize(word + 1, 0);
        }
        state.words[word] |= 1 << (index % 64);
        let wake = std::mem::take(&mut state.asleep);
        drop(state);
        if wake {
            self.ready.notify_one();
        }
    }

    /// Clears a bit. Look at the queue once more after it: what came before has set the bit in
    /// vain.
    pub(crate) fn clear(&self, index: usize) {
        self.state.lock().words[index / 64] &= !(1 << (index % 64));
    }

    /// The first bit from `from` on that is set.
    pub(crate) fn first_from(&self, from: usize) -> Option<usize> {
        let state = self.state.lock();
        let (first, below) = (from / 64, from % 64);
        let mut mask = u64::MAX << below;
        for (index, word) in state.words.iter().enumerate().skip(first) {
            if word & mask != 0 {
                return Some(index * 64 + (word & mask).trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }

    /// Whether any bit is set, if the lock is free: a hint.
    pub(crate) fn is_any_set(&self) -> bool {
        self.state.try_lock().is_some_and(|state| is_any_set(&state))
    }

    // ANCHOR: sleep
    /// Sleeps until a bit is set, unless one is. Returns whether the time ran out; even then one
    /// may have been set.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(crate) fn sleep(&self, deadline: Option<Instant>) -> bool {
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        let mut time_is_up = false;
        while !is_any_set(&state) && !time_is_up {
            state.asleep = true;
            time_is_up = self.ready.wait_for(&mut state, deadline, target).timed_out();
        }
        state.asleep = false;
        time_is_up
    }
    // ANCHOR_END: sleep
}

fn is_any_set(state: &LockGuard<'_, Bits>) -> bool {
    state.words.iter().any(|word| *word != 0)
}

/// A queue's bit on a board.
pub struct Watcher {
    pub(crate) board: Arc<Board>,
    pub(crate) index: usize,
}

/// The boards that a queue tells of its items.
pub(crate) struct Watchers(Lock<Vec<Watcher>>);

impl Watchers {
    #[cfg_attr(not(model), track_caller)]
    pub(crate) fn new() -> Self {
        Self(Lock::new(Vec::new()))
    }

    /// Adds one. Then look at the queue: what came before was not told. Calls `change` under the
    /// lock if it is the first.
    pub(crate) fn add(&self, watcher: Watcher, change: impl FnOnce()) {
        let mut watchers = self.0.lock();
        watchers.push(watcher);
        if watchers.len() == 1 {
            change();
        }
    }

    /// Removes what `add` added. Calls `change` under the lock if it was the last.
    pub(crate) fn remove(&self, board: &Arc<Board>, index: usize, change: impl FnOnce()) {
        let mut watchers = self.0.lock();
        watchers.retain(|other| !(Arc::ptr_eq(&other.board, board) && other.index == index));
        if watchers.is_empty() {
            change();
        }
    }

    /// An item has come, or none will come any more. Only where it is known that there is a
    /// watcher.
    pub(crate) fn tell(&self) {
        for watcher in &*self.0.lock() {
            watcher.board.set(watcher.index);
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("index", &self.index).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{Board, Watcher, Watchers};
    use std::cell::Cell;
    use std::sync::Arc;
    use std::thread;
    use std::time::Instant;

    #[test]
    fn bits_are_found_in_order_from_any_place_on() {
        let board = Board::new();
        assert_eq!(board.first_from(0), None);
        for index in [3, 63, 64, 200] {
            board.set(index);
        }
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(index) = board.first_from(from) {
            found.push(index);
            from = index + 1;
        }
        assert_eq!(found, [3, 63, 64, 200]);
        board.clear(63);
        assert_eq!(board.first_from(4), Some(64));
        assert_eq!(board.first_from(1000), None);
    }

    #[test]
    fn a_sleep_ends_by_a_bit_or_by_its_deadline() {
        let board = Arc::new(Board::new());
        assert!(board.sleep(Some(Instant::now())), "no bit");
        let sleeper = thread::spawn({
            let board = Arc::clone(&board);
            move || board.sleep(None)
        });
        board.set(0);
        assert!(!sleeper.join().unwrap());
        assert!(!board.sleep(Some(Instant::now())), "a bit counts for more than a deadline");
    }

    #[test]
    fn a_watcher_is_told_until_it_is_removed() {
        let (watchers, board) = (Watchers::new(), Arc::new(Board::new()));
        let changes = Cell::new(0);
        let change = || changes.set(changes.get() + 1);
        watchers.add(Watcher { board: Arc::clone(&board), index: 1 }, change);
        watchers.add(Watcher { board: Arc::clone(&board), index: 2 }, change);
        assert_eq!(changes.get(), 1, "the first");
        watchers.tell();
        watchers.remove(&board, 1, change);
        board.clear(1);
        board.clear(2);
        watchers.tell();
        assert_eq!(board.first_from(0), Some(2));
        assert_eq!(changes.get(), 1);
        watchers.remove(&board, 2, change);
        assert_eq!(changes.get(), 2, "the last");
    }
}
