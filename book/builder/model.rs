//! What the model checker did, as a box in a chapter.
//!
//! `cargo model --book` writes `book/generated/model.json`, and the numbers come from nowhere else.
//! The format is in `generated::model`; fields that this reader does not know are left alone.

use std::collections::BTreeMap;
use std::fmt::Write;

use generated::model::{Group, Scenario};
use serde::Deserialize;
use serde_json::Value;

use super::{escape, grouped};

/// What asks for all groups together.
const TOTALS: &str = "all";

/// The box of some models, as one names them for `cargo model`: `lock`, or
/// `listings/gate listings/turnstile`.
///
/// # Errors
///
/// What is wrong with `json`: it cannot be read, it has no such model, or a model in it explored
/// nothing.
pub fn report(json: &str, names: &str) -> Result<String, String> {
    // Only the groups that are asked for must make sense: the others may be of a later date.
    let groups: BTreeMap<String, Value> =
        serde_json::from_str(json).map_err(|error| format!("not a table of groups: {error}"))?;
    if names == TOTALS {
        return totals(&groups);
    }
    let mut chosen = Vec::new();
    for name in names.split_whitespace() {
        let (group, one) = name.split_once('/').map_or((name, None), |(g, one)| (g, Some(one)));
        let mut scenarios = read(&groups, group)?;
        if let Some(one) = one {
            scenarios.retain(|scenario| scenario.name == one);
        }
        if scenarios.is_empty() {
            return Err(format!("no scenario `{name}`; run `cargo model --book {group}`"));
        }
        if let Some(idle) = scenarios.iter().find(|scenario| scenario.executions == 0) {
            return Err(format!("scenario `{}` of group `{group}` explored nothing", idle.name));
        }
        chosen.append(&mut scenarios);
    }
    if chosen.is_empty() {
        return Err("`model` needs a name: `group`, or `group/scenario`".into());
    }
    Ok(table(names, &chosen))
}

fn read(groups: &BTreeMap<String, Value>, group: &str) -> Result<Vec<Scenario>, String> {
    let found = groups.get(group).ok_or_else(|| {
        let names = Vec::from_iter(groups.keys().cloned()).join("`, `");
        let names = if names.is_empty() { "none".into() } else { format!("`{names}`") };
        format!("no group `{group}`; run `cargo model {group}`. The groups there are: {names}")
    })?;
    let Group { scenarios } = Group::deserialize(found)
        .map_err(|error| format!("group `{group}` is not a list of scenarios: {error}"))?;
    if scenarios.is_empty() {
        return Err(format!("group `{group}` has no scenario"));
    }
    Ok(scenarios)
}

fn table(names: &str, scenarios: &[Scenario]) -> String {
    let mut rows = String::new();
    for scenario in scenarios {
        let about = scenario.about.as_deref().map_or(String::new(), |about| {
            format!("<span class=\"model-about\">{}</span>", escape(about))
        });
        let search = match (scenario.complete, scenario.bound) {
            _ if scenario.counterexample.is_some() => "fails, as it must".into(),
            (true, None) => "complete".into(),
            (true, Some(bound)) => format!("complete to {bound} preemptions"),
            (false, _) => "stopped".into(),
        };
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{}{about}</th><td>{}</td><td>{}</td><td>{search}</td>\
             <td>{}</td></tr>",
            escape(&scenario.name.replace(['_', '-'], " ")),
            scenario.threads.map_or("–".into(), |threads| threads.to_string()),
            grouped(scenario.executions),
            scenario.seconds.map_or("–".into(), seconds),
        );
    }
    let executions = grouped(scenarios.iter().map(|scenario| scenario.executions).sum());
    let time = seconds(scenarios.iter().filter_map(|scenario| scenario.seconds).sum());
    let count = |is: fn(&&Scenario) -> bool| scenarios.iter().filter(is).count();
    let complete = count(|scenario| scenario.complete);
    let fail = count(|scenario| scenario.counterexample.is_some());
    let mut search = Vec::new();
    if fail < scenarios.len() {
        search.push(format!("{complete} of {} complete", scenarios.len() - fail));
    }
    if fail > 0 {
        search.push(format!("{fail} of {fail} fail"));
    }
    let search = search.join(", ");
    format!(
        "\n<figure class=\"model\">\n\
         <figcaption><code>cargo model {}</code></figcaption>\n\
         <div class=\"table-wrapper\"><table>\n\
         <thead><tr><th scope=\"col\">scenario</th><th scope=\"col\">threads</th>\
         <th scope=\"col\">executions</th><th scope=\"col\">search</th>\
         <th scope=\"col\">seconds</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n\
         <tfoot><tr><th scope=\"row\">together</th><td></td><td>{executions}</td>\
         <td>{search}</td><td>{time}</td></tr></tfoot>\n\
         </table></div>\n</figure>\n\n",
        escape(names),
    )
}

/// A line a group.
fn totals(groups: &BTreeMap<String, Value>) -> Result<String, String> {
    let mut rows = String::new();
    let mut sums = (0, 0, 0, 0, 0.0);
    for (name, group) in groups {
        let Group { scenarios } = Group::deserialize(group)
            .map_err(|error| format!("group `{name}` is not a list of scenarios: {error}"))?;
        let complete = scenarios.iter().filter(|scenario| scenario.complete).count();
        let failing = scenarios.iter().filter(|scenario| scenario.counterexample.is_some()).count();
        let executions: u64 = scenarios.iter().map(|scenario| scenario.executions).sum();
        let time: f64 = scenarios.iter().filter_map(|scenario| scenario.seconds).sum();
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{complete}</td><td>{failing}</td><td>{}</td>\
             <td>{}</td></tr>",
            escape(&name.replace('_', " ")),
            scenarios.len(),
            grouped(executions),
            seconds(time),
        );
        sums = (
            sums.0 + scenarios.len(),
            sums.1 + complete,
            sums.2 + failing,
            sums.3 + executions,
            sums.4 + time,
        );
    }
    Ok(format!(
        "\n<figure class=\"model\">\n<figcaption><code>cargo model</code></figcaption>\n\
         <div class=\"table-wrapper\"><table>\n\
         <thead><tr><th scope=\"col\">group</th><th scope=\"col\">scenarios</th>\
         <th scope=\"col\">complete</th><th scope=\"col\">with a counterexample</th>\
         <th scope=\"col\">executions</th><th scope=\"col\">seconds</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n\
         <tfoot><tr><th scope=\"row\">together</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\
         </tfoot>\n</table></div>\n</figure>\n\n",
        sums.0,
        sums.1,
        sums.2,
        grouped(sums.3),
        seconds(sums.4),
    ))
}

fn seconds(seconds: f64) -> String {
    if seconds < 0.05 { "&lt; 0.1".into() } else { format!("{seconds:.1}") }
}

#[cfg(test)]
mod tests {
    use super::report;

    /// An example of the format. The numbers are made up and appear in no chapter.
    const FIXTURE: &str = r#"{
        "lock": { "made": "later", "scenarios": [
            { "name": "two-threads", "about": "Two & two.", "threads": 2, "executions": 1234567,
              "complete": true, "seconds": 12.34, "bound": null },
            { "name": "bounded", "threads": 3, "executions": 1, "complete": true, "seconds": 0.01,
              "bound": 3 },
            { "name": "a<b", "executions": 8, "complete": false }
        ] },
        "wrong": { "scenarios": [
            { "name": "lost", "executions": 4, "complete": false, "counterexample": {
                "threads": [], "rows": [], "sentence": "", "replay": "" } }
        ] },
        "empty": { "scenarios": [] },
        "idle": { "scenarios": [ { "name": "alone", "executions": 0, "complete": true } ] },
        "odd": 7
    }"#;

    #[test]
    fn a_group_becomes_a_table_with_a_line_of_totals() {
        let html = report(FIXTURE, "lock").unwrap();
        let cells = html.replace('\u{202f}', " ");
        assert!(cells.contains(
            "<th scope=\"row\">two threads<span class=\"model-about\">Two &amp; two.</span></th>\
             <td>2</td><td>1 234 567</td><td>complete</td><td>12.3</td>"
        ));
        assert!(cells.contains("<td>1</td><td>complete to 3 preemptions</td><td>&lt; 0.1</td>"));
        assert!(cells.contains("a&lt;b</th><td>–</td><td>8</td><td>stopped</td><td>–</td>"));
        assert!(cells.contains("<td>1 234 576</td><td>2 of 3 complete</td><td>12.3</td>"));
        assert!(!html.trim().contains("\n\n"), "a blank line would end the block of HTML");
    }

    #[test]
    fn all_groups_are_counted_together() {
        let groups = r#"{ "a": { "scenarios": [
            { "name": "x", "executions": 1200, "complete": true, "seconds": 2.0 },
            { "name": "y", "executions": 3, "complete": false, "counterexample": {
                "threads": [], "rows": [], "sentence": "", "replay": "" } } ] },
            "b_c": { "scenarios": [ { "name": "z", "executions": 1, "complete": true } ] } }"#;
        let html = report(groups, "all").unwrap().replace('\u{202f}', " ");
        let row =
            "<th scope=\"row\">a</th><td>2</td><td>1</td><td>1</td><td>1 203</td><td>2.0</td>";
        assert!(html.contains(row), "{html}");
        assert!(
            html.contains("<td>3</td><td>2</td><td>1</td><td>1 204</td><td>2.0</td></tr>"),
            "{html}"
        );
    }

    #[test]
    fn a_missing_group_says_how_to_get_it() {
        let error = report(FIXTURE, "condition").unwrap_err();
        assert!(error.starts_with("no group `condition`; run `cargo model condition`."), "{error}");
        assert!(error.ends_with("`empty`, `idle`, `lock`, `odd`, `wrong`"), "{error}");
    }

    #[test]
    fn single_models_may_be_chosen_and_some_must_fail() {
        let html = report(FIXTURE, "lock/bounded wrong/lost").unwrap();
        assert!(html.contains("<code>cargo model lock/bounded wrong/lost</code>"), "{html}");
        assert!(!html.contains("two threads"), "{html}");
        assert!(html.contains("<td>4</td><td>fails, as it must</td>"), "{html}");
        assert!(html.contains("<td>5</td><td>1 of 1 complete, 1 of 1 fail</td>"), "{html}");
        let error = report(FIXTURE, "lock/three").unwrap_err();
        assert_eq!(error, "no scenario `lock/three`; run `cargo model --book lock`");
        assert!(report(FIXTURE, "").unwrap_err().starts_with("`model` needs a name"));
    }

    #[test]
    fn a_model_that_explored_nothing_is_no_result() {
        assert_eq!(report(FIXTURE, "empty").unwrap_err(), "group `empty` has no scenario");
        assert!(report(FIXTURE, "idle").unwrap_err().contains("`alone` of group `idle`"));
        assert!(report(FIXTURE, "odd").unwrap_err().contains("group `odd` is not a list"));
        assert!(report("[]", "lock").unwrap_err().starts_with("not a table of groups"));
    }
}
