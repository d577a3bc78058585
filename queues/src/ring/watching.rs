//! How a ring tells the selects that watch it: see [`watchers`](crate::watchers).
//!
//! A select that finds the ring empty leaves a note in the tail, as a getter does before it sleeps.
//! The putter that finds the note calls a getter and tells every select. If it finds no getter, it
//! clears the note. A select may have left its note just before, so the putter tells them all once
//! more after the clearing, and each leaves a new note if it must.
//!
//! That a select watches is a bit in the event count of the getters. To set it is a write to that
//! word, as to enter is. So what holds for a getter that enters holds for a select: it is told, or
//! it leaves its note after the clearing. A ring without a select never takes the lock of the list.

use std::sync::Arc;

use super::Ring;
use crate::watchers::{Board, Watcher};

impl<T> Ring<T> {
    /// From now on the watcher's bit is set by the end, and by each item that comes after
    /// `leave_note_if_empty` has returned `true`.
    pub(crate) fn add_watcher(&self, watcher: Watcher) {
        let sleepers = &self.sleepers.0;
        sleepers.watchers.add(watcher, || sleepers.getters.watch());
    }

    /// Ends what `add_watcher` began. A note that was left for it costs a putter a look.
    pub(crate) fn remove_watcher(&self, board: &Arc<Board>, index: usize) {
        let sleepers = &self.sleepers.0;
        sleepers.watchers.remove(board, index, || sleepers.getters.unwatch());
    }
}
