//! The participants: a table of processes in shared memory, in which dead ones can be found.
//!
//! Each handle that can leave something behind (a permit, a place in a queue) has an entry with its
//! process's [`Identity`]. A dropped handle removes its entry. If the process was killed, the entry
//! stays, and names a process that no longer exists.

use primitives::sync::atomic::AtomicU64;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::identity::Identity;

/// `N` entries, each free (0) or the identity of a process.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Members<const N: usize> {
    entries: [AtomicU64; N],
}

impl<const N: usize> Default for Members<N> {
    fn default() -> Self {
        Self { entries: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl<const N: usize> Members<N> {
    /// Takes an entry. Calls `clear` with the number of an entry whose process is dead, before
    /// others may take it. Returns `None` if living processes hold all entries.
    pub(crate) fn join(&self, clear: impl Fn(usize)) -> Option<usize> {
        self.join_free().or_else(|| {
            self.bury(clear);
            self.join_free()
        })
    }

    /// Takes a free entry. An entry of a dead process is not free.
    pub(crate) fn join_free(&self) -> Option<usize> {
        let me = Identity::me().to_word();
        self.entries.iter().position(|entry| {
            // Relaxed, at first: only a look. AcqRel: what the last owner did to its data comes
            // before what this one does.
            entry.load(Relaxed) == 0 && entry.compare_exchange(0, me, AcqRel, Relaxed).is_ok()
        })
    }

    /// Gives an entry back. Does nothing in a forked child, where it belongs to the parent.
    pub(crate) fn leave(&self, member: usize) {
        // Release: pairs with the AcqRel in `join_free`.
        let me = Identity::me().to_word();
        let _ = self.entries[member].compare_exchange(me, 0, Release, Relaxed);
    }

    /// The process of an entry.
    pub(crate) fn get(&self, member: usize) -> Option<Identity> {
        // Acquire: pairs with the AcqRel in `join_free`: a thread that sees what a member did sees
        // its entry.
        self.entries.get(member).and_then(|entry| Identity::from_word(entry.load(Acquire)))
    }

    /// Whether the process of an entry died without removing the entry.
    pub(crate) fn is_dead(&self, member: usize) -> bool {
        self.get(member).is_some_and(|process| !process.is_alive())
    }

    /// The entries of dead processes.
    pub(crate) fn dead(&self) -> impl Iterator<Item = usize> + '_ {
        (0..N).filter(|&member| self.is_dead(member))
    }

    /// Calls `clear` for what dead processes left, and then frees their entries. Returns how many
    /// there were.
    pub(crate) fn bury(&self, clear: impl Fn(usize)) -> usize {
        let mut buried = 0;
        for member in 0..N {
            let Some(process) = self.get(member) else { continue };
            if process.is_alive() {
                continue;
            }
            clear(member);
            // AcqRel: what `clear` did comes before what the next owner does. Another thread may
            // have been faster.
            let freed =
                self.entries[member].compare_exchange(process.to_word(), 0, AcqRel, Relaxed);
            buried += usize::from(freed.is_ok());
        }
        buried
    }
}
