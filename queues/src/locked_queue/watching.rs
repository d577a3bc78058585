//! How a queue tells the selects that watch it: see [`watchers`](crate::watchers).
//!
//! That a select watches is a bit in the number of sleeping getters, under the queue's lock. A put
//! that finds the bit tells all watchers after it has released the lock. The list of watchers has a
//! lock of its own, which is taken alone, or inside the queue's.

use std::sync::Arc;

use super::LockedQueue;
use crate::discipline::Discipline;
use crate::watchers::{Board, Watcher};

impl<S: Discipline> LockedQueue<S> {
    /// Wakes so many getters for items that have come, and tells each select, if any watches.
    #[cold]
    pub(super) fn wake_getters(&self, calls: usize, is_watched: bool) {
        self.not_empty.notify(calls);
        if is_watched {
            self.watchers.tell();
        }
    }

    /// From now on each item, and the end, sets the watcher's bit.
    pub(crate) fn add_watcher(&self, watcher: Watcher) {
        let mut state = self.state.lock();
        self.watchers.add(watcher, || state.getters.watch(true));
    }

    /// Ends what `add_watcher` began.
    pub(crate) fn remove_watcher(&self, board: &Arc<Board>, index: usize) {
        let mut state = self.state.lock();
        self.watchers.remove(board, index, || state.getters.watch(false));
    }

    /// Whether a `get` would wait. If so, what comes next is told.
    pub(crate) fn is_empty_and_open(&self) -> bool {
        let state = self.state.lock();
        state.items.is_empty() && !state.shut_down
    }
}
