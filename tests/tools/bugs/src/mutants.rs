//! The mistakes that need no source: a wake that is forgotten, a wake of one where all must wake.
//!
//! The model runtime makes them at the place itself, without recompiling, so they are tried at every
//! place that wakes somebody, whether or not somebody thought of a bug there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::models::{self, Site};
use crate::outcome::Outcome;

/// Makes each mistake that is possible where the models of `groups` wake somebody. Returns what became of
/// it, by name.
pub(crate) fn run(root: &Path, groups: &[String]) -> Result<Vec<(String, Outcome)>> {
    let models = models::build(root, "model", &root.join("target"))?;
    // Which scenarios execute a place; a place in a lower layer is executed by many.
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

/// What is wrong to do instead. To wake all where one would do is only slow.
fn changes(operation: &str) -> &'static [&'static str] {
    match operation {
        "wake_one" => &["no-wake"],
        "wake_all" => &["no-wake", "wake-one"],
        _ => &[],
    }
}
