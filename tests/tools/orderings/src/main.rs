//! `cargo orderings`: an ordering is right if no model fails with it, and some model fails with
//! each weaker one.
//!
//! The models are built once and run as the source is, to see which places with a memory ordering
//! each scenario executes. Then each place is made weaker in each legal way, without recompiling
//! (the model runtime's mutants), and the scenarios that execute it are run, the cheapest first,
//! until one fails. What survives is weakened in the source, or listed in
//! `tests/tools/orderings/justified.toml` with the reason.
//!
//! It fails on a survivor that is not listed, on a listed one that is killed, on an entry of the
//! list that the source no longer has, and on a place in the source that no model executes.
//!
//! | module   | idea                                                        |
//! | -------- | ----------------------------------------------------------- |
//! | `source` | what the source has, read with a parser                     |
//! | `models` | what the models execute, asked of their worker processes    |
//! | `hunt`   | every weaker ordering against the scenarios that execute it |
//! | `listed` | the list of what may survive                                |
//! | `judge`  | the four side by side                                       |
//! | `choose` | names on the command line                                   |
//! | `book`   | what the book shows of it                                   |

#[cfg(test)]
use watchdog as _;

mod book;
mod choose;
mod hunt;
mod judge;
mod listed;
mod models;
mod report;
mod source;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;

use self::choose::BadName;
use self::hunt::{Baseline, Limits};
use self::listed::Listed;
use self::models::Models;
use self::report::{Progress, Report};

/// Makes each memory ordering weaker and checks that a model notices.
#[derive(Parser)]
#[command(bin_name = "cargo orderings")]
struct Arguments {
    /// Where: a group of models or a module (`lock`, `queue`), a file (`lock.rs`). Without a name:
    /// everywhere.
    names: Vec<String>,

    /// Only in files that differ from where this branch left `main`.
    #[arg(long)]
    changed: bool,

    /// Searches every scenario to its end. Otherwise a search stops after --executions, and after
    /// twenty times as many if no scenario has noticed by then.
    #[arg(long)]
    full: bool,

    /// How many executions of a scenario to try with main in one role.
    #[arg(long, value_name = "N", default_value = "20000", conflicts_with = "full")]
    executions: NonZero<u64>,

    /// Writes the results into `book/generated/orderings.json`, each failure with its rows.
    #[arg(long)]
    book: bool,

    /// Updates that file where no model is needed: lines that moved, and orderings that could not
    /// be weaker.
    #[arg(long, conflicts_with_all = ["book", "names", "changed"])]
    refresh: bool,

    /// How many scenarios to run at a time.
    #[arg(long, value_name = "N", default_value_t = available_parallelism().unwrap_or(NonZero::<usize>::MIN))]
    jobs: NonZero<usize>,
}

/// The exit status for a bad command line.
const USAGE: u8 = 2;

/// How many executions with main in one role tell which files a scenario uses.
const A_SHORT_LOOK: u64 = 200;

/// The exit status of a process that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The workers end by themselves when their parent has ended.
    let handler = ctrlc::set_handler(|| {
        let _ = console::Term::stderr().clear_line();
        eprintln!("interrupted");
        process::exit(INTERRUPTED);
    });
    match handler.context("cannot watch for Ctrl-C").and_then(|()| run(&arguments)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            match error.is::<BadName>() {
                true => ExitCode::from(USAGE),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// The workspace's root.
fn root() -> PathBuf {
    // The path where the crate was built: cargo rebuilds it if the folder moves.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    root.expect("the crate lies two folders below the workspace's root").to_owned()
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let began = Instant::now();
    let root = root();
    let places = source::scan(&root)?;
    let listed = Listed::read(&root)?;
    let changed = match arguments.changed {
        true => Some(model::changed::files(&root).map_err(anyhow::Error::msg)?),
        false => None,
    };

    if arguments.refresh {
        let changed = book::refresh(&root, &places, &listed)?;
        if changed.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        let names = Vec::from_iter(changed).join(" ");
        eprintln!("the models must be asked: run `cargo orderings --book {names}`");
        return Ok(ExitCode::FAILURE);
    }

    eprintln!("building the models …");
    let models = Models::build(&root)?;
    let names = models.names()?;
    let group = |name: &String| name.split('/').next().map(str::to_owned);
    let groups: BTreeSet<_> = names.iter().filter_map(group).collect();
    choose::check(&places, &groups, &arguments.names)?;

    // If everything is checked, places that the scan does not know must be noticed too.
    let everything = changed.is_none() && arguments.names.is_empty();
    let wanted = |baseline: &Baseline| -> Result<BTreeSet<String>> {
        let executing = |file: &str| baseline.groups_of(file);
        let homes = choose::homes(&places, &groups, executing);
        let mut files = choose::files(&homes, &arguments.names, executing)?;
        files.retain(|file| changed.as_ref().is_none_or(|changed| changed.contains(file)));
        Ok(files)
    };
    let as_they_are = |names: &[String], executions| {
        let progress = Progress::new(names.len(), "scenarios as they are");
        let limits = Limits { executions, jobs: arguments.jobs, record: false };
        let baseline = hunt::baseline(&models, names, limits, |name| progress.ended(name));
        progress.clear();
        baseline
    };

    let mut names = names;
    if !everything {
        // For a small selection, a short run of all scenarios tells which of them matter.
        let look = as_they_are(&names, Some(A_SHORT_LOOK))?;
        let wanted = wanted(&look)?;
        names.retain(|name| look.executes(name, &wanted));
    }
    let executions = (!arguments.full).then(|| arguments.executions.get());
    let limits = Limits { executions, jobs: arguments.jobs, record: arguments.book };
    let baseline = as_they_are(&names, executions)?;
    let wanted = wanted(&baseline)?;
    let is_wanted = |file: &str| everything || wanted.contains(file);

    let sites = baseline.sites.iter().filter(|site| is_wanted(&site.file));
    let mutants = sites.map(|site| site.weaker().count()).sum();
    let progress = Progress::new(mutants, "weaker orderings");
    let trials = hunt::hunt(
        &models,
        &baseline,
        limits,
        |site| is_wanted(&site.file),
        |site, change| progress.began(site.mutant(change)),
        |trial| progress.ended(&trial.site.mutant(&trial.change)),
    );
    progress.clear();

    if arguments.book {
        let run = (began.elapsed().as_secs(), arguments.jobs.get());
        let run = everything.then_some(run);
        book::write(&root, &places, &trials, &listed, run, is_wanted)?;
    }
    let problems = judge::judge(&places, &baseline.sites, &trials, &listed, is_wanted);
    let report = Report {
        places: &places,
        sites: &baseline.sites,
        trials: &trials,
        listed: &listed,
        problems: &problems,
        began,
    };
    print!("{}", report.text(is_wanted));
    Ok(ExitCode::from(u8::from(!problems.is_empty())))
}
