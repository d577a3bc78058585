//! What the book shows of a run: `book/generated/model.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use generated::model::{FailedExecution, Group, Scenario, Step};
use serde_json::{Map, Value};

use super::Reply;
use crate::report::{Counterexample, Verdict};

/// No chapter shows a counterexample with more rows: that of an endless loop has thousands.
const MOST_ROWS: usize = 100;

/// Puts the groups that were run into the file; other groups in the file stay.
pub(super) fn write(replies: &[Reply]) -> Result<(), String> {
    // The path where the crate was built: cargo rebuilds it if the folder moves.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../book/generated/model.json");
    let mut groups = read(&path)?;
    for (name, group) in by_group(replies) {
        groups.insert(name, serde_json::to_value(group).expect("plain values"));
    }
    let text = serde_json::to_string_pretty(&groups).expect("a map of plain values");
    fs::write(&path, text + "\n").map_err(|error| format!("cannot write model.json: {error}"))
}

fn read(path: &Path) -> Result<Map<String, Value>, String> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| format!("book/generated/model.json is not what it was: {error}")),
        Err(_) => Ok(Map::new()),
    }
}

fn by_group(replies: &[Reply]) -> BTreeMap<String, Group> {
    let mut groups = BTreeMap::new();
    for reply in replies {
        let Reply::Outcome(outcome) = reply else { continue };
        let Some((group, name)) = outcome.scenario.split_once('/') else { continue };
        let counterexample = match &outcome.verdict {
            Verdict::FailsAsItMust(found) if found.rows.len() <= MOST_ROWS => Some(shown(found)),
            _ => None,
        };
        let group = groups.entry(group.to_owned());
        let group = group.or_insert_with(|| Group { scenarios: Vec::new() });
        group.scenarios.push(Scenario {
            name: name.to_owned(),
            about: Some(outcome.about.clone()),
            threads: Some(outcome.roles.len()),
            bound: outcome.bound,
            executions: outcome.executions,
            complete: outcome.complete,
            seconds: Some((outcome.seconds * 100.0).round() / 100.0),
            counterexample,
        });
    }
    groups
}

/// In the form for a chapter: what each thread does, in words, and where.
fn shown(found: &Counterexample) -> FailedExecution {
    let rows = found
        .rows
        .iter()
        .map(|row| Step { thread: row.thread, place: row.place(), cell: row.cell() })
        .collect();
    FailedExecution {
        threads: found.threads.clone(),
        rows,
        sentence: found.sentence.clone(),
        replay: found.replay.clone(),
    }
}
