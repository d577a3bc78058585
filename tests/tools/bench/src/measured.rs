//! The result of a row's contest, which is kept as JSON.

use serde::{Deserialize, Serialize};

use crate::machine;
use crate::row::{Against, Figure, Goal, Role, Row};
use crate::sample::Sample;
use crate::statistics::{Estimate, median};

/// A row with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Unique in its bench.
    pub name: String,
    /// `2026-11-21`
    pub date: String,
    /// What was done.
    pub about: String,
    /// The load beside it.
    #[serde(default)]
    pub load: Option<String>,
    /// How many rounds there were.
    pub rounds: Rounds,
    /// The part of all cores that other programs, or the host, had meanwhile.
    pub others: Option<f64>,
    /// How long the contest took.
    pub seconds: f64,
    /// The goal, and the result.
    pub verdicts: Vec<Judged>,
    /// All contestants; ours first.
    pub contestants: Vec<Standing>,
}

/// How many rounds there were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    /// Rounds whose figures count.
    pub used: usize,
    /// Rounds in which a thread waited for a core.
    pub thrown_away: usize,
    /// The part of all runs that were dirty, including repeated ones; `None` with more threads than
    /// cores, and if the system does not say.
    pub dirty: Option<f64>,
    /// Whether the rounds that count are clean ones, and others had hardly any of the cores.
    pub quiet: bool,
}

/// A contestant's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Why it takes part.
    pub role: Role,
    /// Nanoseconds for an operation.
    pub nanoseconds: Estimate,
    /// Ours divided by this, round by round.
    pub ratio: Estimate,
    /// Nanoseconds of processor time for an operation, in all threads together.
    pub cpu: Option<f64>,
    /// Ours divided by this, round by round.
    pub cpu_ratio: Option<Estimate>,
    /// Slowest thread by fastest.
    pub fairness: Option<Estimate>,
    /// One wait in a hundred took longer than this.
    #[serde(default)]
    pub tail: Option<f64>,
    /// Ours divided by this, round by round.
    #[serde(default)]
    pub tail_ratio: Option<Estimate>,
    /// The part of their time for which the threads waited for a core.
    pub waited: Option<f64>,
}

/// A goal and its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// What was wanted.
    pub goal: Goal,
    /// The peer by which the figure was divided in the end.
    pub against: Option<String>,
    /// The result; `None` if the system does not say.
    pub found: Option<Estimate>,
}

impl Judged {
    /// Whether the whole interval is within the limit; `None` if there is no figure.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        let found = self.found?;
        Some(match self.goal.figure {
            Figure::Fairness => found.low >= self.goal.limit,
            Figure::Time | Figure::Cpu | Figure::Tail => found.high <= self.goal.limit,
        })
    }
}

impl Measured {
    pub(crate) fn new(
        row: &Row,
        rounds: &[Vec<Sample>],
        counts: Rounds,
        others: Option<f64>,
        seconds: f64,
    ) -> Self {
        let ours = row.contestants.iter().filter(|contestant| contestant.role == Role::Ours);
        assert_eq!(ours.count(), 1, "one contestant of ours in row `{}`", row.name);
        let first = row.contestants.iter().position(|contestant| contestant.role == Role::Ours);
        let first = first.expect("there is one");
        let mut order = Vec::from_iter(0..row.contestants.len());
        order.sort_by_key(|&i| row.contestants[i].role != Role::Ours); // stable

        let standing = |i: usize| {
            let of = |figure: fn(&Sample) -> f64| rounds.iter().map(move |round| figure(&round[i]));
            let if_told = |figure: fn(&Sample) -> Option<f64>| {
                rounds.iter().map(|round| figure(&round[i])).collect::<Option<Vec<_>>>()
            };
            let ratio = rounds.iter().map(|round| round[first].nanoseconds / round[i].nanoseconds);
            let cpu_ratio = rounds.iter().map(|round| Some(round[first].cpu? / round[i].cpu?));
            let tail_ratio = rounds.iter().map(|round| Some(round[first].tail? / round[i].tail?));
            Standing {
                name: row.contestants[i].name.to_owned(),
                role: row.contestants[i].role,
                nanoseconds: Estimate::of(of(|sample| sample.nanoseconds))
                    .expect("there was a round"),
                ratio: Estimate::of(ratio).expect("there was a round"),
                cpu: if_told(|sample| sample.cpu).and_then(median),
                cpu_ratio: cpu_ratio.collect::<Option<Vec<_>>>().and_then(Estimate::of),
                fairness: if_told(|sample| sample.fairness).and_then(Estimate::of),
                tail: if_told(|sample| sample.tail).and_then(median),
                tail_ratio: tail_ratio.collect::<Option<Vec<_>>>().and_then(Estimate::of),
                waited: if_told(|sample| sample.waited).and_then(median),
            }
        };
        let contestants = Vec::from_iter(order.into_iter().map(standing));
        let verdicts = row.goals.iter().map(|goal| judge(goal, &contestants)).collect();
        Self {
            name: row.title(),
            date: machine::today(),
            about: row.about.to_owned(),
            load: row.load.map(|load| load.title().to_owned()),
            rounds: counts,
            others,
            seconds,
            verdicts,
            contestants,
        }
    }

    /// Ours.
    #[must_use]
    pub fn ours(&self) -> &Standing {
        &self.contestants[0]
    }

    /// The floor, if the row has one.
    #[must_use]
    pub fn floor(&self) -> Option<&Standing> {
        self.contestants.iter().find(|standing| standing.role == Role::Floor)
    }

    /// The peer beside which ours looks worst.
    #[must_use]
    pub fn best_peer(&self) -> Option<&Standing> {
        best(&self.contestants, Figure::Time, |_| true)
    }
}

fn ratio(standing: &Standing, figure: Figure) -> Option<Estimate> {
    match figure {
        Figure::Time => Some(standing.ratio),
        Figure::Cpu => standing.cpu_ratio,
        Figure::Tail => standing.tail_ratio,
        Figure::Fairness => standing.fairness,
    }
}

/// The peer by which ours has the highest ratio.
fn best(
    contestants: &[Standing],
    figure: Figure,
    is_meant: impl Fn(&str) -> bool,
) -> Option<&Standing> {
    let height = |standing: &Standing| ratio(standing, figure).map_or(0.0, |ratio| ratio.median);
    contestants
        .iter()
        .filter(|standing| standing.role == Role::Peer && is_meant(&standing.name))
        .max_by(|a, b| height(a).total_cmp(&height(b)))
}

fn judge(goal: &Goal, contestants: &[Standing]) -> Judged {
    let against = match &goal.against {
        Against::Best => best(contestants, goal.figure, |_| true),
        Against::Fastest => best(contestants, Figure::Time, |_| true),
        Against::BestOf(names) => {
            best(contestants, goal.figure, |name| names.iter().any(|n| n == name))
        }
        Against::Floor => contestants.iter().find(|standing| standing.role == Role::Floor),
        Against::Nobody => None,
    };
    let found = match goal.figure {
        Figure::Fairness => contestants[0].fairness,
        figure => against.and_then(|standing| ratio(standing, figure)),
    };
    Judged { goal: goal.clone(), against: against.map(|standing| standing.name.clone()), found }
}
