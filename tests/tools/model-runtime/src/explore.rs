//! Runs a scenario: main in each role, until loom has nothing left to try or something fails.
//!
//! A failure is looked at twice. The first time only its number is kept; the search is
//! deterministic, so it is run once more up to that number, and only that execution is recorded.
//! Recording all executions would make each several times slower, and all records but one would be
//! discarded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::options::Options;
use crate::panicked::{Panicked, quietly};
use crate::report::{self, Counterexample, Outcome, Pass, Verdict};
use crate::scenario::{Group, Scenario};
use crate::world::{self, Record, Settings, World};

/// After this many branches an execution counts as endless. The longest scenario here has a few
/// hundred.
const MOST_BRANCHES: usize = 20_000;

/// Executions between two looks at the clock.
const LOOK_AT_CLOCK_EVERY: usize = 256;

/// Explores a scenario of the group `group`.
#[must_use]
pub fn explore(group: &str, scenario: &Scenario, options: &Options) -> Outcome {
    let began = Instant::now();
    world::with(|w| *w = World::open(settings(scenario, options)));
    let mut passes = Vec::new();
    let mut failed = None;
    for &first in &scenario.rotations {
        let left = options.most_time.map(|most| most.saturating_sub(began.elapsed()));
        let (pass, panicked) = pass(scenario, first, options.most_executions, left);
        passes.push(pass);
        if let Some(panicked) = panicked {
            failed = Some((first, panicked));
            break;
        }
    }

    let mut outcome = Outcome::new(group, scenario, options, passes, began.elapsed());
    world::with(|w| outcome.take_from(w, &scenario.must_reach));
    if let Some((first, panicked)) = failed {
        outcome.verdict = verdict(&outcome, scenario, options, first, panicked);
    }
    outcome.settle(scenario.must_fail);
    outcome
}

pub(crate) fn settings(scenario: &Scenario, options: &Options) -> Settings {
    Settings {
        spurious: scenario.spurious,
        timeouts: scenario.timeouts,
        deaths: scenario.deaths,
        spin: scenario.spin,
        impatient: scenario.impatient,
        mutant: options.mutant.clone(),
        record: Record::None,
    }
}

/// All executions with main in one role.
fn pass(
    scenario: &Scenario,
    first: usize,
    most_executions: Option<u64>,
    most_time: Option<Duration>,
) -> (Pass, Option<Panicked>) {
    let began = Instant::now();
    let limits = Limits { bound: scenario.bound, most_executions, most_time };
    let failed = check(scenario, first, limits);
    let executions = world::with(|w| w.execution);
    // loom stops silently.
    let stopped = most_executions.is_some_and(|most| executions >= most)
        || most_time.is_some_and(|most| began.elapsed() >= most);
    let pass = Pass {
        main: scenario.roles[first].to_owned(),
        executions,
        seconds: began.elapsed().as_secs_f64(),
        complete: failed.is_none() && !stopped,
    };
    (pass, failed)
}

/// Judges the failure that was just found with main in the role `first`.
fn verdict(
    outcome: &Outcome,
    scenario: &Scenario,
    options: &Options,
    first: usize,
    panicked: Panicked,
) -> Verdict {
    let cast = scenario.cast(first);
    let mut failed = (world::with(std::mem::take), panicked);
    let kind = match report::judge(&failed.0, &failed.1, &cast) {
        Ok((kind, _)) => kind,
        Err(error) => return Verdict::BadMutant { error },
    };
    if !options.no_trace {
        let settings = settings(scenario, options);
        let simplest = simplest(scenario, first, &settings, |failed| {
            report::judge(&failed.0, &failed.1, &cast).is_ok_and(|found| found.0 == kind)
        });
        let execution = failed.0.execution;
        let again =
            simplest.or_else(|| record(scenario, first, scenario.bound, settings, execution));
        failed = again.unwrap_or(failed);
    }
    match report::judge(&failed.0, &failed.1, &cast) {
        Ok((kind, sentence)) => {
            Verdict::Fails(Counterexample::new(outcome, &failed.0, &cast, kind, sentence))
        }
        Err(error) => Verdict::BadMutant { error },
    }
}

/// A world in which an execution failed, and how.
type Failed = (World, Panicked);

/// The search finds any failing execution first; people want to see the simplest one. So look for
/// the same failure with fewer preemptions, spurious wake-ups and timeouts, briefly.
fn simplest(
    scenario: &Scenario,
    first: usize,
    settings: &Settings,
    is_the_same: impl Fn(&Failed) -> bool,
) -> Option<Failed> {
    const A_LITTLE_WHILE: u64 = 5_000;
    for bound in 0..=2 {
        for (spurious, timeouts) in [(0, 0), (0, settings.timeouts), (settings.spurious, 0)] {
            let settings = Settings { spurious, timeouts, ..settings.clone() };
            let bound = Some(bound);
            let limits = Limits { bound, most_executions: Some(A_LITTLE_WHILE), most_time: None };
            world::with(|w| *w = World::open(settings.clone()));
            if check(scenario, first, limits).is_some() {
                let execution = world::with(|w| w.execution);
                let failed = record(scenario, first, bound, settings, execution);
                if failed.as_ref().is_some_and(&is_the_same) {
                    return failed;
                }
            }
        }
    }
    None
}

/// Runs up to the execution that failed, and records it.
fn record(
    scenario: &Scenario,
    first: usize,
    bound: Option<usize>,
    settings: Settings,
    execution: u64,
) -> Option<Failed> {
    let settings = Settings { record: Record::One(execution), ..settings };
    world::with(|w| *w = World::open(settings));
    let limits = Limits { bound, most_executions: None, most_time: None };
    let panicked = check(scenario, first, limits)?;
    let world = world::with(std::mem::take);
    // Any other execution would mean that the scenario is not deterministic; no table is better
    // than a wrong one.
    (world.execution == execution).then_some((world, panicked))
}

/// How far to search.
pub(crate) struct Limits {
    pub(crate) bound: Option<usize>,
    pub(crate) most_executions: Option<u64>,
    pub(crate) most_time: Option<Duration>,
}

/// Runs loom on it, with the settings of the world. Returns the panic that ended it, if one did.
pub(crate) fn check(scenario: &Scenario, first: usize, limits: Limits) -> Option<Panicked> {
    let Limits { bound, most_executions, most_time } = limits;
    let recording = world::with(|w| {
        w.execution = 0;
        w.settings.record != Record::None
    });
    let mut builder = loom::model::Builder::new();
    builder.max_threads = loom::MAX_THREADS;
    builder.max_branches = MOST_BRANCHES;
    builder.preemption_bound = bound;
    // loom counts from 1, and checks before it runs.
    let most = |n| usize::try_from(n).unwrap_or(usize::MAX).saturating_add(1);
    builder.max_permutations = most_executions.map(most);
    builder.max_duration = most_time;
    builder.checkpoint_file = None;
    builder.checkpoint_interval = if most_executions.is_some() { 1 } else { LOOK_AT_CLOCK_EVERY };
    builder.expect_explicit_explore = false;
    builder.location = recording; // so that a data race names both places
    builder.log = false;
    let execute = Arc::clone(&scenario.execute);
    quietly(move || builder.check(move || execute(first)))
}

impl Group {
    /// Explores its scenarios, one after the other, in this process.
    #[must_use]
    pub fn outcomes(&self, options: &Options) -> Vec<Outcome> {
        self.scenarios.iter().map(|scenario| explore(self.name, scenario, options)).collect()
    }
}
