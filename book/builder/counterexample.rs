//! An execution that failed, as the model checker found it: a table with a column for each thread.
//!
//! It comes from `book/generated/model.json`, which `cargo model --book` writes: a scenario that
//! must fail has the execution that did. The format is in `generated::model`.

use std::fmt::Write;

use generated::model::FailedExecution;
use serde::Deserialize;
use serde_json::Value;

use super::{escape, prose};

/// The table of `group/scenario`.
///
/// # Errors
///
/// What is wrong with `json`: it cannot be read, it has no such scenario, or the scenario does not
/// fail.
pub fn table(json: &str, scenario: &str) -> Result<String, String> {
    let groups: Value =
        serde_json::from_str(json).map_err(|error| format!("not a table of groups: {error}"))?;
    let (group, name) =
        scenario.split_once('/').ok_or(format!("`{scenario}` is not `group/scenario`"))?;
    let found = groups[group]["scenarios"]
        .as_array()
        .and_then(|scenarios| scenarios.iter().find(|scenario| scenario["name"] == name))
        .ok_or(format!("no scenario `{scenario}`; run `cargo model --book {group}`"))?;
    let counterexample = found
        .get("counterexample")
        .ok_or(format!("scenario `{scenario}` has no counterexample: it holds"))?;
    let counterexample = FailedExecution::deserialize(counterexample)
        .map_err(|error| format!("the counterexample of `{scenario}`: {error}"))?;
    if counterexample.rows.is_empty() {
        return Err(format!("the counterexample of `{scenario}` is empty"));
    }
    Ok(html(&counterexample))
}

fn html(found: &FailedExecution) -> String {
    let heads: String = (0..)
        .zip(&found.threads)
        .map(|(thread, role)| format!("<th scope=\"col\">thread {thread}: {}</th>", escape(role)))
        .collect();
    let mut rows = String::new();
    for (step, row) in (1..).zip(&found.rows) {
        let cells: String = (0..found.threads.len())
            .map(|thread| {
                let text = if thread == row.thread { escape(&row.cell) } else { String::new() };
                format!("<td>{text}</td>")
            })
            .collect();
        let _ = writeln!(
            rows,
            "<tr><td>{step}</td><td>{}</td>{cells}</tr>",
            escape(&row.place.replace(".rs:", ":"))
        );
    }
    format!(
        "\n<figure class=\"model counterexample\">\n\
         <figcaption><span>found by the model checker</span> <code>{}</code></figcaption>\n\
         <div class=\"table-wrapper\"><table>\n\
         <thead><tr><th scope=\"col\">step</th><th scope=\"col\">line</th>{heads}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n\
         <p>{}</p>\n</figure>\n\n",
        escape(&found.replay),
        prose(&found.sentence),
    )
}

#[cfg(test)]
mod tests {
    use super::table;

    const FIXTURE: &str = r#"{ "a": { "scenarios": [
        { "name": "holds" },
        { "name": "fails", "counterexample": {
            "threads": ["waits", "sets"],
            "rows": [
                { "thread": 0, "place": "gate.rs:3", "cell": "load word → 0" },
                { "thread": 1, "place": "", "cell": "a < b" } ],
            "sentence": "Lost wake-up: one\nsleeps.", "replay": "cargo model a/fails" } },
        { "name": "empty", "counterexample":
            { "threads": [], "rows": [], "sentence": "", "replay": "" } } ] } }"#;

    #[test]
    fn each_thread_has_a_column_and_each_operation_a_row() {
        let html = table(FIXTURE, "a/fails").unwrap();
        assert!(html.contains(
            "<th scope=\"col\">thread 0: waits</th><th scope=\"col\">thread 1: sets</th>"
        ));
        assert!(html.contains("<td>1</td><td>gate:3</td><td>load word → 0</td><td></td></tr>"));
        assert!(html.contains("<td>2</td><td></td><td></td><td>a &lt; b</td></tr>"));
        assert!(html.contains("<p>Lost wake-up: one sleeps.</p>"));
        assert!(!html.trim().contains("\n\n"), "a blank line would end the block of HTML");
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert!(table(FIXTURE, "a").unwrap_err().contains("`a` is not `group/scenario`"));
        assert!(table(FIXTURE, "a/b").unwrap_err().contains("run `cargo model --book a`"));
        assert!(table(FIXTURE, "c/b").unwrap_err().contains("no scenario `c/b`"));
        assert!(table(FIXTURE, "a/holds").unwrap_err().contains("it holds"));
        assert!(table(FIXTURE, "a/empty").unwrap_err().contains("is empty"));
        assert!(table("[", "a/b").unwrap_err().starts_with("not a table of groups"));
    }
}
