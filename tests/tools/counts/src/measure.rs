//! Builds the program `operations`, runs it under callgrind, and reads the counts.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::figure::Figure;
use crate::goals::Goal;

/// Callgrind's name of the function in which it counts.
const COUNTED: &str = "operations::run::counted";

/// How often the first loop runs an operation, and how much more often the second: as in
/// `tests/lib/counts/run.rs`.
const TIMES: u64 = 1000;

/// With the deadlock detector, or without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detector {
    Off,
    On,
}

/// What was counted, in the order in which it ran.
pub(crate) struct Measured(pub(crate) Vec<Count>);

/// An operation of one contestant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) row: String,
    pub(crate) contestant: String,
    pub(crate) figure: Figure,
    /// Of the row.
    pub(crate) goal: Option<Goal>,
}

/// There is no valgrind.
#[derive(Debug)]
pub(crate) struct ValgrindIsMissing;

impl fmt::Display for ValgrindIsMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no valgrind: `apt-get install valgrind`")
    }
}

impl std::error::Error for ValgrindIsMissing {}

impl Measured {
    /// Builds and runs.
    pub(crate) fn with(detector: Detector, root: &Path) -> Result<Self> {
        let program = build(detector, root)?;
        let folder = tempfile::tempdir().context("cannot make a folder for the profiles")?;
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--collect-atstart=no"])
            .arg(format!("--toggle-collect={COUNTED}"))
            .arg(format!("--dump-after={COUNTED}"))
            .arg(option("--callgrind-out-file=", &folder.path().join("profile")))
            .arg(&program)
            .stdin(Stdio::null())
            .output()
            .context("cannot run valgrind")?;
        let names = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "{} under valgrind: {}\n{}",
            program.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr),
        );
        let names: Vec<_> = names.lines().filter_map(Printed::read).collect();
        let profiles = 2 * names.len();
        let totals = (1..=profiles)
            .map(|number| total(&folder.path().join(format!("profile.{number}"))))
            .collect::<Result<Vec<_>>>()?;
        Self::new(&names, &totals)
    }

    /// `totals` are those of the loops, two for each name; the empty loop is the first.
    fn new(names: &[Printed<'_>], totals: &[u64]) -> Result<Self> {
        let turns = totals.chunks_exact(2).map(|loops| {
            let more = loops[1].checked_sub(loops[0]).context("the longer loop took less")?;
            Ok(Figure::per_operation(more, TIMES))
        });
        let turns = turns.collect::<Result<Vec<_>>>()?;
        let Some((&empty, turns)) = turns.split_first() else { bail!("no operation ran") };
        let counts =
            names[1..].iter().zip(turns).map(|(&Printed { row, contestant, goal }, turn)| {
                let figure = turn.less(empty);
                let figure =
                    figure.with_context(|| format!("{row}: it took less than no operation"))?;
                let goal = match goal {
                    "" => None,
                    text => {
                        Some(text.parse().ok().with_context(|| format!("{row}: no goal: {text}"))?)
                    }
                };
                Ok(Count { row: row.to_owned(), contestant: contestant.to_owned(), figure, goal })
            });
        counts.collect::<Result<_>>().map(Self)
    }
}

/// A line that the program prints.
#[derive(Clone, Copy)]
struct Printed<'a> {
    row: &'a str,
    contestant: &'a str,
    /// Empty where the row has none.
    goal: &'a str,
}

impl<'a> Printed<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (row, rest) = line.split_once('\t')?;
        let (contestant, goal) = rest.split_once('\t')?;
        Some(Self { row, contestant, goal })
    }
}

/// Builds the optimised program. Only cargo knows its path.
fn build(detector: Detector, root: &Path) -> Result<PathBuf> {
    let (features, which) = match detector {
        Detector::Off => (None, "without the detector"),
        Detector::On => (Some("--features=deadlock-detection"), "with the detector"),
    };
    eprintln!("counting {which} …");
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--release", "--package=counts", "--bin=operations"])
        .args(features)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        // Another processor has other instructions, and so other counts.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_RUSTFLAGS")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the operations do not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .context("cargo does not say where it put the program")
}

fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}

/// How many instructions a profile counts.
fn total(profile: &Path) -> Result<u64> {
    let text = fs::read_to_string(profile)
        .with_context(|| format!("callgrind wrote no {}", profile.display()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("summary: ")?.trim().parse().ok())
        .with_context(|| format!("{} has no summary", profile.display()))
}

/// What the counts depend on besides the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) compiler: String,
    pub(crate) system: String,
    pub(crate) libc: String,
    pub(crate) valgrind: String,
}

impl Setting {
    pub(crate) fn of_this_machine(root: &Path) -> Result<Self> {
        let Ok(valgrind) = first_line("valgrind", &["--version"], root) else {
            bail!(ValgrindIsMissing);
        };
        let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
        Ok(Self {
            compiler: first_line(&rustc, &["--version"], root)?,
            system: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
            // musl does not report a version.
            libc: first_line("getconf", &["GNU_LIBC_VERSION"], root)
                .unwrap_or_else(|_| "not glibc".to_owned()),
            valgrind,
        })
    }
}

fn first_line(program: impl AsRef<OsStr>, arguments: &[&str], root: &Path) -> Result<String> {
    let program = program.as_ref();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(
        output.status.success(),
        "{} {}: {}",
        program.display(),
        arguments.join(" "),
        output.status
    );
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_itself_and_what_is_around_it_are_taken_off() {
        let lines = ["empty loop\tbare\t", "Lock\tours\t≤ 10", "Lock\tstd\t≤ 10"];
        let names = lines.map(|line| Printed::read(line).unwrap());
        // 16 around each loop, 2 for each iteration, and the operation's own.
        let totals = [2016, 4016, 9016, 18016, 12516, 25016];
        let counts = Measured::new(&names, &totals).unwrap().0;
        let figures: Vec<_> = counts.iter().map(|count| count.figure.to_string()).collect();
        assert_eq!(figures, ["7", "10.5"]);
        assert_eq!(counts[1].contestant, "std");
        assert_eq!(counts[0].goal, Some(Goal::AtMost(10)));
    }

    #[test]
    fn counts_that_cannot_be_are_an_error() {
        let names = ["empty loop\tbare\t", "Lock\tours\t"].map(|line| Printed::read(line).unwrap());
        assert!(Measured::new(&names, &[2016, 4016, 1000, 2000]).is_err(), "less than nothing");
        assert!(Measured::new(&names, &[4016, 2016, 9016, 18016]).is_err(), "longer took less");
        assert!(Measured::new(&[], &[]).is_err());
        let odd = ["empty loop\tbare\t", "Lock\tours\ta few"].map(|l| Printed::read(l).unwrap());
        assert!(Measured::new(&odd, &[2016, 4016, 9016, 18016]).is_err(), "no goal");
    }
}
