//! `cargo results`: measures the benches and writes down what the book shows.
//!
//! Each bench runs in a process of its own, this program again, and their figures come together in
//! `book/generated/bench/results.json`. From that, and from nothing else, come `results.md` and the
//! drawings beside it; `cargo results --draw` makes them again.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::bench::Named;
use crate::contest::Effort;
use crate::drawn::drawn;
use crate::hold::hold;
use crate::load::{self, STOP_AND_GO};
use crate::machine::{self, Machine};
use crate::measured::Judged;
use crate::results::{self, Figures, Results};

/// Measures ours beside its peers, and writes book/generated/bench.
#[derive(Parser)]
#[command(bin_name = "cargo results")]
struct Arguments {
    /// Only these; earlier figures of the others are kept.
    benches: Vec<String>,

    /// Only rows whose name has TEXT in it; prints the figures, and writes nothing.
    #[arg(long = "row", value_name = "TEXT")]
    rows: Vec<String>,

    /// Runs each row once, shortly, to see that it runs; writes nothing.
    #[arg(long, conflicts_with = "seconds")]
    test: bool,

    /// Measures nothing, and draws the earlier figures.
    #[arg(long, conflicts_with_all = ["benches", "rows", "test", "seconds", "minutes"])]
    draw: bool,

    /// How long all of it may take; each row gets its share.
    #[arg(long, value_name = "MINUTES", default_value = "8", value_parser = minutes)]
    minutes: Duration,

    /// Seconds for each row, in place of a share; slow rows may take longer.
    #[arg(long, value_name = "SECONDS", conflicts_with = "minutes", value_parser = seconds)]
    seconds: Option<Duration>,

    /// Holds the contests of one bench in this process.
    #[arg(long, hide = true)]
    here: bool,

    /// Writes their figures to this file.
    #[arg(long, value_name = "FILE", hide = true)]
    figures: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    time(text, 1.0).ok_or_else(|| "a number of seconds above 0".to_owned())
}

fn minutes(text: &str) -> Result<Duration, String> {
    time(text, 60.0).ok_or_else(|| "a number of minutes above 0".to_owned())
}

/// So many units of so many seconds.
fn time(text: &str, unit: f64) -> Option<Duration> {
    let number = text.parse::<f64>().ok().filter(|&number| number > 0.0)?;
    Duration::try_from_secs_f64(number * unit).ok()
}

/// How long a row takes where nothing is said, in a run of some rows.
const A_ROW: Duration = Duration::from_secs(4);

/// The part of its share that a row is told: where a round takes long, it goes on for up to twice
/// that.
const TOLD: f64 = 0.7;

/// Less than this is no time for a row, whatever is left.
const LEAST: Duration = Duration::from_millis(300);

/// The program: reads the command line, and runs what it asks for of `benches`.
#[must_use]
pub fn program(benches: &[Named]) -> ExitCode {
    let mut words = env::args().skip(1);
    if words.next().as_deref() == Some(STOP_AND_GO) {
        if let Some(process) = words.next().and_then(|process| process.parse().ok()) {
            load::stop_and_go(process);
        }
        return ExitCode::SUCCESS;
    }
    let names = PossibleValuesParser::new(benches.iter().map(|named| named.name));
    let command = Arguments::command().mut_arg("benches", |argument| argument.value_parser(names));
    let arguments = Arguments::from_arg_matches(&command.get_matches());
    let arguments = arguments.unwrap_or_else(|error| error.exit());
    match run(&arguments, benches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments, benches: &[Named]) -> Result<()> {
    let wanted = |named: &&Named| {
        arguments.benches.is_empty() || arguments.benches.iter().any(|name| name == named.name)
    };
    let wanted = Vec::from_iter(benches.iter().filter(wanted));
    if arguments.here {
        let effort = Effort { quick: arguments.test, time: arguments.seconds.unwrap_or(A_ROW) };
        return wanted.iter().try_for_each(|named| {
            hold(named.bench, effort, &arguments.rows, arguments.figures.as_deref())
        });
    }
    if arguments.test || !arguments.rows.is_empty() {
        let seconds = arguments.seconds.unwrap_or(A_ROW);
        return wanted.iter().try_for_each(|named| in_a_process(named, arguments, seconds, None));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize()?;
    let folder = root.join("book/generated/bench");
    let path = folder.join("results.json");
    let known = fs::read_to_string(&path).ok();
    let known = known.map(|json| Results::read(&json, benches)).transpose();
    let known = known.with_context(|| path.display().to_string());
    let results = if arguments.draw {
        known?.with_context(|| format!("nothing was measured yet: no {}", path.display()))?
    } else {
        // What cannot be read is of no use when everything is measured again.
        let known = if arguments.benches.is_empty() { None } else { known? };
        measure(arguments, &wanted, &root, known)?
    };
    write(&results, benches, &folder)?;
    let judged = Vec::from_iter(results.judged().map(Judged::reached));
    let count = |wanted| judged.iter().filter(|reached| **reached == wanted).count();
    println!(
        "\n{} goals reached, {} missed, {} not measured: book/generated/bench/results.md",
        count(Some(true)),
        count(Some(false)),
        count(None)
    );
    Ok(())
}

fn write(results: &Results, benches: &[Named], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let json = ("results.json".to_owned(), results.json()?);
    for (name, text) in [json].into_iter().chain(drawn(results, benches)) {
        fs::write(folder.join(&name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// Runs these benches, and puts what they found in place of what was known of them.
fn measure(
    arguments: &Arguments,
    wanted: &[&Named],
    root: &Path,
    known: Option<Results>,
) -> Result<Results> {
    let lock_file = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
    let mut measured = Results {
        machine: Machine::this(),
        rustc: machine::rustc(),
        versions: results::versions(&lock_file)?,
        benches: known.map_or_else(Vec::new, |known| known.benches),
    };
    let target = root.join("target/results");
    fs::create_dir_all(&target)?;
    let end = Instant::now() + arguments.minutes;
    let rows = Vec::from_iter(wanted.iter().map(|named| (named.bench.rows)().len()));
    let mut rows_left: usize = rows.iter().sum();
    for (named, rows) in wanted.iter().zip(rows) {
        // What the benches before it took longer than their share, all that follow have less.
        let share = end.saturating_duration_since(Instant::now()) / rows_left.max(1) as u32;
        let seconds = arguments.seconds.unwrap_or(share.mul_f64(TOLD).max(LEAST));
        rows_left -= rows;
        let file = target.join(named.name).with_extension("json");
        in_a_process(named, arguments, seconds, Some(&file))?;
        let rows = serde_json::from_str(&fs::read_to_string(&file)?)?;
        measured.put(Figures { name: named.name.to_owned(), date: machine::today(), rows });
    }
    Ok(measured)
}

/// Runs this program again for one bench: what one leaves behind in a process, another does not
/// find.
fn in_a_process(
    named: &Named,
    arguments: &Arguments,
    seconds: Duration,
    file: Option<&Path>,
) -> Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.args([named.name, "--here"]);
    match arguments.test {
        true => command.arg("--test"),
        false => command.args(["--seconds", &seconds.as_secs_f64().to_string()]),
    };
    // `=`: a row may begin with a hyphen.
    command.args(arguments.rows.iter().map(|row| format!("--row={row}")));
    if let Some(file) = file {
        command.arg("--figures").arg(file);
    }
    ensure!(command.status()?.success(), "the bench `{}` failed", named.name);
    Ok(())
}
