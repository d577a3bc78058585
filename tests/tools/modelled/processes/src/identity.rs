//! Which process is which, and which have died. See `queues/processes/src/identity.rs`.
//!
//! A thread of the model is a process until it dies, and then the next one.

use std::cell::Cell;

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::AcqRel;

const THREAD_BITS: u32 = 4;

/// The number of the thread, and above it how often it had died before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64);

model::lazy_static! {
    /// How often each thread has died.
    static ref DEATHS: [AtomicU32; 6] = Default::default();
}

model::thread_local! {
    /// As the thread itself knows it.
    static MINE: Cell<u64> = Cell::new(0);
}

impl Identity {
    pub(crate) fn me() -> Self {
        Self(MINE.with(Cell::get) << THREAD_BITS | u64::from(model::thread::id()))
    }

    pub(crate) fn from_word(word: u64) -> Option<Self> {
        (word != 0).then_some(Self(word))
    }

    pub(crate) fn to_word(self) -> u64 {
        self.0
    }

    fn thread(self) -> usize {
        self.0 as usize & ((1 << THREAD_BITS) - 1)
    }

    pub(crate) fn is_alive(self) -> bool {
        // AcqRel: pairs with that in `has_died`. An update, because `/proc` says what is true now.
        self == Self::me()
            || u64::from(DEATHS[self.thread()].fetch_add(0, AcqRel)) <= self.0 >> THREAD_BITS
    }
}

/// The calling process has died.
pub(crate) fn has_died() {
    // AcqRel: pairs with that in `is_alive`.
    DEATHS[Identity::me().thread()].fetch_add(1, AcqRel);
    MINE.with(|mine| mine.set(mine.get() + 1));
}

/// No process of a model forks.
pub(crate) fn forks() -> u32 {
    0
}
