//! `cargo bugs`: a check that cannot fail proves nothing, so each model must find the classic
//! mistakes of its subject.
//!
//! A bug is a patch, `tests/cases/GROUP/bugs/WHAT-WAS-FORGOTTEN.patch`, that begins with its effect
//! and the scenario that finds it; shipped source has no switch for it. Each is applied to a
//! scratch copy of the workspace and built as by `cargo model`. Then that scenario runs, and must
//! fail. A patch that no longer applies, or no longer compiles, is a failure too: the catalogue
//! must follow the source.
//!
//! Besides the patches there are mistakes that need no source: every place that wakes a thread is
//! made to wake none, and every place that wakes all is made to wake one ([`mutants`]). The model
//! runtime makes those without recompiling.

#[cfg(test)]
use watchdog as _;

mod catalogue;
mod models;
mod mutants;
mod outcome;
mod report;
mod scratch;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use clap::Parser;

use crate::catalogue::Bug;
use crate::report::Report;
use crate::scratch::Scratch;

/// Builds each seeded bug and checks that a model finds it.
#[derive(Parser)]
#[command(bin_name = "cargo bugs")]
struct Arguments {
    /// The bugs to try: `lock` means a whole group, `lock/never-wakes` one bug. Without a name all
    /// are tried.
    names: Vec<String>,

    /// Only bugs in files that differ from where this branch left `main`, or that are new
    /// themselves.
    #[arg(long)]
    changed: bool,

    /// Only lists the bugs.
    #[arg(long)]
    list: bool,

    /// Shows the counterexample of each.
    #[arg(long)]
    show: bool,

    /// Leaves out mistakes that need no source.
    #[arg(long)]
    no_mutants: bool,
}

/// The exit status for a bad command line.
const USAGE: u8 = 2;

/// How many to work on at a time: one compiles while another runs.
const JOBS: usize = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The path where the crate was built: cargo rebuilds it if the folder moves.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("the crate lies three folders below the workspace's root");
    let bugs = match catalogue::read(root).and_then(|all| catalogue::select(all, &arguments.names))
    {
        Ok(bugs) => bugs,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::from(USAGE);
        }
    };
    let bugs = match arguments.changed {
        false => bugs,
        true => match model::changed::files(root) {
            Ok(changed) => catalogue::touched(bugs, &changed),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        },
    };
    if bugs.is_empty() {
        println!("no bug lies in a file that was changed");
        return ExitCode::SUCCESS;
    }
    if arguments.list {
        for bug in &bugs {
            println!("{}\n    {}", bug.name(), bug.about);
        }
        return ExitCode::SUCCESS;
    }
    match run(root, bugs, &arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all were found.
fn run(root: &Path, bugs: Vec<Bug>, arguments: &Arguments) -> anyhow::Result<bool> {
    let mut groups: Vec<_> = bugs.iter().map(|bug| bug.group.clone()).collect();
    groups.dedup();
    let report = Mutex::new(Report::new(bugs.iter().map(Bug::name), arguments.show));

    if !arguments.no_mutants {
        let found = mutants::run(root, &groups)?;
        let mut report = report.lock().unwrap();
        found.into_iter().for_each(|(name, outcome)| report.one(&name, &outcome));
    }

    // Handed out one by one; each worker has its own scratch copy.
    let queue = Mutex::new(bugs.into_iter());
    thread::scope(|s| {
        let workers: Vec<_> = (0..JOBS)
            .map(|number| {
                let (queue, report) = (&queue, &report);
                s.spawn(move || -> anyhow::Result<()> {
                    let scratch = Scratch::new(root, number)?;
                    while let Some(bug) = { queue.lock().unwrap().next() } {
                        let outcome = scratch.try_bug(&bug)?;
                        report.lock().unwrap().one(&bug.name(), &outcome);
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker panicked"))
    })?;
    Ok(report.into_inner().unwrap().close())
}
