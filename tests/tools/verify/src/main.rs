//! `cargo verify`: everything that must hold, in one command with one closing table.
//!
//! [`steps`] has the checks as data; [`needs`] sets up what a step requires, [`environment`]
//! keeps the caller's variables from changing a check, [`runner`] runs one step, [`report`]
//! prints.

#[cfg(test)]
use watchdog as _;

#[cfg(test)]
mod anchors;
mod environment;
mod interrupt;
mod needs;
#[cfg(test)]
mod prose;
#[cfg(test)]
mod readme;
mod report;
mod runner;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use report::{Outcome, Report};
use steps::Step;

/// Checks everything that must hold, and stops at the first thing that does not.
#[derive(Parser)]
#[command(name = "cargo verify", bin_name = "cargo verify")]
struct Arguments {
    /// Add the long checks
    #[arg(long)]
    all: bool,
    /// Run only these steps, e.g. `--only fmt,clippy`
    #[arg(long, value_name = "STEP,...", value_delimiter = ',')]
    only: Vec<String>,
    /// List the steps, run nothing
    #[arg(long)]
    list: bool,
    /// Show the output of every step as it comes
    #[arg(long, short)]
    verbose: bool,
}

/// The exit status for a bad command line (clap's own, too).
const BAD_USAGE: u8 = 2;
/// The exit status after Ctrl-C, as shells give it: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let selected = match steps::select(&arguments.only, arguments.all) {
        Ok(selected) => selected,
        Err(unknown) => {
            eprintln!("error: {unknown}");
            return ExitCode::from(BAD_USAGE);
        }
    };
    if arguments.list {
        report::say(report::list());
        return ExitCode::SUCCESS;
    }
    let Some(root) = workspace_root() else {
        eprintln!("error: run this as `cargo verify`: cargo says which workspace to check");
        return ExitCode::from(BAD_USAGE);
    };
    verify(&root, &selected, arguments.verbose)
}

/// The workspace's root. Cargo is asked at run time: a path from compile time would still name the
/// old folder after the workspace was copied, and check that one.
fn workspace_root() -> Option<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR")?;
    Path::new(&package).ancestors().nth(3).map(Path::to_owned)
}

/// Runs the steps in order up to the first that fails, then prints the table.
fn verify(root: &Path, steps: &[&'static Step], verbose: bool) -> ExitCode {
    interrupt::watch();

    let ignored = environment::ignored();
    if !ignored.is_empty() {
        report::say(format!(
            "ignoring {} of the environment, which would change what is checked\n",
            ignored.join(", ")
        ));
    }

    let start = Instant::now();
    let mut report = Report::new(root, steps, verbose);
    for (number, step) in steps.iter().enumerate() {
        report.begin(number);
        let began = Instant::now();
        let outcome = match needs::meet(step, root) {
            Ok(()) => runner::run(step, root, |log| report.tick(number, began.elapsed(), log)),
            Err(outcome) => outcome,
        };
        let failed = matches!(outcome, Outcome::Failed(_));
        report.end(number, outcome, began.elapsed());
        if failed {
            if !interrupt::requested() {
                report.show_tail(number);
            }
            break;
        }
    }
    report.close(start.elapsed());

    if interrupt::requested() {
        ExitCode::from(INTERRUPTED)
    } else if report.failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
