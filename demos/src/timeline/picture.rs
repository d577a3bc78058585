//! What was recorded, to be drawn.

use std::mem;
use std::time::Duration;

use super::lane::{Lane, Plot, State};
use super::phases::Phase;
use super::profile::Profile;

/// A timeline that has ended.
#[derive(Debug)]
pub(crate) struct Picture {
    end: u64,
    pub(super) lanes: Vec<Lane>,
    pub(super) plots: Vec<Plot>,
    pub(super) phases: Vec<Phase>,
}

impl Picture {
    pub(super) fn new(
        end: u64,
        mut lanes: Vec<Lane>,
        plots: Vec<Plot>,
        phases: Vec<Phase>,
    ) -> Self {
        lanes.sort_by_cached_key(|lane| (by_number(&lane.name), lane.life.start));
        // A thread of the same name in the next act goes on in the same lane.
        lanes.dedup_by(|next, lane| {
            let same = next.name == lane.name && next.life.start >= lane.life.end;
            if same {
                lane.absorb(next);
            }
            same
        });
        Self { end, lanes, plots, phases }
    }

    /// How long it took.
    pub(super) fn length(&self) -> Duration {
        Duration::from_nanos(self.end)
    }

    /// When a phase began, as a share of the whole time.
    pub(super) fn share(&self, phase: &Phase) -> f32 {
        phase.begins as f32 / self.end.max(1) as f32
    }

    /// The shares of the states in each column of a lane.
    pub(super) fn lane(&self, lane: &Lane, columns: usize) -> Vec<[f32; 4]> {
        lane.profile.columns(self.end, columns)
    }

    /// The height in each column of a plot, as a share of its highest.
    pub(super) fn plot(&self, plot: &Plot, columns: usize) -> Vec<f32> {
        let most = plot.most.max(1) as f32;
        let heights = plot.profile.columns(self.end, columns);
        heights.iter().map(|[level]| (level / most).clamp(0.0, 1.0)).collect()
    }
}

impl Lane {
    /// Takes over the time of a later one.
    fn absorb(&mut self, next: &mut Self) {
        self.profile.absorb(mem::replace(&mut next.profile, Profile::new()));
        self.totals.iter_mut().zip(next.totals).for_each(|(sum, total)| *sum += total);
        self.life.end = next.life.end;
    }

    /// How much of its life the thread spent in some states, in percent.
    pub(super) fn percent(&self, states: &[State]) -> u64 {
        let all: u64 = self.totals.iter().sum();
        let some: u64 = states.iter().map(|&state| self.totals[state as usize]).sum();
        (some * 100 + all / 2).checked_div(all).unwrap_or(0)
    }
}

/// `worker-10` after `worker-9`, and the main thread first.
fn by_number(name: &str) -> (bool, String, u64) {
    let role = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (name != "MainThread", role.to_owned(), name[role.len()..].parse().unwrap_or(0))
}
