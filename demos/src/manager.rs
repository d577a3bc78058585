//! A manager: one process owns a dictionary, and others ask it through pipes. What does that cost
//! compared with shared memory?
//!
//! ```text
//!   process 1 ──pipe──┐
//!   process 2 ──pipe──┴─▶ manager: a dictionary      against      a number under a lock that all share
//! ```
//!
//! The manager needs no lock, since it alone touches the dictionary. Each question is a message, a
//! wake-up, an answer and another wake-up. Python's `multiprocessing.Manager` is this, with a proxy
//! that looks like the dictionary.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use ::processes::{Connection, OwnerDied, Process, SharedEvent, SharedLock, function, pipe};
use serde::{Deserialize, Serialize};

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, count, counted};

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Processes that ask, up to 64
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::<1, 64>)]
    clients: usize,
    /// Questions by each, up to 1000000
    #[arg(long, value_name = "N", default_value = "2000", value_parser = number::<1, 1_000_000>)]
    questions: usize,
}

/// A question to the manager.
#[derive(Serialize, Deserialize)]
enum Question {
    /// Add to the number of this name, and say what it is then.
    Add(String, u64),
}

const NAME: &str = "total";

function! {
    /// Owns the dictionary; gives it back when the last client has gone.
    fn manage(clients: Vec<Connection<u64, Question>>) -> BTreeMap<String, u64> {
        let owned = primitives::Lock::new(BTreeMap::new());
        // A thread for each client: within a process a lock is enough.
        thread::scope(|s| {
            for client in clients {
                let owned = &owned;
                s.spawn(move || {
                    while let Ok(Question::Add(name, more)) = client.recv() {
                        let mut owned = owned.lock();
                        let value: &mut u64 = owned.entry(name).or_default();
                        *value += more;
                        let answer = *value;
                        drop(owned);
                        if client.send(&answer).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        owned.into_inner()
    }

    fn ask(manager: Connection<Question, u64>, start: SharedEvent, questions: usize) -> Result<(), String> {
        start.wait();
        for _ in 0..questions {
            manager.send(&Question::Add(NAME.to_owned(), 1)).map_err(|error| error.to_string())?;
            manager.recv().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn add(total: SharedLock<u64>, start: SharedEvent, questions: usize) {
        start.wait();
        for _ in 0..questions {
            *total.lock().unwrap_or_else(OwnerDied::repair) += 1;
        }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    on_ctrl_c(|| ())?;
    interrupt::leave_behind("a process")?;
    let wanted = (args.clients * args.questions) as u64;
    let (managed, by_manager) = with_manager(args)?;
    let (shared, by_memory) = with_memory(args)?;

    let mut report = Report::new("A dictionary that one process owns, and a number that all share");
    report.gap();
    let each = |elapsed: Duration| format!("{:.1?}", elapsed / wanted as u32);
    let row = |name: &str, found: u64, elapsed: Duration| {
        [
            name.to_owned(),
            count(found as usize),
            each(elapsed),
            count((wanted - found.min(wanted)) as usize),
        ]
    };
    let rows = [
        row("manager, by pipes", managed, by_manager),
        row("shared memory, by a lock", shared, by_memory),
    ];
    report.table(["", "additions", "each", "lost"], &rows);
    report.gap();
    report.follows(format_args!(
        "a manager can keep anything, and a question costs two messages; shared memory was ~{:.0} times as fast",
        by_manager.as_secs_f64() / by_memory.as_secs_f64()
    ));
    report.gap();
    let verdict = Verdict::on(
        [],
        || "some had asked".to_owned(),
        || {
            if (managed, shared) == (wanted, wanted) {
                Ok(format!("both have all {}", counted(wanted as usize, "addition")))
            } else {
                Err(format!("{managed} and {shared} of {wanted} additions"))
            }
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- manager --clients 8", "more that ask"),
        ("cargo run -- processes", "the lock whose owner is killed"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

fn with_manager(args: &Args) -> anyhow::Result<(u64, Duration)> {
    let start = SharedEvent::new()?;
    let (mut ends, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..args.clients {
        let (client, manager) = pipe::<Question, u64>()?;
        ends.push(manager);
        clients.push(Process::new(ask, (client, start.clone(), args.questions)));
    }
    let manager = Process::new(manage, (ends,)).named("manager");
    manager.start()?;
    clients.iter().try_for_each(Process::start)?;
    let begun = Instant::now();
    start.set();
    for client in clients {
        client.join()?.map_err(anyhow::Error::msg)?;
    }
    let elapsed = begun.elapsed();
    Ok((manager.join()?.get(NAME).copied().unwrap_or(0), elapsed))
}

fn with_memory(args: &Args) -> anyhow::Result<(u64, Duration)> {
    let (total, start) = (SharedLock::new(0u64)?, SharedEvent::new()?);
    let clients: Vec<_> = (0..args.clients)
        .map(|_| Process::new(add, (total.clone(), start.clone(), args.questions)))
        .collect();
    clients.iter().try_for_each(Process::start)?;
    let begun = Instant::now();
    start.set();
    for client in clients {
        if interrupted() {
            break;
        }
        client.join()?;
    }
    let elapsed = begun.elapsed();
    let total = *total.lock().unwrap_or_else(OwnerDied::repair);
    Ok((total, elapsed))
}
