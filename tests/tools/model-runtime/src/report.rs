//! The result of a scenario: for people as a line and a table, for programs as JSON.

mod judge;
mod name;
mod row;
mod source;
mod table;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use self::judge::judge;
pub use self::row::Row;
pub(crate) use self::row::rows;
pub use crate::kind::Kind;
use crate::options::Options;
use crate::scenario::Scenario;
use crate::world::mutant;
use crate::world::reach::Reach;
use crate::world::site::Site;
use crate::world::{self, World};

/// All about one scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// `group/name`: its name on the command line.
    pub scenario: String,
    /// What the scenario shows.
    pub about: String,
    /// The roles, one for each thread.
    pub roles: Vec<String>,
    /// The most preemptions in an execution; `None` for any number.
    pub bound: Option<usize>,
    /// Spurious wake-ups that each thread may have.
    pub spurious: u32,
    /// Timeouts that each thread may have while others could still wake it.
    pub timeouts: u32,
    /// The mutant, if the run had one.
    pub mutant: Option<String>,
    /// Whether the place of the mutant was executed.
    pub mutant_reached: bool,
    /// A pass for each role that main took.
    pub passes: Vec<Pass>,
    /// Executions of all passes.
    pub executions: u64,
    /// Time for all of it.
    pub seconds: f64,
    /// Whether nothing was left to try; not for a failed run.
    pub complete: bool,
    /// What was reached, and how often.
    pub reached: Vec<(String, u64)>,
    /// The executed places.
    pub sites: Vec<SiteReport>,
    /// What it means.
    pub verdict: Verdict,
}

/// The executions with main in one role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pass {
    /// The role of main.
    pub main: String,
    /// How many executions there were.
    pub executions: u64,
    /// How long they took.
    pub seconds: f64,
    /// Whether nothing was left to try.
    pub complete: bool,
}

/// A place in the source that was executed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SiteReport {
    /// The file, from the root of the workspace.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// The operation, by its name in the source.
    pub operation: String,
    /// Its ordering; none for a wake.
    pub order: Option<String>,
    /// The second ordering of a compare-exchange.
    pub failure: Option<String>,
    /// How often it was executed.
    pub executed: u64,
    /// What a mutant can change here.
    pub changes: Vec<String>,
}

/// What a run means.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Verdict {
    /// No execution failed, and everything required was reached.
    Holds,
    /// The scenario was meant to fail, and did.
    FailsAsItMust(Counterexample),
    /// An execution failed.
    Fails(Counterexample),
    /// A required event was never reached, so the scenario does not show what it says.
    Unreached {
        /// What was not.
        missing: Vec<String>,
    },
    /// The scenario has a deliberate mistake, which was not found.
    Missed {
        /// How it should have failed.
        kind: Kind,
    },
    /// The mutant does not fit its place.
    BadMutant {
        /// Why.
        error: String,
    },
}

/// An execution that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counterexample {
    /// What kind of failure.
    pub kind: Kind,
    /// What happened, in a sentence.
    pub sentence: String,
    /// The role of each thread.
    pub threads: Vec<String>,
    /// What the threads did, in order. Empty if no record was wanted.
    pub rows: Vec<Row>,
    /// The command that reproduces it.
    pub replay: String,
}

/// The command that runs a scenario again. The models are one test program; an exercise of the book
/// is its own program.
fn again(scenario: &str) -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let is_test = program.parent().is_some_and(|folder| folder.ends_with("deps"));
    match program.file_stem() {
        Some(name) if !is_test => format!("cargo run --bin {}", name.display()),
        _ => format!("cargo model {scenario}"),
    }
}

impl Outcome {
    pub(crate) fn new(
        group: &str,
        scenario: &Scenario,
        options: &Options,
        passes: Vec<Pass>,
        took: Duration,
    ) -> Self {
        Self {
            scenario: format!("{group}/{}", scenario.name),
            about: scenario.about.to_owned(),
            roles: scenario.cast(0).iter().map(ToString::to_string).collect(),
            bound: scenario.bound,
            spurious: scenario.spurious,
            timeouts: scenario.timeouts,
            mutant: options.mutant.as_ref().map(ToString::to_string),
            mutant_reached: false,
            executions: passes.iter().map(|pass| pass.executions).sum(),
            seconds: took.as_secs_f64(),
            complete: passes.iter().all(|pass| pass.complete),
            passes,
            reached: Vec::new(),
            sites: Vec::new(),
            verdict: Verdict::Holds,
        }
    }

    /// Takes the records of the world.
    pub(crate) fn take_from(&mut self, world: &World, must_reach: &[Reach]) {
        self.reached = world.reached.iter().map(|(what, n)| (what.text().to_owned(), *n)).collect();
        self.sites = world.sites.all.iter().map(SiteReport::new).collect();
        self.mutant_reached = world.sites.mutated.is_some();
        let missing: Vec<_> = must_reach
            .iter()
            .filter(|what| !world.reached.contains_key(what))
            .map(|what| what.text().to_owned())
            .collect();
        if !missing.is_empty() {
            self.verdict = Verdict::Unreached { missing };
        }
    }

    /// Decides on a scenario that is meant to fail.
    pub(crate) fn settle(&mut self, must_fail: Option<Kind>) {
        let Some(kind) = must_fail else { return };
        self.verdict = match std::mem::replace(&mut self.verdict, Verdict::Holds) {
            Verdict::Fails(counterexample) if counterexample.kind == kind => {
                Verdict::FailsAsItMust(counterexample)
            }
            Verdict::Holds | Verdict::Unreached { .. } => Verdict::Missed { kind },
            other => other,
        };
    }

    /// Whether the result is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self.verdict, Verdict::Holds | Verdict::FailsAsItMust(_))
    }

    /// Why the mutant does not fit its place, if it does not.
    pub(crate) fn bad_mutant(&self) -> Option<&str> {
        match &self.verdict {
            Verdict::BadMutant { error } => Some(error),
            _ => None,
        }
    }

    /// The execution that failed, if one did.
    #[must_use]
    pub fn counterexample(&self) -> Option<&Counterexample> {
        match &self.verdict {
            Verdict::Fails(counterexample) | Verdict::FailsAsItMust(counterexample) => {
                Some(counterexample)
            }
            _ => None,
        }
    }
}

impl SiteReport {
    fn new(site: &Site) -> Self {
        Self {
            file: world::file(site.at).to_owned(),
            line: site.at.line(),
            column: site.at.column(),
            operation: site.operation.name().to_owned(),
            order: site.order.map(|order| format!("{order:?}")),
            failure: site.failure.map(|order| format!("{order:?}")),
            executed: site.executed,
            changes: mutant::changes(site).iter().map(ToString::to_string).collect(),
        }
    }
}

/// `file:line:column operation(ordering)`
impl fmt::Display for SiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, operation, order, failure, .. } = self;
        write!(f, "{file}:{line}:{column}  {operation}")?;
        match (order, failure) {
            (Some(order), Some(failure)) => write!(f, "({order}, {failure})"),
            (Some(order), None) => write!(f, "({order})"),
            _ => Ok(()),
        }
    }
}

impl Counterexample {
    pub(crate) fn new(
        outcome: &Outcome,
        world: &World,
        cast: &[&str],
        kind: Kind,
        sentence: String,
    ) -> Self {
        let rows = row::rows(world);
        let mut threads: Vec<_> = cast.iter().map(ToString::to_string).collect();
        // Threads that the program itself started have no role.
        let most = rows.iter().map(|row| row.thread + 1).max().unwrap_or(0);
        while threads.len() < most {
            threads.push("was started".to_owned());
        }
        let mutant = outcome.mutant.as_ref();
        let mutant =
            mutant.map(|mutant| format!("LOCKSMITH_MUTANT='{mutant}' ")).unwrap_or_default();
        Self {
            kind,
            sentence,
            threads,
            rows,
            replay: format!("{mutant}{}", again(&outcome.scenario)),
        }
    }
}
