//! `cargo results`: measures the benches and writes down what the book shows.
//!
//! Each bench runs in a process of its own, this program again, which writes the figures of a row
//! to its standard output as soon as it has them, a line of JSON each. This process puts them into
//! `book/generated/bench/results.json`, and makes `results.md` and the drawings from that file and
//! from nothing else. So a run that is broken off by Ctrl-C loses the row that it was at, and no
//! other; `cargo results --missing` goes on with it. `cargo results --draw` draws it again.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::bench::Named;
use crate::drawn::drawn;
use crate::hold::{Pace, hold};
use crate::load::{self, STOP_AND_GO};
use crate::machine::{self, Machine};
use crate::measured::{Judged, Measured};
use crate::results::{self, Results};
use crate::row::Row;

/// Measures ours beside its peers, and writes book/generated/bench.
#[derive(Parser)]
#[command(bin_name = "cargo results")]
struct Arguments {
    /// Only these; earlier figures of the others are kept.
    benches: Vec<String>,

    /// Only rows whose name has TEXT in it; prints the figures, and writes nothing.
    #[arg(long = "row", value_name = "TEXT")]
    rows: Vec<String>,

    /// Only rows that have no figures yet: goes on where a first run was broken off.
    #[arg(long, conflicts_with_all = ["rows", "test"])]
    missing: bool,

    /// Runs each row once, shortly, to see that it runs; writes nothing.
    #[arg(long, conflicts_with = "seconds")]
    test: bool,

    /// Measures nothing, and draws the earlier figures.
    #[arg(
        long,
        conflicts_with_all = ["benches", "rows", "missing", "test", "seconds", "minutes"]
    )]
    draw: bool,

    /// How long all of it may take; each row gets its share.
    #[arg(long, value_name = "MINUTES", default_value = "20", value_parser = minutes)]
    minutes: Duration,

    /// Seconds for each row, in place of a share; slow rows may take longer.
    #[arg(long, value_name = "SECONDS", conflicts_with = "minutes", value_parser = seconds)]
    seconds: Option<Duration>,

    /// Holds the contests of one bench in this process, and writes the figures as JSON.
    #[arg(long, hide = true)]
    here: bool,

    /// Not the row of that whole name.
    #[arg(long, value_name = "TITLE", hide = true)]
    skip: Vec<String>,
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

/// What is written, from the top of the project.
const FOLDER: &str = "book/generated/bench";

/// How long a row takes where nothing is said, in a run of some rows.
const A_ROW: Duration = Duration::from_secs(4);

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
        return wanted.iter().try_for_each(|named| here(named, arguments));
    }
    if arguments.test {
        return wanted.iter().try_for_each(|named| {
            let status = command(named)?.arg("--test").status()?;
            ensure!(status.success(), "the bench `{}` failed", named.name);
            Ok(())
        });
    }
    if !arguments.rows.is_empty() {
        let pace = Pace::Each(arguments.seconds.unwrap_or(A_ROW));
        // `=`: a row may begin with a hyphen.
        let rows = Vec::from_iter(arguments.rows.iter().map(|row| format!("--row={row}")));
        return wanted.iter().try_for_each(|named| {
            in_a_process(named, pace, &rows, |row| {
                print!("{row}");
                Ok(())
            })
        });
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize()?;
    let path = root.join(FOLDER).join("results.json");
    let known = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        json => Some(json.map_err(Into::into).and_then(|json| Results::read(&json, benches))),
    };
    let known = known.transpose().with_context(|| path.display().to_string());
    let results = if arguments.draw {
        let known = known?;
        let results =
            known.with_context(|| format!("nothing was measured yet: no {}", path.display()))?;
        write(&results, benches, &root)?;
        results
    } else {
        // What cannot be read is of no use when everything is measured again.
        let measures_all = arguments.benches.is_empty() && !arguments.missing;
        let known = if measures_all { known.unwrap_or(None) } else { known? };
        measure(arguments, benches, &wanted, &root, known)?
    };
    let judged = Vec::from_iter(results.judged().map(Judged::reached));
    let count = |wanted| judged.iter().filter(|reached| **reached == wanted).count();
    println!(
        "\n{} goals reached, {} missed, {} not measured: {FOLDER}/results.md",
        count(Some(true)),
        count(Some(false)),
        count(None)
    );
    Ok(())
}

/// The figures, and what is drawn from them. Each file is put in its place whole: one that is read
/// meanwhile, or by the next run after this one was stopped, is the old one or the new one.
fn write(results: &Results, benches: &[Named], root: &Path) -> Result<()> {
    let (folder, unfinished) = (root.join(FOLDER), root.join("target/results"));
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(&unfinished)?;
    let json = ("results.json".to_owned(), results.json()?);
    for (name, text) in [json].into_iter().chain(drawn(results, benches)) {
        fs::write(unfinished.join(&name), text)
            .and_then(|()| fs::rename(unfinished.join(&name), folder.join(&name)))
            .with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// Runs these benches, and puts each row that they find in place of what was known of it.
fn measure(
    arguments: &Arguments,
    benches: &[Named],
    wanted: &[&Named],
    root: &Path,
    known: Option<Results>,
) -> Result<Results> {
    let lock_file = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
    let mut results = Results {
        machine: Machine::this(),
        rustc: machine::rustc(),
        versions: results::versions(&lock_file)?,
        benches: known.map_or_else(Vec::new, |known| known.benches),
    };
    let titles = |named: &Named| Vec::from_iter((named.bench.rows)().iter().map(Row::title));
    let end = Instant::now() + arguments.minutes;
    let mut plan = Vec::from_iter(wanted.iter().map(|&named| {
        let titles = titles(named);
        let has_figures = |title: &&String| results.row(named.name, title).is_some();
        let skipped = titles.iter().filter(|title| arguments.missing && has_figures(title));
        (named, Vec::from_iter(skipped.cloned()), titles)
    }));
    plan.retain(|(_, skipped, titles)| skipped.len() < titles.len());
    let rows = |plan: &[(_, Vec<_>, Vec<String>)]| {
        plan.iter().map(|(_, skipped, titles)| titles.len() - skipped.len()).sum::<usize>()
    };
    for i in 0..plan.len() {
        let (named, skipped, titles) = &plan[i];
        let left = end.saturating_duration_since(Instant::now());
        let share = rows(&plan[i..=i]) as f64 / rows(&plan[i..]) as f64;
        let pace = arguments.seconds.map_or(Pace::All(left.mul_f64(share)), Pace::Each);
        let skips = Vec::from_iter(skipped.iter().map(|title| format!("--skip={title}")));
        in_a_process(named, pace, &skips, |row| {
            print!("{row}");
            results.put(named.name, titles, row);
            write(&results, benches, root)
        })?;
    }
    Ok(results)
}

/// Holds the contests of a bench, in the process that [`in_a_process`] has started for it.
fn here(named: &Named, arguments: &Arguments) -> Result<()> {
    let pace = match arguments.seconds {
        _ if arguments.test => Pace::Quick,
        Some(time) => Pace::Each(time),
        None => Pace::All(arguments.minutes),
    };
    let is_wanted = |row: &Row| {
        (arguments.rows.is_empty() || arguments.rows.iter().any(|part| row.is_called(part)))
            && !arguments.skip.contains(&row.title())
    };
    let mut output = io::stdout();
    hold(named.bench, pace, is_wanted, |row| {
        serde_json::to_writer(&mut output, row)?;
        writeln!(output)?;
        Ok(output.flush()?)
    })
}

/// This program again, for one bench: what one leaves behind in a process, another does not find.
fn command(named: &Named) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([named.name, "--here"]);
    Ok(command)
}

/// Measures one bench in a process of its own, and hands each row to `report` when it is there.
fn in_a_process(
    named: &Named,
    pace: Pace,
    arguments: &[String],
    mut report: impl FnMut(Measured) -> Result<()>,
) -> Result<()> {
    let mut command = command(named)?;
    match pace {
        Pace::Quick => command.arg("--test"),
        Pace::Each(time) => command.args(["--seconds", &time.as_secs_f64().to_string()]),
        Pace::All(time) => {
            // At least a second: with none left each row has its shortest time.
            let minutes = time.as_secs_f64().max(1.0) / 60.0;
            command.args(["--minutes", &minutes.to_string()])
        }
    };
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    for line in lines {
        let line = line?;
        // A bench also says which peers are missing.
        if line.starts_with('{') {
            report(serde_json::from_str(&line)?)?;
        } else {
            eprintln!("{line}");
        }
    }
    ensure!(child.wait()?.success(), "the bench `{}` failed", named.name);
    Ok(())
}
