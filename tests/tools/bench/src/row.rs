//! A row: what is done, by whom, and what is wanted of ours.

use serde::{Deserialize, Serialize};

use crate::load::Load;
use crate::run::Run;
use crate::sample::Sample;

/// One thing to do, and several contestants that do it.
pub struct Row {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) load: Option<Load>,
    pub(crate) goals: Vec<Goal>,
    pub(crate) contestants: Vec<Contestant>,
}

/// Who takes part, and how it is run.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) run: Box<dyn FnMut(&Run) -> Sample>,
}

/// Why somebody takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// What is judged.
    Ours,
    /// Another of ours, beside it.
    Beside,
    /// What it is compared with.
    Peer,
    /// The least that anybody could take: what the hardware asks for.
    Floor,
}

/// What is wanted, as a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Which figure.
    pub figure: Figure,
    /// Divided by whose.
    pub against: Against,
    /// The interval may reach so far: up, or for fairness down.
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
    /// What one in a hundred waits takes longer than.
    Tail,
    /// Operations of the slowest thread by those of the fastest; not divided by anybody's.
    Fairness,
}

/// Whom a figure is divided by.
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
    /// Nobody.
    Nobody,
}

impl Goal {
    const fn new(figure: Figure, against: Against, limit: f64) -> Self {
        Self { figure, against, limit }
    }

    /// At most so many times the time of the best peer.
    #[must_use]
    pub const fn best(limit: f64) -> Self {
        Self::new(Figure::Time, Against::Best, limit)
    }

    /// At most so many times the time of the best of these peers.
    #[must_use]
    pub fn best_of(peers: &[&str], limit: f64) -> Self {
        let peers = peers.iter().map(|&peer| peer.to_owned()).collect();
        Self::new(Figure::Time, Against::BestOf(peers), limit)
    }

    /// At most so many times the time of the floor.
    #[must_use]
    pub const fn floor(limit: f64) -> Self {
        Self::new(Figure::Time, Against::Floor, limit)
    }

    /// At most so many times the processor time of the best peer.
    #[must_use]
    pub const fn cpu(limit: f64) -> Self {
        Self::new(Figure::Cpu, Against::Best, limit)
    }

    /// At most so many times the processor time of the peer that takes the least time. A peer that gives its core away
    /// and waits takes little processor time, and that says nothing for it.
    #[must_use]
    pub const fn cpu_of_fastest(limit: f64) -> Self {
        Self::new(Figure::Cpu, Against::Fastest, limit)
    }

    /// One wait in a hundred takes at most so many times what it takes with the best peer.
    #[must_use]
    pub const fn tail(limit: f64) -> Self {
        Self::new(Figure::Tail, Against::Best, limit)
    }

    /// The slowest thread does at least this part of what the fastest does.
    #[must_use]
    pub const fn fairness(limit: f64) -> Self {
        Self::new(Figure::Fairness, Against::Nobody, limit)
    }
}

impl Row {
    /// A row that `about` describes; `name` is unique in its bench.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, load: None, goals: Vec::new(), contestants: Vec::new() }
    }

    /// What runs beside it.
    #[must_use]
    pub const fn under(mut self, load: Option<Load>) -> Self {
        self.load = load;
        self
    }

    /// What is wanted of ours.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }

    /// The one that is judged: one in each row.
    #[must_use]
    pub fn ours(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Ours, run)
    }

    /// Another of ours.
    #[must_use]
    pub fn beside(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Beside, run)
    }

    /// Somebody to be compared with.
    #[must_use]
    pub fn peer(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Peer, run)
    }

    /// What the hardware asks for.
    #[must_use]
    pub fn floor(self, name: &'static str, run: impl FnMut(&Run) -> Sample + 'static) -> Self {
        self.with(name, Role::Floor, run)
    }

    /// Whether `part` is in its name, or in what runs beside it: `quiet` where nothing does.
    pub(crate) fn is_called(&self, part: &str) -> bool {
        let beside = self.load.map_or("quiet", Load::title);
        format!("{}, {beside}", self.name).contains(part)
    }

    /// Its name, with what runs beside it.
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
