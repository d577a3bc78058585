//! The results as Markdown: a table for each group, with the goal and the figure side by side, and
//! the details.

use std::fmt::Write;

use crate::bench::Named;
use crate::measured::{Judged, Measured, Standing};
use crate::results::{GROUPS, Results};
use crate::row::Role;
use crate::text::{estimate, found, goal, nanoseconds, per_cent, ratio};

/// The whole document.
#[must_use]
pub fn markdown(results: &Results, benches: &[Named]) -> String {
    let mut text = String::from("<!-- `cargo results` writes this from results.json. -->\n\n");
    text += &about(results);
    for (group, title) in GROUPS {
        let rows = Vec::from_iter(results.rows(benches, group));
        if rows.is_empty() {
            continue;
        }
        let _ = write!(text, "\n## {title}\n\n{}\n", table(&rows));
        let _ = writeln!(text, "![Ours by each peer: {title}]({group}.svg)\n");
        text += "<details>\n<summary>All contestants in every row</summary>\n\n";
        for (bench, row) in rows {
            text += &details(bench, row);
        }
        text += "</details>\n";
    }
    text
}

/// The machine, the date, the peers; and how many goals are reached.
fn about(results: &Results) -> String {
    let machine = &results.machine;
    let (first, last) = results.dates();
    let dates = if first == last { first.to_owned() } else { format!("{first} to {last}") };
    let versions = results.versions.iter().map(|(name, version)| format!("{name} {version}"));
    let versions = Vec::from_iter(versions).join(", ");
    let reached = results.judged().filter(|verdict| verdict.reached() == Some(true)).count();
    let all = results.judged().count();
    let mut text = format!(
        "Measured {dates} on {}, {} cores{}, {}, {}, beside {versions}.\n\n\
         {reached} of {all} goals are reached. A figure is ours divided by the peer's, the median over the \
         rounds, with an interval that holds the true median with a probability of 95 %; a goal is reached \
         if the whole interval is within it.\n",
        machine.processor,
        machine.cores,
        if machine.is_virtual { " of a virtual machine" } else { "" },
        machine.kernel,
        results.rustc,
    );
    let all_rows = || results.benches.iter().flat_map(|bench| &bench.rows);
    let loud = all_rows().filter(|row| !row.rounds.quiet).count();
    if loud > 0 {
        let _ = write!(
            text,
            "\n**Not every row was quiet**: in {loud} of {} rows threads waited for a core in most rounds, or others had \
             much of the cores. These figures say less; they are marked.\n",
            all_rows().count()
        );
    }
    text
}

fn table(rows: &[(&str, &Measured)]) -> String {
    let mut text = String::from(
        "| row | goal | found | ours, ns | best peer, ns | floor, ns | fairness | CPU, ns: ours, best peer \
         | disturbed |\n| --- | --- | --- | --: | --: | --: | --: | --: | --- |\n",
    );
    for (bench, row) in rows {
        let ours = row.ours();
        let peer = row.best_peer();
        let time = |standing: &Standing| nanoseconds(standing.nanoseconds.median);
        let goals = row.verdicts.iter().map(|verdict| goal(&verdict.goal));
        let found = row
            .verdicts
            .iter()
            .map(|verdict| format!("{} {}", mark(verdict), shown(&found(verdict))));
        let without_a_goal =
            || peer.map(|peer| format!("{} × {}", estimate(peer.ratio), shown(&peer.name)));
        let found = Vec::from_iter(found).join("<br>");
        let cpu = |standing: &Standing| standing.cpu.map_or("–".into(), nanoseconds);
        let _ = writeln!(
            text,
            "| {bench}: {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.name,
            or_dash(Vec::from_iter(goals).join("<br>")),
            if found.is_empty() { or_dash(without_a_goal().unwrap_or_default()) } else { found },
            time(ours),
            peer.map_or("–".into(), time),
            row.floor().map_or("–".into(), time),
            ours.fairness.map_or("–".into(), |fairness| ratio(fairness.median)),
            peer.map_or_else(|| cpu(ours), |peer| format!("{}, {}", cpu(ours), cpu(peer))),
            disturbed(row),
        );
    }
    text
}

/// A name as Markdown shows it: `Mutex<Vec>` is not a tag.
fn shown(name: &str) -> String {
    name.replace('<', "&lt;").replace('>', "&gt;")
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "–".into() } else { text }
}

fn mark(verdict: &Judged) -> &'static str {
    match verdict.reached() {
        Some(true) => "✓",
        Some(false) => "✗ **missed**:",
        None => "?",
    }
}

/// How much of the cores others had, and the consequence.
fn disturbed(row: &Measured) -> String {
    let rounds = row.rounds;
    let mut text = match (rounds.dirty, row.others) {
        (Some(dirty), _) => format!("{} of runs", per_cent(dirty)),
        (None, Some(others)) => format!("others had {}", per_cent(others)),
        (None, None) => "not known".to_owned(),
    };
    if rounds.thrown_away > 0 {
        let all = rounds.used + rounds.thrown_away;
        let _ = write!(text, ", {} of {all} rounds thrown away", rounds.thrown_away);
    }
    if !rounds.quiet {
        text += ", **not quiet**";
    }
    text
}

/// A row with all contestants.
fn details(bench: &str, row: &Measured) -> String {
    let mut text = format!(
        "{bench}: {}. {} rounds.\n\n| | ns [interval] | ours by it [interval] | CPU, ns | fairness \
         | without a core |\n| --- | --: | --: | --: | --: | --: |\n",
        row.about, row.rounds.used
    );
    for standing in &row.contestants {
        let name = shown(&standing.name);
        let name = match standing.role {
            Role::Ours => format!("**{name}**"),
            Role::Beside | Role::Peer => name,
            Role::Floor => format!("floor: {name}"),
        };
        let time = standing.nanoseconds;
        let _ = writeln!(
            text,
            "| {name} | {} [{}, {}] | {} | {} | {} | {} |",
            nanoseconds(time.median),
            nanoseconds(time.low),
            nanoseconds(time.high),
            if standing.role == Role::Ours { "–".into() } else { estimate(standing.ratio) },
            standing.cpu.map_or("–".into(), nanoseconds),
            standing.fairness.map_or("–".into(), estimate),
            standing.waited.map_or("–".into(), per_cent),
        );
    }
    text + "\n"
}
