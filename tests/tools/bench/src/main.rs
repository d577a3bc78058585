//! `cargo results`: measures everything and writes down what the book shows.
//!
//! Runs the benches one after the other, each in a process of its own, and puts their figures together in
//! `book/generated/bench/results.json`. From that, and from nothing else, come `results.md` and the drawings
//! beside it; `cargo results --draw` makes them anew.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use bench::drawn;
use bench::machine::{self, Machine};
use bench::results::{self, BENCHES, Bench, Results};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use serde::Deserialize;

/// Measures ours beside its peers, and writes book/generated/bench.
#[derive(Parser)]
#[command(bin_name = "cargo results")]
struct Arguments {
    /// Only these; what was measured of the others before is kept.
    #[arg(value_parser = PossibleValuesParser::new(BENCHES.map(|place| place.bench)))]
    benches: Vec<String>,

    /// Measures nothing, and draws what was measured before.
    #[arg(long, conflicts_with_all = ["benches", "seconds"])]
    draw: bool,

    /// Seconds for each row.
    #[arg(long, value_name = "SECONDS", default_value = "4")]
    seconds: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize()?;
    let folder = root.join("book/generated/bench");
    let path = folder.join("results.json");
    let known = fs::read_to_string(&path).ok().map(|json| Results::read(&json)).transpose();
    let known = known.with_context(|| path.display().to_string());
    let results = if arguments.draw {
        known?.with_context(|| format!("nothing was measured yet: no {}", path.display()))?
    } else {
        // What cannot be read is of no use when everything is measured anew.
        let known = if arguments.benches.is_empty() { None } else { known? };
        measure(arguments, &root, known)?
    };
    fs::create_dir_all(&folder)?;
    for (name, text) in
        [("results.json".to_owned(), results.json()?)].into_iter().chain(drawn(&results))
    {
        fs::write(folder.join(&name), text).with_context(|| format!("cannot write {name}"))?;
    }
    let verdicts = Vec::from_iter(results.verdicts().map(bench::measured::Verdict::reached));
    let count = |wanted| verdicts.iter().filter(|reached| **reached == wanted).count();
    println!(
        "\n{} goals reached, {} missed, {} not measured: book/generated/bench/results.md",
        count(Some(true)),
        count(Some(false)),
        count(None)
    );
    Ok(())
}

/// Runs the benches that are asked for, and puts what they found in place of what was known of them.
fn measure(arguments: &Arguments, root: &Path, known: Option<Results>) -> Result<Results> {
    let lock_file = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
    let mut measured = Results {
        machine: Machine::this(),
        rustc: machine::rustc(),
        versions: results::versions(&lock_file)?,
        benches: known.map_or_else(Vec::new, |known| known.benches),
    };
    let target = root.join("target/results");
    fs::create_dir_all(&target)?;
    // All are built before the first runs, and then run without cargo: it would wait for the locks of other
    // cargos, and a compiler beside a measurement is no quiet machine.
    let programs = programs(root)?;
    for place in BENCHES {
        let name = place.bench;
        if !arguments.benches.is_empty() && !arguments.benches.iter().any(|other| other == name) {
            continue;
        }
        let file: PathBuf = target.join(name).with_extension("json");
        let program = programs.get(name).with_context(|| format!("cargo built no `{name}`"))?;
        let status = Command::new(program)
            .args(["--bench", "--seconds", &arguments.seconds.to_string(), "--json"])
            .arg(&file)
            .current_dir(root)
            .status()?;
        ensure!(status.success(), "the bench `{name}` failed");
        let rows = serde_json::from_str(&fs::read_to_string(&file)?)?;
        measured.put(Bench { name: name.to_owned(), date: machine::today(), rows });
    }
    Ok(measured)
}

/// Builds the benches; where each of them lies.
fn programs(root: &Path) -> Result<BTreeMap<String, PathBuf>> {
    #[derive(Deserialize)]
    struct Message {
        target: Option<Target>,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["bench", "--locked", "--package", "bench", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the benches do not build");
    let messages = String::from_utf8(output.stdout)?;
    let messages = messages.lines().map(serde_json::from_str::<Message>);
    let mut programs = BTreeMap::new();
    for message in messages {
        if let Message { target: Some(target), executable: Some(program) } = message? {
            programs.insert(target.name, program);
        }
    }
    Ok(programs)
}
