//! `cargo model`: runs scenarios on all cores and prints what came out.

mod book;
mod pool;
mod print;
mod worker;

use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Parser;
use serde::{Deserialize, Serialize};

use self::print::{Json, Print, Text};
use crate::coverage;
use crate::report::Outcome;
use crate::scenario::Group;
use crate::world::mutant::Mutant;

/// The exit status for a bad command line.
const USAGE: u8 = 2;

/// Explores the models of the primitives and queues.
#[derive(Parser)]
#[command(bin_name = "cargo model")]
struct Arguments {
    /// What to run: `lock` is a whole primitive, `lock/two-add` one scenario. Without a name:
    /// everything.
    names: Vec<String>,

    /// Only lists the models.
    #[arg(long)]
    list: bool,

    /// Prints one JSON object per line, with counterexamples and all places that were executed.
    #[arg(long)]
    json: bool,

    /// Writes the results to `book/generated/model.json`, which the book shows.
    #[arg(long, conflicts_with_all = ["mutant", "executions", "seconds"])]
    book: bool,

    /// Counts how many of all interleavings loom reaches, and writes
    /// `tests/tools/model-runtime/COVERAGE.md`.
    #[arg(long, conflicts_with_all = ["names", "list", "json", "book", "mutant", "executions", "seconds"])]
    coverage: bool,

    /// How many to run at a time.
    #[arg(long, value_name = "N", default_value_t = cores())]
    jobs: NonZero<usize>,

    /// Stops each scenario after this many executions with main in one role.
    #[arg(long, value_name = "N")]
    executions: Option<u64>,

    /// Stops each scenario after this many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,

    /// A mistake to be made at one place, as `file:line:column=change`.
    #[arg(long, value_name = "MUTANT", env = "LOCKSMITH_MUTANT")]
    mutant: Option<Mutant>,

    /// Answers jobs on standard input: how the runner uses several processes.
    #[arg(long, hide = true)]
    worker: bool,
}

fn cores() -> NonZero<usize> {
    available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if f64::is_finite(seconds) && seconds > 0.0 => Ok(seconds),
        _ => Err("expected a number greater than 0".to_owned()),
    }
}

/// Something to run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Job {
    /// `group/name`.
    pub(crate) name: String,
    pub(crate) mutant: Option<String>,
    pub(crate) most_executions: Option<u64>,
    pub(crate) most_seconds: Option<f64>,
    pub(crate) no_trace: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// Of a scenario.
    Outcome(Box<Outcome>),
    /// Of a test.
    Test(TestOutcome),
    /// The process that ran it died.
    Died { scenario: String, how: String },
}

/// The result of a test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TestOutcome {
    pub(crate) scenario: String,
    pub(crate) seconds: f64,
    /// Why it failed, if it did.
    pub(crate) error: Option<String>,
}

impl Reply {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Outcome(outcome) => &outcome.scenario,
            Self::Test(test) => &test.scenario,
            Self::Died { scenario, .. } => scenario,
        }
    }

    pub(crate) fn is_good(&self) -> bool {
        match self {
            Self::Outcome(outcome) => outcome.is_good(),
            Self::Test(test) => test.error.is_none(),
            Self::Died { .. } => false,
        }
    }
}

/// Executes the command line; the result is the exit status: 0 if all holds, 1 if something does
/// not, 2 if the command line is wrong.
#[must_use]
pub fn main(groups: &[Group]) -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.worker {
        worker::serve(groups);
        return ExitCode::SUCCESS;
    }
    if arguments.coverage {
        return publish_coverage(groups);
    }
    let names = match select(groups, &arguments.names) {
        Ok(names) => names,
        Err(error) => return usage(&error),
    };
    if arguments.list {
        names.iter().for_each(|name| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    match run(&arguments, names) {
        Ok(good) => ExitCode::from(u8::from(!good)),
        Err(error) => usage(&error),
    }
}

fn usage(error: &str) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(USAGE)
}

fn publish_coverage(groups: &[Group]) -> ExitCode {
    let published = coverage::measure_all(groups).and_then(|all| {
        let table = coverage::table(&all);
        print!("{table}");
        coverage::publish(&table).map_err(|error| format!("cannot write COVERAGE.md: {error}"))
    });
    match published {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all of them. Returns whether all results are as they should be; an error if the mutant is
/// not valid.
fn run(arguments: &Arguments, names: Vec<String>) -> Result<bool, String> {
    let mut print: Box<dyn Print> =
        if arguments.json { Box::new(Json) } else { Box::new(Text::new(&names, &arguments.names)) };
    let jobs = names
        .into_iter()
        .map(|name| Job {
            name,
            mutant: arguments.mutant.as_ref().map(ToString::to_string),
            most_executions: arguments.executions,
            most_seconds: arguments.seconds,
            no_trace: false,
        })
        .collect();
    print.begin(arguments.mutant.as_ref());
    let began = std::time::Instant::now();
    let replies = pool::run(jobs, arguments.jobs, |reply| print.one(reply));
    if let Some(mutant) = &arguments.mutant {
        check_mutant(mutant, &replies)?;
    }
    print.end(&replies, began.elapsed(), arguments);
    let good = replies.iter().all(Reply::is_good);
    if arguments.book && good {
        book::write(&replies)?;
    }
    Ok(good)
}

/// All selected names.
fn select(groups: &[Group], wanted: &[String]) -> Result<Vec<String>, String> {
    let all: Vec<String> = groups.iter().flat_map(Group::names).collect();
    if wanted.is_empty() {
        return Ok(all);
    }
    let is_meant = |name: &str, want: &str| {
        name == want || name.strip_prefix(want).is_some_and(|rest| rest.starts_with('/'))
    };
    for want in wanted {
        if !all.iter().any(|name| is_meant(name, want)) {
            let within = groups.iter().find(|group| want.split('/').next() == Some(group.name));
            let known: Vec<String> = match within {
                Some(group) => group.names().collect(),
                None => groups.iter().map(|group| group.name.to_owned()).collect(),
            };
            return Err(format!("no model is called `{want}`; known: {}", known.join(", ")));
        }
    }
    Ok(all.into_iter().filter(|name| wanted.iter().any(|want| is_meant(name, want))).collect())
}

/// With a mutant that no scenario executed, a normal run would look like a test of the mutant.
fn check_mutant(mutant: &Mutant, replies: &[Reply]) -> Result<(), String> {
    let outcomes = || {
        replies.iter().filter_map(|reply| match reply {
            Reply::Outcome(outcome) => Some(outcome),
            _ => None,
        })
    };
    if let Some(error) = outcomes().find_map(|outcome| outcome.bad_mutant()) {
        return Err(error.to_owned());
    }
    if outcomes().any(|outcome| outcome.mutant_reached) {
        return Ok(());
    }
    let mut near: Vec<_> = outcomes()
        .flat_map(|outcome| &outcome.sites)
        .filter(|site| mutant.is_in(&site.file))
        .map(|site| (site.line, site.column, site.to_string()))
        .collect();
    near.sort();
    near.dedup();
    let near: Vec<_> = near.into_iter().map(|(_, _, site)| format!("\n  {site}")).collect();
    let known = if near.is_empty() {
        "none of them executes anything in that file".to_owned()
    } else {
        format!("in that file they execute:{}", near.concat())
    };
    Err(format!(
        "the mutant `{mutant}` sits where no model that was run executes anything; {known}"
    ))
}
