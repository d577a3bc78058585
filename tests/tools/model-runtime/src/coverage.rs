//! How much of all behaviour loom reaches, counted against a scheduler that prunes nothing.
//!
//! It counts _histories_: for each thread its operations in order, with what each of them read;
//! threads of the same role may be swapped. Two interleavings that differ only in the order of
//! operations that do not see each other have one history.
//!
//! The two must be comparable. The other scheduler ([`interleave`]) has atomics that always
//! hold their newest value, so loom's executions with a stale load are left out. Loom may not
//! reach all of the rest: it remembers only one last access of an atomic, and loses
//! interleavings.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::explore::{self, Limits};
use crate::interleave;
use crate::options::Options;
use crate::scenario::{Group, Scenario};
use crate::world::histories::{Histories, History};
use crate::world::{self, Record, World};

/// With more interleavings than this, a scenario is too large to count.
const MOST_INTERLEAVINGS: u64 = 300_000;

/// The counts of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// `group/name`.
    pub scenario: String,
    /// Interleavings that the scheduler without pruning ran.
    pub interleavings: u64,
    /// Their histories.
    pub histories: usize,
    /// loom's executions, with main in each role in turn.
    pub executions: u64,
    /// The histories of those.
    pub reached: usize,
    /// The histories with main in its first role.
    pub reached_in_first_role: usize,
}

/// Counts all scenarios that are small enough to be counted.
///
/// # Errors
///
/// As [`measure`].
pub fn measure_all(groups: &[Group]) -> Result<Vec<Coverage>, String> {
    let counted = |group: &'_ Group| {
        let counted = group.scenarios.iter().filter(|scenario| scenario.counted);
        counted.map(|scenario| measure(group.name, scenario)).collect::<Vec<_>>()
    };
    groups.iter().flat_map(counted).collect()
}

/// Counts a scenario both ways.
///
/// # Errors
///
/// If an execution fails, if it is too large, or if loom reaches an impossible history: then one of
/// the two is wrong.
pub fn measure(group: &str, scenario: &Scenario) -> Result<Coverage, String> {
    let name = format!("{group}/{}", scenario.name);
    let mut every = histories(scenario, 0);
    let mut failed = None;
    let most = Some(MOST_INTERLEAVINGS);
    let (interleavings, complete) = interleave::every_world(scenario, most, |world, panicked| {
        if let Some(panicked) = panicked {
            failed.get_or_insert(format!(
                "{}:{}: {}",
                panicked.file, panicked.line, panicked.message
            ));
        }
        every.add(world.trace.of_threads());
    });
    if let Some(failed) = failed {
        return Err(format!("{name} fails: {failed}"));
    }
    if !complete {
        return Err(format!(
            "{name} has more than {interleavings} interleavings: too many to count"
        ));
    }

    let mut reached = HashSet::new();
    let mut reached_in_first_role = 0;
    let mut executions = 0;
    for &first in &scenario.rotations {
        let (histories, pass) =
            loom(scenario, first).map_err(|error| format!("{name}: {error}"))?;
        if let Some(odd) = histories.difference(&every.all).next() {
            return Err(format!("{name}: loom reaches what no interleaving has: {odd:?}"));
        }
        executions += pass;
        reached.extend(histories);
        if first == 0 {
            reached_in_first_role = reached.len();
        }
    }
    let (histories, reached) = (every.all.len(), reached.len());
    Ok(Coverage {
        scenario: name,
        interleavings,
        histories,
        executions,
        reached,
        reached_in_first_role,
    })
}

/// All histories that loom reaches with main in one role, any number of preemptions, and its
/// executions.
fn loom(scenario: &Scenario, first: usize) -> Result<(HashSet<History>, u64), String> {
    let mut settings = explore::settings(scenario, &Options::default());
    settings.record = Record::All;
    world::with(|w| {
        *w = World::open(settings);
        w.histories = Some(histories(scenario, first));
    });
    let limits = Limits { bound: None, most_executions: None, most_time: None };
    if let Some(panicked) = explore::check(scenario, first, limits) {
        return Err(format!("loom fails: {}", panicked.message));
    }
    let world = world::with(std::mem::take);
    Ok((world.histories.unwrap_or_default().all, world.execution))
}

/// Where the table is published.
fn file() -> PathBuf {
    // The path where the crate was built: cargo rebuilds it if the folder moves.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("COVERAGE.md")
}

/// The table that is published.
///
/// # Errors
///
/// If there is none.
pub fn published() -> io::Result<String> {
    fs::read_to_string(file())
}

/// Publishes the table.
///
/// # Errors
///
/// If it cannot be written.
pub fn publish(table: &str) -> io::Result<()> {
    fs::write(file(), table)
}

/// The table, as it is published.
#[must_use]
pub fn table(all: &[Coverage]) -> String {
    let mut text = String::from(
        "# How much loom reaches\n\n\
         Generated by `cargo model --coverage`; a model keeps it up to date.\n\n\
         A _history_ is what each thread did and read, in its own order; threads of the same role may be swapped. The\n\
         second column is a brute-force count: a scheduler that runs every interleaving and prunes nothing, on atomics\n\
         that always hold their newest value. Of loom's executions those with a stale load are left out, so that like is\n\
         compared with like. `main in one role` is what loom reaches without the harness, which lets the main thread play\n\
         each role in turn; what it then still misses is in the last column. Each thread may wake up spuriously, and\n\
         time out, as often as the scenario says, in both counts.\n\n",
    );
    let mut rows = vec![
        [
            "scenario",
            "interleavings",
            "histories",
            "loom: executions",
            "main in one role",
            "reached",
            "missed",
        ]
        .map(str::to_owned),
    ];
    rows.extend(all.iter().map(|it| {
        let missed = it.histories - it.reached;
        let share = 100.0 * missed as f64 / it.histories as f64;
        let missed =
            if missed == 0 { "none".to_owned() } else { format!("{missed} ({share:.1} %)") };
        let numbers = [it.histories, it.reached_in_first_role, it.reached];
        let [histories, first, reached] = numbers.map(|n| n.to_string());
        let name = format!("`{}`", it.scenario);
        [
            name,
            it.interleavings.to_string(),
            histories,
            it.executions.to_string(),
            first,
            reached,
            missed,
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<_> = (0..7).map(width).collect();
    for (number, row) in rows.iter().enumerate() {
        let cells =
            row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
                0 => format!(" {cell:<width$} |"),
                _ => format!(" {cell:>width$} |"),
            });
        text += &format!("|{}\n", cells.collect::<String>());
        if number == 0 {
            let rule = widths.iter().enumerate().map(|(column, &width)| match column {
                0 => format!(" {} |", "-".repeat(width)),
                _ => format!(" {}: |", "-".repeat(width - 1)),
            });
            text += &format!("|{}\n", rule.collect::<String>());
        }
    }
    text
}

/// No histories yet, of a scenario with main in the role `first`.
fn histories(scenario: &Scenario, first: usize) -> Histories {
    let roles = scenario.roles.len();
    let kind = |role: usize| scenario.rotations.iter().filter(|&&start| start <= role).count();
    let played = (0..roles).map(|thread| kind((first + thread) % roles));
    // Threads that a role starts keep their number.
    let started = (0..scenario.starts.len()).map(|thread| roles + 1 + thread);
    let roles = played.chain(started).collect();
    Histories::new(roles)
}
