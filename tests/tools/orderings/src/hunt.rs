//! Runs the models: once as the source is, and then with each weaker ordering until one of them
//! notices.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use anyhow::{Result, bail};

use crate::judge::{Fate, Searched, Trial};
use crate::models::{Failure, Job, Models, Outcome, Site, Verdict, Worker};

/// The results of the models without a mutant.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    /// All places in the shipped crates.
    pub(crate) sites: Vec<Site>,
    /// The scenarios that execute each, by its number, the cheapest first.
    scenarios: Vec<Vec<String>>,
}

/// How far to search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// After this many executions with main in one role, a scenario is stopped.
    pub(crate) executions: Option<u64>,
    /// Worker processes.
    pub(crate) jobs: NonZero<usize>,
    /// Whether to record the executions that fail, and to look for short ones.
    pub(crate) record: bool,
}

impl Limits {
    /// How far to search for a mutant that was not noticed yet.
    fn further(self) -> Self {
        const TIMES: u64 = 20;
        Self { executions: self.executions.map(|most| most.saturating_mul(TIMES)), ..self }
    }
}

/// Runs all scenarios once.
pub(crate) fn baseline(
    models: &Models,
    names: &[String],
    limits: Limits,
    step: impl Fn(&str) + Sync,
) -> Result<Baseline> {
    let outcomes = in_parallel(
        limits.jobs,
        names,
        |name, worker: &mut Worker<'_>| {
            let job = job(name, None, limits);
            let outcome = worker.run(&job);
            step(name);
            outcome
        },
        || Worker::new(models),
    );
    let mut right = Vec::new();
    for outcome in outcomes {
        let Some(outcome) = outcome? else { continue };
        match &outcome.verdict {
            Verdict::Holds => right.push(*outcome),
            // A stopped search may not have reached everything in the scenario.
            Verdict::Unreached(_) if !outcome.complete => right.push(*outcome),
            // Deliberately wrong: it would fail with any ordering.
            Verdict::FailsAsItMust(_) => {}
            // Nor was it searched far enough to fail.
            Verdict::Missed(_) if !outcome.complete => {}
            Verdict::Fails(failure) => {
                bail!("{} fails as it is: {}", outcome.scenario, failure.sentence)
            }
            other => {
                bail!("{} is not right as it is ({other:?}): see cargo model", outcome.scenario)
            }
        }
    }
    Ok(Baseline::of(right))
}

impl Baseline {
    fn of(mut outcomes: Vec<Outcome>) -> Self {
        outcomes.sort_by_key(|outcome| (!outcome.complete, outcome.executions));
        let mut scenarios: BTreeMap<Site, Vec<String>> = BTreeMap::new();
        for outcome in &outcomes {
            let sites: BTreeSet<_> = outcome
                .sites
                .iter()
                .filter(|site| site.order.is_some() && ships(&site.file))
                .collect();
            for site in sites {
                scenarios.entry(site.clone()).or_default().push(outcome.scenario.clone());
            }
        }
        let (sites, scenarios) = scenarios.into_iter().unzip();
        Self { sites, scenarios }
    }

    /// Whether a scenario executes one of these files.
    pub(crate) fn executes(&self, scenario: &str, files: &BTreeSet<String>) -> bool {
        self.sites.iter().zip(&self.scenarios).any(|(site, scenarios)| {
            files.contains(&site.file) && scenarios.iter().any(|name| name == scenario)
        })
    }

    /// The groups whose scenarios execute a file.
    pub(crate) fn groups_of(&self, file: &str) -> BTreeSet<&str> {
        (0..self.sites.len())
            .filter(|&number| self.sites[number].file == file)
            .flat_map(|number| &self.scenarios[number])
            .filter_map(|scenario| scenario.split('/').next())
            .collect()
    }
}

fn ships(file: &str) -> bool {
    model::changed::module(file).is_some()
}

/// Makes each place that `is_wanted` selects weaker in each way. `began` and `ended` observe the
/// tries.
pub(crate) fn hunt(
    models: &Models,
    baseline: &Baseline,
    limits: Limits,
    is_wanted: impl Fn(&Site) -> bool,
    began: impl Fn(&Site, &str) + Sync,
    ended: impl Fn(&Trial) + Sync,
) -> Vec<Trial> {
    let mutants: Vec<_> = (0..baseline.sites.len())
        .filter(|&number| is_wanted(&baseline.sites[number]))
        .flat_map(|number| baseline.sites[number].weaker().map(move |change| (number, change)))
        .collect();
    in_parallel(
        limits.jobs,
        &mutants,
        |&(number, change), worker: &mut Worker<'_>| {
            let site = &baseline.sites[number];
            began(site, change);
            let fate = try_one(worker, site, change, &baseline.scenarios[number], limits);
            let trial = Trial { site: site.clone(), change: change.to_owned(), fate };
            ended(&trial);
            trial
        },
        || Worker::new(models),
    )
}

/// Runs the scenarios with a weaker ordering until one fails. Those that were stopped are searched
/// further only when all have been tried: a small scenario finds most weaker orderings.
fn try_one(
    worker: &mut Worker<'_>,
    site: &Site,
    change: &str,
    scenarios: &[String],
    limits: Limits,
) -> Fate {
    let mutant = site.mutant(change);
    let mut searched = Searched::default();
    let mut reached = false;
    let mut left = scenarios.to_vec();
    for limits in [limits, limits.further()] {
        for scenario in std::mem::take(&mut left) {
            let outcome = match worker.run(&job(&scenario, Some(&mutant), limits)) {
                Ok(Some(outcome)) => outcome,
                Ok(None) => continue,
                Err(error) => return Fate::Broken(format!("{error:#}")),
            };
            reached |= outcome.mutant_reached;
            searched.executions += outcome.executions;
            match outcome.verdict {
                // A limit of the checker is not a mistake of the source.
                Verdict::Fails(failure) if failure.kind == "limit" => {
                    searched.limited.push(scenario);
                }
                Verdict::Fails(failure) => {
                    let kind = failure.kind.replace('_', " ");
                    let executions = searched.executions;
                    let (by, failure) = match limits.record {
                        true => shorter(worker, &mutant, (scenario, failure), scenarios, limits),
                        false => (scenario, failure),
                    };
                    return Fate::Killed { by, kind, executions, failure };
                }
                Verdict::BadMutant { error } => return Fate::Broken(error),
                // Only a counterexample is a verdict on the ordering.
                _ if outcome.complete => searched.whole += 1,
                _ => left.push(scenario),
            }
        }
    }
    searched.begun = left;
    match reached {
        true => Fate::Survived(searched),
        // This does not count as a search: the ordering kept its full strength.
        false => Fate::Broken("no scenario came to the place".to_owned()),
    }
}

/// The shortest failure that a few more scenarios have: the cheapest scenario need not have it.
fn shorter(
    worker: &mut Worker<'_>,
    mutant: &str,
    found: (String, Failure),
    scenarios: &[String],
    limits: Limits,
) -> (String, Failure) {
    /// It does not look for a shorter one.
    const SHORT: usize = 16;
    const TRIES: usize = 6;
    const EXECUTIONS: u64 = 2_000;
    let limits = Limits { executions: Some(EXECUTIONS), ..limits };
    let mut best = found;
    let others: Vec<_> =
        scenarios.iter().filter(|name| **name != best.0).take(TRIES).cloned().collect();
    for scenario in others {
        if best.1.rows.len() <= SHORT {
            break;
        }
        let outcome = worker.run(&job(&scenario, Some(mutant), limits));
        if let Ok(Some(outcome)) = outcome
            && let Verdict::Fails(failure) = outcome.verdict
            // One mistake can look different elsewhere; a limit of the checker is not a mistake.
            && failure.kind == best.1.kind
            && failure.rows.len() < best.1.rows.len()
        {
            best = (scenario, failure);
        }
    }
    best
}

fn job<'a>(name: &'a str, mutant: Option<&'a str>, limits: Limits) -> Job<'a> {
    let most_executions = limits.executions;
    Job { name, mutant, most_executions, most_seconds: None, no_trace: !limits.record }
}

/// `work` on each item, several at a time, each worker with its own `tool`. Results are in the
/// order of the items.
fn in_parallel<T: Sync, R: Send, W>(
    jobs: NonZero<usize>,
    items: &[T],
    work: impl Fn(&T, &mut W) -> R + Sync,
    tool: impl Fn() -> W + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.get().min(items.len()))
            .map(|_| {
                scope.spawn(|| {
                    let mut tool = tool();
                    let mut results = Vec::new();
                    loop {
                        // Relaxed: a number that is handed out once.
                        let place = next.fetch_add(1, Relaxed);
                        let Some(item) = items.get(place) else { return results };
                        results.push((place, work(item, &mut tool)));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker panicked")).collect()
    });
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(scenario: &str, executions: u64, complete: bool, file: &str) -> Outcome {
        let site = |order: Option<&str>, line| Site {
            file: file.to_owned(),
            line,
            column: 1,
            operation: "load".to_owned(),
            order: order.map(str::to_owned),
            failure: None,
            changes: Vec::new(),
        };
        Outcome {
            scenario: scenario.to_owned(),
            executions,
            complete,
            mutant_reached: false,
            sites: vec![site(Some("Acquire"), 1), site(None, 2)],
            verdict: Verdict::Holds,
        }
    }

    #[test]
    fn the_cheapest_scenario_comes_first_and_those_that_do_not_end_last() {
        let baseline = Baseline::of(vec![
            outcome("lock/endless", 1, false, "primitives/src/lock.rs"),
            outcome("lock/dear", 9, true, "primitives/src/lock.rs"),
            outcome("queue/cheap", 2, true, "primitives/src/lock.rs"),
            outcome("lock/elsewhere", 2, true, "tests/cases/lock/models.rs"),
        ]);
        assert_eq!(baseline.sites.len(), 1, "no wake, and nothing but what ships");
        assert_eq!(baseline.scenarios, [["queue/cheap", "lock/dear", "lock/endless"]]);
        let groups = baseline.groups_of("primitives/src/lock.rs");
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["lock", "queue"]);
    }

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<_> = (0..100).collect();
        let twice = in_parallel(NonZero::new(3).unwrap(), &items, |n, ()| n * 2, || ());
        assert_eq!(twice, (0..100).map(|n| n * 2).collect::<Vec<_>>());
    }
}
