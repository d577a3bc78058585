//! The counts as a Markdown table, and the table as counts.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use crate::figure::Figure;
use crate::goals::Goal;
use crate::measure::{Count, Measured, Setting};

/// What [`Table::to_markdown`] writes and [`Table::from_markdown`] reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) setting: Setting,
    pub(crate) rows: Vec<Row>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) ours: Figure,
    /// With the deadlock detector.
    pub(crate) detected: Figure,
    pub(crate) goal: Option<Goal>,
    /// The simplest code that does the same.
    pub(crate) bare: Option<Figure>,
    /// Text for readers; the parser ignores it.
    pub(crate) peers: String,
}

const COLUMNS: &str = "operation | instructions | goal | with the detector | bare | peers";

/// How the lines of the setting begin.
const SETTING: [&str; 4] = ["compiler", "system", "C library", "valgrind"];

/// What follows a goal that is not reached.
const MISSED: &str = ": missed";

/// The contestant that is not a peer.
const OURS: &str = "ours";
const BARE: &str = "bare";

impl Table {
    pub(crate) fn new(setting: Setting, off: &Measured, on: &Measured) -> Result<Self> {
        let mut rows: Vec<Row> = Vec::new();
        for count in off.0.iter().filter(|count| count.contestant == OURS) {
            let name = &count.row;
            let all = |counts: &'_ Measured| -> Vec<(String, Figure)> {
                let of_row = counts.0.iter().filter(|count| count.row == *name);
                of_row
                    .map(|Count { contestant, figure, .. }| (contestant.clone(), *figure))
                    .collect()
            };
            let figure_of = |counts: &Measured, contestant: &str| {
                all(counts)
                    .into_iter()
                    .find(|(name, _)| name == contestant)
                    .map(|(_, figure)| figure)
            };
            let peers: Vec<_> = all(off)
                .into_iter()
                .filter(|(name, _)| name != OURS && name != BARE)
                .map(|(name, figure)| format!("{name} {figure}"))
                .collect();
            rows.push(Row {
                name: name.clone(),
                ours: count.figure,
                detected: figure_of(on, OURS)
                    .with_context(|| format!("{name}: not counted with the detector"))?,
                goal: count.goal,
                bare: figure_of(off, BARE),
                peers: peers.join(", "),
            });
        }
        Ok(Self { setting, rows })
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut text = String::from(HEADER);
        let Setting { compiler, system, libc, valgrind } = &self.setting;
        for (name, value) in SETTING.iter().zip([compiler, system, libc, valgrind]) {
            _ = writeln!(text, "- {name}: {value}");
        }
        _ = writeln!(text, "\n| {COLUMNS} |\n| :-- | --: | --: | --: | --: | :-- |");
        for Row { name, ours, detected, goal, bare, peers } in &self.rows {
            let goal = match goal {
                Some(goal) if goal.is_reached(*ours, *bare) => goal.to_string(),
                Some(goal) => format!("{goal}{MISSED}"),
                None => String::new(),
            };
            let bare = bare.map(|bare| bare.to_string()).unwrap_or_default();
            _ = writeln!(text, "| {name} | {ours} | {goal} | {detected} | {bare} | {peers} |");
        }
        text
    }

    pub(crate) fn from_markdown(text: &str) -> Result<Self> {
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(&format!("- {name}: ")))
                .map(str::to_owned)
                .with_context(|| format!("does not say which {name} it is of"))
        };
        let [compiler, system, libc, valgrind] = SETTING;
        let setting = Setting {
            compiler: value(compiler)?,
            system: value(system)?,
            libc: value(libc)?,
            valgrind: value(valgrind)?,
        };
        let mut lines = text.lines().skip_while(|line| !line.contains(COLUMNS));
        let rows: Vec<_> = lines
            .by_ref()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| row(line).with_context(|| format!("cannot read this row: {line}")))
            .collect::<Result<_>>()?;
        if rows.is_empty() {
            bail!("has no row");
        }
        Ok(Self { setting, rows })
    }
}

fn row(line: &str) -> Option<Row> {
    let mut cells = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim);
    let (name, ours, goal) = (cells.next()?, cells.next()?, cells.next()?);
    let (detected, bare, peers) = (cells.next()?, cells.next()?, cells.next()?);
    let goal = match goal.strip_suffix(MISSED).unwrap_or(goal) {
        "" => None,
        goal => Some(goal.parse().ok()?),
    };
    let bare = if bare.is_empty() { None } else { Some(bare.parse().ok()?) };
    Some(Row {
        name: name.to_owned(),
        ours: ours.parse().ok()?,
        detected: detected.parse().ok()?,
        goal,
        bare,
        peers: peers.to_owned(),
    })
}

const HEADER: &str = "\
# Instructions per operation

Made by `cargo counts`, held by `cargo counts --check`: an operation that takes more than is written here is a
failure. Counted by valgrind where no thread contends, in a process with a second thread, optimised as it ships;
what the loop around an operation takes is taken off.

- _bare_: the least that does the like: a compare-exchange and a store, one load and a test, a heap without a
  lock.
- _with the detector_: built with the feature `deadlock-detection`.
- _(allocates)_: depends on the C library's allocator, and is held where that is the same.
- The channels among the peers do less than the queues: none counts unfinished items or can be joined.

";

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn setting() -> Setting {
        Setting {
            compiler: "rustc 1.95.0 (abc 2026-04-14)".to_owned(),
            system: "x86_64 linux".to_owned(),
            libc: "glibc 2.36".to_owned(),
            valgrind: "valgrind-3.19.0".to_owned(),
        }
    }

    pub(crate) fn row(name: &str, ours: u64) -> Row {
        Row {
            name: name.to_owned(),
            ours: Figure::whole(ours),
            detected: Figure::whole(2 * ours),
            goal: None,
            bare: Some(Figure::whole(3)),
            peers: "std 15, usync 9.5".to_owned(),
        }
    }

    #[test]
    fn a_table_survives_being_written_down() {
        let mut rows = vec![row("Lock: lock + unlock", 7), row("Queue: put + get", 127)];
        rows[0].goal = Some(Goal::AtMost(10));
        rows[1].bare = None;
        rows[1].peers = String::new();
        let table = Table { setting: setting(), rows };
        assert_eq!(Table::from_markdown(&table.to_markdown()).unwrap(), table);
    }

    #[test]
    fn a_missed_goal_is_said() {
        let goal = Some(Goal::AtMost(10));
        let rows = vec![Row { goal, ..row("Lock: lock + unlock", 11) }];
        let table = Table { setting: setting(), rows };
        let text = table.to_markdown();
        assert!(text.contains("| 11 | ≤ 10: missed |"));
        assert_eq!(Table::from_markdown(&text).unwrap(), table);
    }

    #[test]
    fn what_is_no_table_is_an_error_that_says_what_is_missing() {
        let error = |text: &str| format!("{:#}", Table::from_markdown(text).unwrap_err());
        assert!(error("").contains("which compiler"));
        let table = Table { setting: setting(), rows: vec![row("Lock: lock + unlock", 7)] };
        let text = table.to_markdown();
        assert!(error(&text.replace("| 7 |", "| seven |")).contains("| seven |"));
        assert!(error(text.split("| Lock").next().unwrap()).contains("has no row"));
    }
}
