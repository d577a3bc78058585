//! `cargo run -- NAME`: programs that show what threads do, one file a demo.
//!
//! This file only finds the demo. To add one: write `src/NAME.rs` with `Args` and `run`, and name
//! it in [`Demo`] and in [`run`]. What the demos share, each may use and none must (but `timeline`,
//! `outcome` and `report`, without which it would not look like the others):
//!
//! | file            | for                                                             |
//! | --------------- | --------------------------------------------------------------- |
//! | `args`          | checking arguments, and refusing them in one line               |
//! | `workers`       | teams of threads, and what to do when one panics                |
//! | `outcome`       | how a demo ended, and the exit status                           |
//! | `texts`         | finding and reading input texts                                 |
//! | `word_count`    | counting words                                                  |
//! | `progress`      | a live line in the terminal                                     |
//! | `interrupt`     | a clean end by Ctrl-C                                           |
//! | `cores`         | how many there are, and how long a thread was without one       |
//! | `panics`        | showing a panic on a terminal that has a live line              |
//! | `timeline`      | a lane for each thread: when it ran, waited, held a lock        |
//! | `report`        | tables, charts and the verdict at the end                       |

#[cfg(test)]
use watchdog as _;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::outcome::Outcome;
use crate::report::Report;

mod args;
mod cores;
mod interrupt;
mod outcome;
mod panics;
mod progress;
mod report;
mod texts;
mod timeline;
mod word_count;
mod workers;

mod banking;
mod barrier;
mod base_converter;
mod condition;
mod coroutines;
mod crawler;
mod deadlock;
mod event;
mod inference;
mod litmus;
mod logger;
mod manager;
mod pipeline;
mod process_pool;
mod processes;
mod producer_consumer;
mod rlock;
mod semaphore;
mod task_queue;
mod tasks;
mod threads;
mod tickets;
mod timers;

/// Programs that show what threads do, on real input, each with a check of its own result
#[derive(Parser)]
#[command(
    bin_name = "cargo run --",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    subcommand_value_name = "NAME",
    subcommand_help_heading = "Demos"
)]
struct Cli {
    #[command(subcommand)]
    demo: Option<Demo>,

    #[command(
        flatten,
        next_help_heading = "Options of producer-consumer, which runs if no NAME is given"
    )]
    default: producer_consumer::Args,
}

#[derive(Subcommand)]
enum Demo {
    /// Threads that read texts, threads that count words, a bounded queue between them (the
    /// default)
    ProducerConsumer(producer_consumer::Args),
    /// Decimal to binary with a stack: the smallest demo
    BaseConverter(base_converter::Args),
    /// Start, name, list and join threads; and the panic that vanishes
    Threads(threads::Args),
    /// A function that calls itself with the lock held, and a lock that lets it
    Rlock(rlock::Args),
    /// Cars, and fewer places to park than cars
    Semaphore(semaphore::Args),
    /// Runners and a starter's gun: one call, and all begin
    Event(event::Args),
    /// A mailbox with room for one letter, and readers that sleep until there is one
    Condition(condition::Args),
    /// Tellers move money between accounts, and an auditor counts it while they do
    Banking(banking::Args),
    /// Several counters sell the seats of one hall
    Tickets(tickets::Args),
    /// The Game of Life by threads in lock step
    Barrier(barrier::Args),
    /// An alarm board on one thread, and how late the alarms are
    Timers(timers::Args),
    /// Read, clean, write: three stages, queues between them, in memory that does not grow
    Pipeline(pipeline::Args),
    /// A logger with a thread of its own: who logs never waits for the disk
    Logger(logger::Args),
    /// Workers fetch the pages of a site, and the links in them are more work
    Crawler(crawler::Args),
    /// Thousands of clients on one thread, threads beside them, and what each is better at
    Coroutines(coroutines::Args),
    /// Hashing files on an executor, and how many threads are worth their while
    TaskQueue(task_queue::Args),
    /// Tasks across machines: a site's thumbnails, in one process or over a server
    Tasks(tasks::Args),
    /// Two accounts, dining philosophers, who waits for whom, and four cures
    Deadlock(deadlock::Args),
    /// Old values, counted on this machine: what a processor does that no order of steps explains
    Litmus(litmus::Args),
    /// Ten processes, started in three ways, and a lock whose owner is killed
    Processes(processes::Args),
    /// Texts cleaned by a pool of processes, whose workers are shot with --kill
    ProcessPool(process_pool::Args),
    /// A model server in three processes, with batches and without
    Inference(inference::Args),
    /// A dictionary that one process owns, and what it costs to ask it
    Manager(manager::Args),
    /// Show the demos, with a line each
    List,
}

fn main() -> ExitCode {
    // In a child this calls the child's function, and ends there.
    ::processes::init();
    panics::keep_off_the_live_line();
    let result = match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(error) => args::help_or_refusal(error, &Cli::command()),
    };
    outcome::exit_code(result)
}

fn run(cli: Cli) -> anyhow::Result<Outcome> {
    match cli.demo.unwrap_or(Demo::ProducerConsumer(cli.default)) {
        Demo::ProducerConsumer(args) => producer_consumer::run(&args),
        Demo::BaseConverter(args) => base_converter::run(&args),
        Demo::Threads(args) => threads::run(&args),
        Demo::Rlock(args) => rlock::run(&args),
        Demo::Semaphore(args) => semaphore::run(&args),
        Demo::Event(args) => event::run(&args),
        Demo::Condition(args) => condition::run(&args),
        Demo::Banking(args) => banking::run(&args),
        Demo::Tickets(args) => tickets::run(&args),
        Demo::Barrier(args) => barrier::run(&args),
        Demo::Timers(args) => timers::run(&args),
        Demo::Pipeline(args) => pipeline::run(&args),
        Demo::Logger(args) => logger::run(&args),
        Demo::Crawler(args) => crawler::run(&args),
        Demo::Coroutines(args) => coroutines::run(&args),
        Demo::TaskQueue(args) => task_queue::run(&args),
        Demo::Tasks(args) => tasks::run(&args),
        Demo::Deadlock(args) => deadlock::run(&args),
        Demo::Litmus(args) => litmus::run(&args),
        Demo::Processes(args) => processes::run(&args),
        Demo::ProcessPool(args) => process_pool::run(&args),
        Demo::Inference(args) => inference::run(&args),
        Demo::Manager(args) => manager::run(&args),
        Demo::List => list(),
    }
}

fn list() -> anyhow::Result<Outcome> {
    let mut report =
        Report::new("cargo run -- NAME runs a demo; with --help, it shows its options.");
    report.gap();
    let commands = Cli::command();
    let demos = args::demos(&commands).map(|demo| {
        [demo.get_name().to_owned(), demo.get_about().map(ToString::to_string).unwrap_or_default()]
    });
    report.columns(demos);
    report.print()?;
    Ok(Outcome::Holds)
}
