//! What the book shows of a run: `book/generated/model.json`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::Reply;
use crate::report::{Counterexample, Verdict};

/// No chapter shows a counterexample with more rows: that of an endless loop has thousands.
const MOST_ROWS: usize = 100;

/// Puts the groups that were run into the file; other groups in it stay.
pub(super) fn write(replies: &[Reply]) -> Result<(), String> {
    // The path that the crate was built at: cargo builds it anew where the folder moves.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../book/generated/model.json");
    let mut groups = read(&path)?;
    for (group, scenarios) in by_group(replies) {
        groups.insert(group, json!({ "scenarios": scenarios }));
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

fn by_group(replies: &[Reply]) -> Map<String, Value> {
    let mut groups = Map::new();
    for reply in replies {
        let Reply::Outcome(outcome) = reply else { continue };
        let Some((group, name)) = outcome.scenario.split_once('/') else { continue };
        let mut scenario = json!({
            "name": name,
            "about": outcome.about,
            "threads": outcome.roles.len(),
            "bound": outcome.bound,
            "executions": outcome.executions,
            "complete": outcome.complete,
            "seconds": (outcome.seconds * 100.0).round() / 100.0,
        });
        if let Verdict::FailsAsItMust(found) = &outcome.verdict
            && found.rows.len() <= MOST_ROWS
        {
            scenario["counterexample"] = counterexample(found);
        }
        let scenarios = groups.entry(group).or_insert_with(|| json!([]));
        scenarios.as_array_mut().expect("made as an array").push(scenario);
    }
    groups
}

/// As a chapter shows it: what each thread does, in words, and where.
fn counterexample(found: &Counterexample) -> Value {
    let rows: Vec<_> = found
        .rows
        .iter()
        .map(|row| json!({ "thread": row.thread, "place": row.place(), "cell": row.cell() }))
        .collect();
    json!({
        "threads": found.threads,
        "rows": rows,
        "sentence": found.sentence,
        "replay": found.replay,
    })
}
