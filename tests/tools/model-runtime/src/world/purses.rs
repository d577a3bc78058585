//! The coins of each thread, as data; `coins` makes and flips them.

use std::sync::Arc;

use loom::sync::atomic::AtomicU32;

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    TimeOut,
    SpuriousWakeUp,
    Death,
}

pub(crate) type Coin = Arc<AtomicU32>;

/// Coins that have not shown heads yet.
#[derive(Default)]
pub(crate) struct Coins {
    pub(crate) of_thread: Vec<Purse>,
}

#[derive(Default)]
pub(crate) struct Purse {
    pub(crate) timeouts: Vec<Coin>,
    pub(crate) spurious: Vec<Coin>,
    pub(crate) deaths: Vec<Coin>,
}

impl Purse {
    pub(crate) fn coins(&self) -> impl Iterator<Item = &Coin> {
        self.timeouts.iter().chain(&self.spurious).chain(&self.deaths)
    }

    pub(crate) fn of(&mut self, choice: Choice) -> &mut Vec<Coin> {
        match choice {
            Choice::TimeOut => &mut self.timeouts,
            Choice::SpuriousWakeUp => &mut self.spurious,
            Choice::Death => &mut self.deaths,
        }
    }
}
