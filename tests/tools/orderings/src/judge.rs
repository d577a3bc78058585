//! The problems, once everything was tried. It compares the source, the executed places, the
//! survivors and the list.

use std::collections::BTreeMap;
use std::fmt;

use crate::listed::Listed;
use crate::models::{Failure, Site};
use crate::source::Place;

/// The result of a weaker ordering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A scenario failed.
    Killed { by: String, kind: String, executions: u64, failure: Failure },
    /// None did.
    Survived(Searched),
    /// It could not be tried.
    Broken(String),
}

/// How far scenarios were searched without a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Searched {
    pub(crate) executions: u64,
    /// Scenarios that were searched to their end.
    pub(crate) whole: usize,
    /// Scenarios that were stopped.
    pub(crate) begun: Vec<String>,
    /// Scenarios that reached a limit of the checker with it.
    pub(crate) limited: Vec<String>,
}

/// A weaker ordering and its result.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) site: Site,
    pub(crate) change: String,
    pub(crate) fate: Fate,
}

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No model notices, and the list has no reason for it.
    Survives { place: Place, change: String },
    /// The list says that no model can notice, and one does.
    ListedButKilled { entry: String, change: String, by: String },
    /// The list names a place that the source does not have.
    ListedButGone { entry: String },
    /// The source has the place, and no model executes it.
    NotExecuted { place: Place },
    /// The list says that no model executes it, and one does.
    ListedButExecuted { entry: String, place: Place },
    /// A model executes a place that the scan of the source does not know.
    NotScanned { site: Site },
    /// It could not be tried.
    Broken { place: String, why: String },
}

/// All problems of the files that `is_wanted` selects.
pub(crate) fn judge(
    places: &[Place],
    executed: &[Site],
    trials: &[Trial],
    listed: &Listed,
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let place_of: BTreeMap<_, _> =
        places.iter().map(|place| ((&*place.file, place.line, place.column), place)).collect();
    let find = |site: &Site| place_of.get(&(&*site.file, site.line, site.column)).copied();
    let site_of = |place: &Place| {
        executed.iter().find(|site| {
            (&site.file, site.line, site.column) == (&place.file, place.line, place.column)
        })
    };

    for trial in trials {
        let Some(place) = find(&trial.site) else { continue };
        let may_survive = listed
            .survivor
            .iter()
            .find(|entry| entry.is(place) && entry.weaker.contains(&trial.change));
        let change = trial.change.clone();
        match (&trial.fate, may_survive) {
            (Fate::Survived(_), None) => {
                problems.push(Problem::Survives { place: place.clone(), change });
            }
            (Fate::Killed { by, .. }, Some(entry)) => {
                let (entry, by) = (entry.to_string(), by.clone());
                problems.push(Problem::ListedButKilled { entry, change, by });
            }
            (Fate::Broken(why), _) => {
                let (place, why) = (trial.site.mutant(&change), why.clone());
                problems.push(Problem::Broken { place, why });
            }
            _ => {}
        }
    }

    for entry in listed.survivor.iter().filter(|entry| is_wanted(&entry.file)) {
        let Some(place) = places.iter().find(|place| entry.is(place)) else {
            problems.push(Problem::ListedButGone { entry: entry.to_string() });
            continue;
        };
        // A place that no model executes is reported as such.
        let Some(site) = site_of(place) else { continue };
        for change in &entry.weaker {
            if !site.weaker().any(|weaker| weaker == change) {
                let entry = format!("{entry} = {change}");
                problems.push(Problem::ListedButGone { entry });
            }
        }
    }

    for entry in listed.not_executed.iter().filter(|entry| is_wanted(&entry.file)) {
        let mut covered = places.iter().filter(|place| entry.covers(place)).peekable();
        if covered.peek().is_none() {
            problems.push(Problem::ListedButGone { entry: entry.to_string() });
        }
        // Of a function that has several, some may be executed.
        if covered.clone().all(|place| site_of(place).is_some())
            && let Some(place) = covered.next()
        {
            let (entry, place) = (entry.to_string(), place.clone());
            problems.push(Problem::ListedButExecuted { entry, place });
        }
    }

    for place in places.iter().filter(|place| is_wanted(&place.file)) {
        let is_listed = || listed.not_executed.iter().any(|entry| entry.covers(place));
        if site_of(place).is_none() && !is_listed() {
            problems.push(Problem::NotExecuted { place: place.clone() });
        }
    }
    for site in executed.iter().filter(|site| is_wanted(&site.file)) {
        if find(site).is_none_or(|place| place.operation != site.text()) {
            problems.push(Problem::NotScanned { site: site.clone() });
        }
    }
    problems
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, function, operation, .. } = self;
        write!(f, "{file}:{line}:{column}  {operation} in `{function}`")
    }
}

impl Problem {
    /// What to do about it, if that is not obvious.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Survives { .. } => Some(
                "An ordering that can be weakened unnoticed: weaken it in the source, or write the scenario that \
                 notices, or list it with the reason.",
            ),
            Self::NotExecuted { .. } => Some(
                "An ordering that is never put to the test: write a scenario, or list it with the reason.",
            ),
            Self::ListedButKilled { .. }
            | Self::ListedButGone { .. }
            | Self::ListedButExecuted { .. } => {
                Some("An entry that no longer holds: take it off the list.")
            }
            Self::NotScanned { .. } | Self::Broken { .. } => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = crate::listed::FILE;
        match self {
            Self::Survives { place, change } => write!(f, "{place}: no model notices {change}"),
            Self::ListedButKilled { entry, change, by } => {
                write!(f, "{entry} = {change} is listed as one that survives, and {by} notices it")
            }
            Self::ListedButGone { entry } => {
                write!(f, "{entry} is listed in {list}, and the source has no such thing")
            }
            Self::NotExecuted { place } => write!(f, "{place}: no model executes it"),
            Self::ListedButExecuted { entry, place } => {
                write!(f, "{entry} is listed as what no model executes, and one executes {place}")
            }
            Self::NotScanned { site } => write!(
                f,
                "{}:{}:{}  {}: a model executes it, and the scan of the source does not know it",
                site.file,
                site.line,
                site.column,
                site.text(),
            ),
            Self::Broken { place, why } => write!(f, "{place} could not be tried: {why}"),
        }
    }
}

#[cfg(test)]
mod tests;
