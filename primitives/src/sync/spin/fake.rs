//! A machine for tests: its clock advances only when something takes time.

use std::cell::Cell;

use super::system::Machine;

/// A machine whose figures a test sets, and which counts the requests.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) cores: usize,
    pub(super) core: Cell<usize>,
    pub(super) clock: Cell<u64>,
    /// What a pause takes.
    pub(super) pause: Cell<u64>,
    /// What a yield takes.
    pub(super) turn: Cell<u64>,
    pub(super) pauses: Cell<u64>,
    pub(super) turns: Cell<u64>,
    pub(super) naps: Cell<u64>,
}

impl Fake {
    pub(super) fn new(cores: usize) -> Self {
        Self {
            cores,
            core: Cell::new(0),
            clock: Cell::new(1_000_000_000),
            pause: Cell::new(15),
            turn: Cell::new(400),
            pauses: Cell::new(0),
            turns: Cell::new(0),
            naps: Cell::new(0),
        }
    }

    fn takes(&self, time: u64) {
        self.clock.set(self.clock.get() + time);
    }
}

impl Machine for Fake {
    fn cores(&self) -> usize {
        self.cores
    }

    fn core(&self) -> usize {
        self.core.get()
    }

    fn now(&self) -> u64 {
        self.clock.get()
    }

    fn pause(&self) {
        self.pauses.set(self.pauses.get() + 1);
        self.takes(self.pause.get());
    }

    fn give_turn(&self) {
        self.turns.set(self.turns.get() + 1);
        self.takes(self.turn.get());
    }

    fn nap(&self, nanoseconds: u64) {
        self.naps.set(self.naps.get() + 1);
        self.takes(nanoseconds);
    }
}
