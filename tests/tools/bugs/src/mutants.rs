//! Mistakes that need no source: a forgotten wake, or a wake of one instead of all.
//!
//! The model runtime makes them at the place itself, without recompiling, so they are tried at
//! every place that wakes a thread, even if it has no seeded bug.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::models::{self, Site};
use crate::outcome::Outcome;

/// Makes each mistake that is possible where the models of `groups` wake a thread. Returns the
/// outcomes, by name.
pub(crate) fn run(root: &Path, groups: &[String]) -> Result<Vec<(String, Outcome)>> {
    let models = models::build(root, "model", &root.join("target"))?;
    // Which scenarios execute a place; many execute a place in a lower layer.
    let mut places: BTreeMap<Site, BTreeSet<String>> = BTreeMap::new();
    for group in groups {
        for (scenario, sites) in models.sites(group)? {
            // A scenario's own calls are not what it checks.
            let shipped = sites.into_iter().filter(|site| !site.file.starts_with("tests/"));
            for site in shipped.filter(|site| !changes(&site.operation).is_empty()) {
                places.entry(site).or_default().insert(scenario.clone());
            }
        }
    }
    let mut outcomes = Vec::new();
    for (site, scenarios) in places {
        for change in changes(&site.operation) {
            let mutant = format!("{}:{}:{}={change}", site.file, site.line, site.column);
            let mut outcome = Outcome::Missed;
            for scenario in &scenarios {
                outcome = models.run(scenario, Some(&mutant))?;
                if !matches!(outcome, Outcome::Missed) {
                    break;
                }
            }
            outcomes.push((mutant, outcome));
        }
    }
    Ok(outcomes)
}

/// The wrong action. Waking all instead of one is only slow, so it is not wrong.
fn changes(operation: &str) -> &'static [&'static str] {
    match operation {
        "wake_one" => &["no-wake"],
        "wake_all" => &["no-wake", "wake-one"],
        _ => &[],
    }
}
