//! How a rendezvous tells the selects that watch it: see [`watchers`](crate::watchers).
//!
//! A select does not stand in line: it could be served by one of its queues only, and would have to
//! leave all the others first. It is told of each putter that stands in line, and takes the item by
//! a `try_get`. A putter that finds a getter needs no select.

use std::sync::Arc;

use super::Rendezvous;
use crate::watchers::{Board, Watcher};

impl<T> Rendezvous<T> {
    /// From now on each putter that waits, and the end, sets the watcher's bit.
    pub(crate) fn add_watcher(&self, watcher: Watcher) {
        let mut state = self.state.lock();
        self.watchers.add(watcher, || state.is_watched = true);
    }

    /// Ends what `add_watcher` began.
    pub(crate) fn remove_watcher(&self, board: &Arc<Board>, index: usize) {
        let mut state = self.state.lock();
        self.watchers.remove(board, index, || state.is_watched = false);
    }

    /// Whether a `get` would wait. If so, what comes next is told.
    pub(crate) fn is_empty_and_open(&self) -> bool {
        let state = self.state.lock();
        state.putters.is_empty() && !state.shut_down
    }
}
