//! A row: an operation, its contestants, and the goals for ours.

use serde::{Deserialize, Serialize};

use crate::load::Load;
use crate::run::Run;
use crate::sample::Sample;

/// One operation, and several contestants that do it.
pub struct Row {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) load: Option<Load>,
    pub(crate) uses_servers: bool,
    pub(crate) goals: Vec<Goal>,
    pub(crate) contestants: Vec<Contestant>,
}

/// A contestant, and how it is run.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) run: Box<dyn FnMut(&Run) -> Sample>,
}

/// The role of a contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What is judged.
    Ours,
    /// Another of ours, for comparison.
    Beside,
    /// A peer.
    Peer,
    /// The minimum of the hardware.
    Floor,
}

/// A goal, as a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Which figure.
    pub figure: Figure,
    /// Divided by whose.
    pub against: Against,
    /// How far the interval may reach: up, or for fairness down.
    pub limit: f64,
}

/// A figure of a contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Time per operation.
    Time,
    /// Processor time per operation.
    Cpu,
    /// One wait in a hundred takes longer than this.
    Tail,
    /// Operations of the slowest thread by those of the fastest; not divided by a peer's.
    Fairness,
}

/// The peer by which a figure is divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// The peer beside which ours looks worst.
    Best,
    /// The same, among these.
    BestOf(Vec<String>),
    /// The peer that takes the least time, whatever the figure is.
    Fastest,
    /// The floor.
    Floor,
    /// No peer.
    Nobody,
}

impl Goal {
    const fn new(figure: Figure, against: Against, limit: f64) -> Self {
        Self { figure, against, limit }
    }

    /// At most this many times the time of the best peer.
    #[must_use]
    pub const fn best(limit: f64) -> Self {
        Self::new(Figure::Time, Against::Best, limit)
    }

    /// At most this many times the time of the best of these peers.
    #[must_use]
    pub fn best_of(peers: &[&str], limit: f64) -> Self {
        let peers = peers.iter().map(|&peer| peer.to_owned()).collect();
        Self::new(Figure::Time, Against::BestOf(peers), limit)
    }

    /// At most this many times the time of the floor.
    #[must_use]
    pub const fn floor(limit: f64) -> Self {
        Self::new(Figure::Time, Against::Floor, limit)
    }

    /// At most this many times the processor time of the best peer.
    #[must_use]
    pub const fn cpu(limit: f64) -> Self {
        Self::new(Figure::Cpu, Against::Best, limit)
    }

    /// At most this many times the processor time of the fastest peer. A peer that gives its core
    /// away and waits takes little processor time, which is not an advantage.
    #[must_use]
    pub const fn cpu_of_fastest(limit: f64) -> Self {
        Self::new(Figure::Cpu, Against::Fastest, limit)
    }

    /// One wait in a hundred takes at most this many times as long as with the best peer.
    #[must_use]
    pub const fn tail(limit: f64) -> Self {
        Self::new(Figure::Tail, Against::Best, limit)
    }

    /// The same, with the best of these peers.
    #[must_use]
    pub fn tail_of(peers: &[&str], limit: f64) -> Self {
        Self { figure: Figure::Tail, ..Self::best_of(peers, limit) }
    }

    /// The slowest thread does at least this part of the fastest thread's work.
    #[must_use]
    pub const fn fairness(limit: f64) -> Self {
        Self::new(Figure::Fairness, Against::Nobody, limit)
    }
}

impl Row {
    /// A row that `about` describes; `name` is unique in its bench.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            load: None,
            uses_servers: false,
            goals: Vec::new(),
            contestants: Vec::new(),
        }
    }

    /// The load beside it.
    #[must_use]
    pub const fn under(mut self, load: Option<Load>) -> Self {
        self.load = load;
        self
    }

    /// Other processes do a part of the work: that they run does not disturb the row.
    #[must_use]
    pub const fn with_servers(mut self) -> Self {
        self.uses_servers = true;
        self
    }

    /// The goals for ours.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    /// The contestant that is judged; one in each row.
    #[must_use]
    pub fn ours(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Ours, run)
    }

    /// Another of ours.
    #[must_use]
    pub fn beside(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Beside, run)
    }

    /// A peer for comparison.
    #[must_use]
    pub fn peer(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Peer, run)
    }

    /// The floor of the hardware.
    #[must_use]
    pub fn floor(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Floor, run)
    }

    /// Whether `part` is in its name or in its load's name, which is `quiet` without a load.
    pub(crate) fn is_called(&self, part: &str) -> bool {
        let beside = self.load.map_or("quiet", Load::title);
        format!("{}, {beside}", self.name).contains(part)
    }

    /// Its name, with its load.
    pub(crate) fn title(&self) -> String {
        match self.load {
            Some(load) => format!("{}, {}", self.name, load.title()),
            None => self.name.to_owned(),
        }
    }

    fn with(
        mut self,
        name: &'static str,
        role: Role,
        run: impl FnMut(&Run) -> Sample + 'static,
    ) -> Self {
        self.contestants.push(Contestant { name, role, run: Box::new(run) });
        self
    }
}
