//! [`Inside`]: the mark of a thread that runs the detector.
//!
//! Outside of its own locks, the detector uses std's types, mainly for reports, and they use the
//! program's allocator. The allocator may take a lock, and would then call the detector from within
//! the detector. While a thread has the mark, its waits are not watched and its nestings are not
//! noted.

use std::cell::Cell;

thread_local! {
    /// (Without a destructor, so that it exists to the end.)
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// While this lives, the thread has the mark, or does not have it.
#[must_use]
pub(crate) struct Inside {
    before: bool,
}

impl Inside {
    /// Marks the thread; `None` if it has the mark already.
    pub(crate) fn enter() -> Option<Self> {
        // Made only if it is kept: its drop removes the mark.
        (!INSIDE.replace(true)).then(|| Self { before: false })
    }

    /// Removes the mark: for code of the program that the detector calls.
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
