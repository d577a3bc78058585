//! The smallest programs that show what a memory model allows: what the runtime must find, and what
//! it must not find.

use model::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use model::sync::atomic::{AtomicU32, Ordering, fence};
use model::sync::cell::UnsafeCell;

/// A letter, and a flag that says that it has been written.
pub(super) struct Mail {
    written: AtomicU32,
    letter: UnsafeCell<u32>,
}

// SAFETY: it is unsound, unless the flag orders the accesses. loom watches the cell, and these
// programs test its report.
unsafe impl Sync for Mail {}

impl Mail {
    pub(super) fn new() -> Self {
        Self { written: AtomicU32::new(0), letter: UnsafeCell::new(0) }
    }

    pub(super) fn write(&self, order: Ordering) {
        // SAFETY: no two model threads run at once, and loom has checked the access.
        self.letter.with_mut(|letter| unsafe { *letter = 7 });
        self.written.store(1, order);
    }

    pub(super) fn read(&self, order: Ordering) {
        if self.written.load(order) == 1 {
            // SAFETY: as in `write`.
            let letter = self.letter.with(|letter| unsafe { *letter });
            assert_eq!(letter, 7);
        }
    }

    /// Reads the letter without looking at the flag.
    pub(super) fn read_blindly(&self) {
        // SAFETY: as in `write`.
        self.letter.with(|letter| unsafe { *letter });
    }

    /// The flag, to sleep on.
    pub(super) fn word(&self) -> &AtomicU32 {
        &self.written
    }

    /// Writes the letter unless it has been written: a lazily made value, with the usual mistake.
    pub(super) fn write_once(&self) {
        if self.written.load(Relaxed) == 0 {
            self.write(Relaxed); // should be Release
        }
    }
}

/// Two flags: each thread raises its own and reads the other's.
pub(super) struct Flags {
    raised: [AtomicU32; 2],
    /// Which threads saw the other's flag down.
    alone: [AtomicU32; 2],
}

impl Flags {
    pub(super) fn new() -> Self {
        Self {
            raised: [AtomicU32::new(0), AtomicU32::new(0)],
            alone: [AtomicU32::new(0), AtomicU32::new(0)],
        }
    }

    /// Raises one flag and reads the other, with or without a fence between.
    pub(super) fn raise(&self, mine: usize, fenced: bool) {
        self.raised[mine].store(1, Relaxed);
        if fenced {
            fence(SeqCst);
        }
        if self.raised[1 - mine].load(Relaxed) == 0 {
            self.alone[mine].store(1, Relaxed);
        }
    }

    /// At most one thread may believe to be alone.
    pub(super) fn check(&self) {
        let alone = |i: usize| self.alone[i].load(Relaxed) == 1;
        assert!(!(alone(0) && alone(1)), "both saw the other's flag down");
    }
}

/// Coherence: a thread that has seen a newer value never sees an older one again.
pub(super) fn look_twice(number: &AtomicU32) {
    let first = number.load(Relaxed);
    let second = number.load(Relaxed);
    assert!(first <= second, "saw {first} and then {second}");
}

/// Release sequences: an update in between does not break the ordering of a store.
pub(super) fn write_then_release(mail: &Mail) {
    mail.write(Release);
}

/// See [`write_then_release`].
pub(super) fn count_up(mail: &Mail) {
    mail.written.fetch_add(1, Relaxed);
}

/// See [`write_then_release`].
pub(super) fn read_if_both(mail: &Mail) {
    if mail.written.load(Acquire) == 2 {
        // SAFETY: as in `Mail::write`.
        let letter = mail.letter.with(|letter| unsafe { *letter });
        // 2 means 1 and then 1 more; the store of 1 would have overwritten an earlier addition.
        assert_eq!(letter, 7);
    }
}
