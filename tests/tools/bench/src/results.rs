//! The results as a whole: what `book/generated/bench/results.json` holds.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::bench::Named;
use crate::machine::Machine;
use crate::measured::{Judged, Measured};

/// The groups, with their titles.
pub const GROUPS: [(&str, &str); 9] = [
    ("locks", "Locks"),
    ("sync", "Semaphores, events, conditions, barriers"),
    ("queues", "Queues"),
    ("busy", "On a busy machine"),
    ("one_core", "On one core"),
    ("timers", "Timers"),
    ("python", "Beside Python"),
    ("processes", "Between processes"),
    ("tasks", "Tasks across machines"),
];

/// Crates whose versions belong to the results.
const PEERS: [&str; 17] = [
    "apalis-redis",
    "async-channel",
    "async-lock",
    "crossbeam-channel",
    "crossfire",
    "event-listener",
    "flume",
    "futures-lite",
    "hurdles",
    "kanal",
    "parking_lot",
    "pollster",
    "procspawn",
    "rapidfire",
    "rtrb",
    "tokio",
    "usync",
];

/// All figures, and the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Where.
    pub machine: Machine,
    /// `rustc --version`
    pub rustc: String,
    /// The peers' versions, by name.
    pub versions: BTreeMap<String, String>,
    /// The benches, by name.
    pub benches: Vec<Figures>,
}

/// What was measured of one bench.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The folder in `tests/cases`.
    pub name: String,
    /// In the order of the file.
    pub rows: Vec<Measured>,
}

impl Results {
    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn read(json: &str, benches: &[Named]) -> Result<Self> {
        let results: Self = serde_json::from_str(json)?;
        for bench in &results.benches {
            if Named::find(benches, &bench.name).is_none() {
                bail!("there is no bench `{}` any more: run `cargo results`", bench.name);
            }
        }
        Ok(results)
    }

    /// As JSON, a line for each figure, so that a difference can be read.
    ///
    /// # Errors
    ///
    /// No known row.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The figures of a row, if it was measured.
    #[must_use]
    pub fn row(&self, bench: &str, title: &str) -> Option<&Measured> {
        let bench = self.benches.iter().find(|figures| figures.name == bench)?;
        bench.rows.iter().find(|row| row.name == title)
    }

    /// Replaces the row of that name, or inserts it in its place among `titles`, the rows that the
    /// bench has. What is not among them is dropped: there is no such row any more.
    pub fn put(&mut self, bench: &str, titles: &[String], row: Measured) {
        if !self.benches.iter().any(|figures| figures.name == bench) {
            self.benches.push(Figures { name: bench.to_owned(), rows: Vec::new() });
            self.benches.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let figures = self.benches.iter_mut().find(|figures| figures.name == bench);
        let rows = &mut figures.expect("it is there now").rows;
        let place = |row: &Measured| titles.iter().position(|title| *title == row.name);
        rows.retain(|other| other.name != row.name && place(other).is_some());
        rows.push(row);
        rows.sort_by_key(place);
    }

    /// The rows of a group with the titles of their benches.
    pub fn rows(
        &self,
        benches: &[Named],
        group: &str,
    ) -> impl Iterator<Item = (&'static str, &Measured)> {
        self.benches
            .iter()
            .filter_map(move |figures| Some((Named::find(benches, &figures.name)?, figures)))
            .filter(move |(named, _)| named.bench.group == group)
            .flat_map(|(named, figures)| {
                figures.rows.iter().map(move |row| (named.bench.title, row))
            })
    }

    /// Every goal that was judged.
    pub fn judged(&self) -> impl Iterator<Item = &Judged> {
        self.benches.iter().flat_map(|bench| &bench.rows).flat_map(|row| &row.verdicts)
    }

    /// The days on which it was measured, the first and the last.
    #[must_use]
    pub fn dates(&self) -> (&str, &str) {
        let rows = || self.benches.iter().flat_map(|bench| &bench.rows);
        let dates = || rows().map(|row| row.date.as_str());
        (dates().min().unwrap_or("never"), dates().max().unwrap_or("never"))
    }
}

/// The peers' versions, from the text of `Cargo.lock`. Of several versions of a crate, the newest:
/// the others belong to other crates.
///
/// # Errors
///
/// If one is missing, or the text is not a lock file.
pub fn versions(lock_file: &str) -> Result<BTreeMap<String, String>> {
    #[derive(Deserialize)]
    struct LockFile {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let file: LockFile = toml::from_str(lock_file)?;
    let number = |version: &str| Vec::from_iter(version.split('.').map(|n| n.parse::<u32>().ok()));
    let version = |name: &str| {
        let of_that_name = file.package.iter().filter(|package| package.name == name);
        let newest = of_that_name.max_by_key(|package| number(&package.version));
        newest.with_context(|| format!("`{name}` is not in Cargo.lock"))
    };
    PEERS.iter().map(|&name| Ok((name.to_owned(), version(name)?.version.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::{PEERS, versions};

    #[test]
    fn the_lock_file_has_every_peer() {
        let lock_file = include_str!("../../../../Cargo.lock");
        assert_eq!(versions(lock_file).unwrap().len(), PEERS.len());
    }

    #[test]
    fn the_newest_of_several_versions_counts() {
        let package =
            |name: &str, version| format!("[[package]]\nname = {name:?}\nversion = {version:?}\n");
        let once = String::from_iter(PEERS.map(|name| package(name, "1.9.0")));
        let versions = versions(&(once + &package("tokio", "1.10.0"))).unwrap();
        assert_eq!(versions["tokio"], "1.10.0");
        assert!(super::versions("").is_err());
    }
}
