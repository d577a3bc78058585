//! [`Inside`]: the mark of a thread that runs the detector.
//!
//! What the detector makes outside of its own locks, above all a report, it makes of std's types,
//! and they ask the program's allocator for memory. That may take a lock, and the detector would be
//! called to watch it, from within itself. While a thread has the mark, its waits are not watched
//! and its nestings are not noted.

use std::cell::Cell;

thread_local! {
    /// (No destructor: it is there to the last.)
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// While this lives, the thread has the mark, or has it not.
#[must_use]
pub(crate) struct Inside {
    before: bool,
}

impl Inside {
    /// Marks the thread; `None` if it has the mark already.
    pub(crate) fn enter() -> Option<Self> {
        // Made only if it is kept: it takes the mark away when it is dropped.
        (!INSIDE.replace(true)).then(|| Self { before: false })
    }

    /// Takes the mark away: for code of the program that the detector calls.
    pub(crate) fn pause() -> Self {
        Self { before: INSIDE.replace(false) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::{INSIDE, Inside};

    #[test]
    fn a_second_mark_is_refused_and_leaves_the_first() {
        let first = Inside::enter();
        assert!(first.is_some());
        assert!(Inside::enter().is_none() && Inside::enter().is_none());
        assert!(INSIDE.get());
        drop(Inside::pause());
        assert!(INSIDE.get(), "the pause is over");
        drop(first);
        assert!(Inside::enter().is_some() && !INSIDE.get());
    }
}
