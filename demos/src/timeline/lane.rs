//! A lane and a plot: what is kept of a thread, and of a number, over the time.

use std::ops::Range;

use super::profile::Profile;

/// What a thread does at a moment: an index of the columns of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Runs = 0,
    Waits = 1,
    Holds = 2,
    /// The state that a deadlock is made of.
    HoldsAndWaits = 3,
}

impl State {
    pub(super) const ALL: [Self; 4] = [Self::Runs, Self::Waits, Self::Holds, Self::HoldsAndWaits];
}

/// One thread's time.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) profile: Profile<4>,
    /// Nanoseconds in each state.
    pub(super) totals: [u64; 4],
    /// From its first mark to its last.
    pub(super) life: Range<u64>,
    /// When the state began that it is in now.
    pub(super) since: u64,
    /// How many marks of each kind are open. All zero: not at work, or not any more.
    pub(super) running: usize,
    pub(super) waiting: usize,
    pub(super) holding: usize,
}

impl Lane {
    pub(super) fn state(&self) -> Option<State> {
        match (self.running, self.waiting, self.holding) {
            (0, 0, 0) => None,
            (_, 0, 0) => Some(State::Runs),
            (_, _, 0) => Some(State::Waits),
            (_, 0, _) => Some(State::Holds),
            _ => Some(State::HoldsAndWaits),
        }
    }

    /// Adds the time since the last change to the state that ends now.
    pub(super) fn change(&mut self, now: u64, change: impl FnOnce(&mut Self)) {
        if let Some(state) = self.state() {
            self.profile.add(state as usize, self.since, now, 1.0);
            self.totals[state as usize] += now - self.since;
            self.life.end = now;
        }
        self.since = now;
        change(self);
    }

    pub(super) fn counter(&mut self, target: &str) -> Option<&mut usize> {
        match target {
            "running" => Some(&mut self.running),
            "waiting" => Some(&mut self.waiting),
            "holding" => Some(&mut self.holding),
            _ => None, // another lane's span
        }
    }
}

/// How a number changes over time.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    pub(super) name: &'static str,
    pub(super) profile: Profile<1>,
    pub(super) most: u64,
    pub(super) last: u64,
    pub(super) since: u64,
}

impl Plot {
    pub(super) fn change(&mut self, now: u64, level: u64) {
        // Two threads may come in the order in which they did not look at the clock.
        let now = now.max(self.since);
        self.profile.add(0, self.since, now, self.last as f32);
        self.most = self.most.max(level);
        (self.since, self.last) = (now, level);
    }
}
