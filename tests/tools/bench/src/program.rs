//! What a file `tests/cases/*/bench.rs` is: a program that holds the contests of its rows.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use crate::contest::{self, Effort};
use crate::load::{self, STOP_AND_GO};
use crate::measured::Measured;
use crate::row::Row;
use crate::system;
use crate::text;

/// Ours beside its peers, round by round.
#[derive(Parser)]
struct Arguments {
    /// Only the rows whose name has one of these in it.
    rows: Vec<String>,

    /// Runs each row once, shortly, to see that it runs.
    #[arg(long)]
    test: bool,

    /// Seconds for each row; slow rows may take longer.
    #[arg(long, value_name = "SECONDS", default_value = "4")]
    seconds: f64,

    /// Writes the figures to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Cargo says so when it measures, and not when it tests.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The program of a bench: reads the command line, and holds the contests of `rows`.
#[must_use]
pub fn program(rows: impl FnOnce() -> Vec<Row>) -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(STOP_AND_GO) {
        if let Some(process) = words.next().and_then(|process| process.parse().ok()) {
            load::stop_and_go(process);
        }
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::parse();
    match hold(&arguments, rows) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The same, and the whole program keeps to one core.
#[must_use]
pub fn on_one_core(rows: impl FnOnce() -> Vec<Row>) -> ExitCode {
    if !system::pin_process() {
        println!("not pinned: this system does not let a program choose its core");
    }
    program(rows)
}

fn hold(arguments: &Arguments, rows: impl FnOnce() -> Vec<Row>) -> Result<()> {
    keep_a_second_thread();
    let quick = arguments.test || !arguments.bench;
    let effort = Effort { quick, time: Duration::from_secs_f64(arguments.seconds) };
    if !quick {
        notes().iter().for_each(|note| println!("{note}"));
    }
    let mut measured = Vec::new();
    for row in rows() {
        if !arguments.rows.is_empty() && !arguments.rows.iter().any(|name| row.is_called(name)) {
            continue;
        }
        if quick {
            println!("Testing {}", row.name);
            let _ = contest::hold(row, effort);
            println!("Success");
        } else {
            let row = contest::hold(row, effort);
            print!("{row}");
            measured.push(row);
        }
    }
    if let Some(path) = &arguments.json {
        write(path, &measured).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn write(path: &PathBuf, measured: &[Measured]) -> Result<()> {
    Ok(fs::write(path, serde_json::to_string(measured)?)?)
}

/// What makes the figures worth less than on a machine of one's own.
fn notes() -> Vec<String> {
    let mut notes = Vec::new();
    let cores = system::cores();
    if cores < 2 {
        notes.push("one core: nothing runs at the same time, and nothing is pinned".to_owned());
    }
    if let Some(others) = system::taken_by_others().filter(|&others| others > 0.05) {
        notes.push(format!(
            "not quiet: other programs have {} of the cores",
            text::per_cent(others)
        ));
    }
    if system::processor_time().is_none() {
        notes.push("this system tells no processor time, and lets nobody choose a core".to_owned());
    }
    notes
}

/// Keeps a second thread alive for as long as the process lives: in a process with one thread libc leaves
/// out the atomics of its allocator, and every contestant that allocates would look faster than it is.
fn keep_a_second_thread() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}
