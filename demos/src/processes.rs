//! Processes: the three ways to start one, and ten of them that add to one number.
//!
//! A process begins with a function that has a name, with a value that runs itself, or with a name
//! that is known only when the program runs. All share a number, in memory that the kernel has
//! mapped into each.
//!
//! Each adds to the number, once with a lock and once without. Without, two read the same number,
//! and one addition is lost; the pause between reading and writing makes sure of that. Then one
//! process is killed (`kill -9`) while it has the lock. A lock of Python's `multiprocessing` is
//! lost with it; this one tells its next owner.

use std::thread;
use std::time::{Duration, Instant};

use ::processes::{
    OwnerDied, Process, Run, SharedEvent, SharedLock, SharedMemory, function, runnable,
};
use serde::{Deserialize, Serialize};

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, Side, count, counted};

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Processes, up to 100
    #[arg(long, value_name = "N", default_value = "10", value_parser = number::<2, 100>)]
    processes: usize,
    /// Additions by each, up to 10000
    #[arg(long, value_name = "N", default_value = "200", value_parser = number::<1, 10_000>)]
    additions: usize,
    /// Add without the lock alone
    #[arg(long)]
    broken: bool,
}

/// Where the number without a lock stands.
const BARE: usize = 0;

function! {
    /// The first way: a function by its name in the source.
    fn add_with_lock(total: SharedLock<u64>, start: SharedEvent, additions: usize) -> usize {
        start.wait();
        for _ in 0..additions {
            *total.lock().unwrap_or_else(OwnerDied::repair) += 1;
        }
        additions
    }

    fn add_without(bare: SharedMemory, start: SharedEvent, additions: usize) -> usize {
        use std::sync::atomic::Ordering::Relaxed;
        start.wait();
        for _ in 0..additions {
            // Relaxed: no order would help. Another one reads while this one pauses.
            let found = bare.atomic(BARE).load(Relaxed);
            thread::sleep(Duration::from_micros(10));
            bare.atomic(BARE).store(found + 1, Relaxed);
        }
        additions
    }

    /// Takes the lock, and never gives it back.
    fn hold(total: SharedLock<u64>, has_it: SharedEvent) {
        let _guard = total.lock().unwrap_or_else(OwnerDied::repair);
        has_it.set();
        loop {
            thread::park();
        }
    }
}

/// The second way: a value that runs itself, in the other process.
#[derive(Serialize, Deserialize)]
struct Adder {
    total: SharedLock<u64>,
    start: SharedEvent,
    additions: usize,
}

impl Run for Adder {
    type Output = usize;

    fn run(self) -> usize {
        add_with_lock(self.total, self.start, self.additions)
    }
}
runnable!(Adder);

/// What each process said, or how it ended.
type Said = (&'static str, u32, Result<usize, ::processes::ProcessError>);

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    on_ctrl_c(|| ())?;
    interrupt::leave_behind("a process")?;
    let wanted = (args.processes * args.additions) as u64;
    let total = SharedLock::new(0u64)?;
    let mut report = Report::new("Processes, started in three ways, add to one number");
    report.gap();
    let mut wrong = Vec::new();

    let mut with_lock = None;
    if !args.broken {
        let (said, elapsed) = all(args, |number, start| {
            let arguments = (total.clone(), start.clone(), args.additions);
            match number % 3 {
                0 => ("a function", Process::new(add_with_lock, arguments)),
                1 => {
                    let (total, start, additions) = arguments;
                    ("a value that runs", Process::of(Adder { total, start, additions }))
                }
                _ => (
                    "a name",
                    Process::by_name(<add_with_lock as ::processes::Function>::NAME, arguments),
                ),
            }
        })?;
        let rows: Vec<_> = said
            .iter()
            .enumerate()
            .map(|(number, (way, pid, result))| {
                let added = result.as_ref().map_or_else(ToString::to_string, |&added| count(added));
                [format!("process-{}", number + 1), (*way).to_owned(), format!("~{pid}"), added]
            })
            .collect();
        report.table(["process", "started by", "pid", "added"], &rows);
        report.gap();
        let found = *total.lock().unwrap_or_else(OwnerDied::repair);
        with_lock = Some(format!(
            "{} of {}, in {elapsed:.1?}",
            count(found as usize),
            count(wanted as usize)
        ));
        if found != wanted {
            wrong.push(format!(
                "{} were lost with the lock",
                counted((wanted - found) as usize, "addition")
            ));
        }
    }

    let bare = SharedMemory::new(8)?;
    all(args, |_, start| {
        let arguments = (bare.clone(), start.clone(), args.additions);
        ("a function", Process::new(add_without, arguments))
    })?;
    let mut found = [0; 8];
    bare.read(BARE, &mut found);
    let lost = wanted - u64::from_ne_bytes(found);
    let without = format!(
        "~{} of {}: ~{} lost",
        count((wanted - lost) as usize),
        count(wanted as usize),
        count(lost as usize)
    );
    match with_lock {
        Some(with_lock) => report.argue(
            Side("with a lock", with_lock),
            Side("without", without),
            "memory that processes share needs a lock that they share",
        ),
        None => report.line(format_args!("Without a lock: {without}.")),
    }
    if args.broken && lost > 0 {
        wrong.push(format!("{} were lost without a lock", counted(lost as usize, "addition")));
    }

    if !args.broken && !interrupted() {
        let (told, after) = kill_the_owner(&total)?;
        report.line(format_args!(
            "An owner killed:  the next one {} after {after:.1?}, and goes on.",
            if told { "is told" } else { "is NOT told" }
        ));
        if !told {
            wrong.push("the death of an owner was not told".to_owned());
        }
    }
    report.gap();
    let verdict = Verdict::on(
        [],
        || "some processes had ended".to_owned(),
        || {
            if wrong.is_empty() {
                Ok("with the lock nothing was lost, and a killed owner stopped no other".to_owned())
            } else {
                Err(wrong.join(" and "))
            }
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- processes --broken", "without the lock alone"),
        ("cargo run -- process-pool --kill", "processes that are there already, and are shot"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// Starts all of them, lets them begin at once, and waits for their ends.
fn all(
    args: &Args,
    make: impl Fn(usize, &SharedEvent) -> (&'static str, Process<usize>),
) -> anyhow::Result<(Vec<Said>, Duration)> {
    let start = SharedEvent::new()?;
    let mut started = Vec::new();
    for number in 0..args.processes {
        let (way, process) = make(number, &start);
        process.start()?;
        started.push((way, process));
    }
    let begun = Instant::now();
    start.set();
    let said = started
        .into_iter()
        .map(|(way, process)| (way, process.pid().unwrap_or_default(), process.join()))
        .collect();
    Ok((said, begun.elapsed()))
}

/// Whether the next owner was told, and how long after the kill.
fn kill_the_owner(total: &SharedLock<u64>) -> anyhow::Result<(bool, Duration)> {
    let has_it = SharedEvent::new()?;
    let holder = Process::new(hold, (total.clone(), has_it.clone()));
    holder.start()?;
    has_it.wait();
    let killed = Instant::now();
    holder.kill();
    // ANCHOR: told
    let told = match total.lock() {
        Ok(_) => false,
        Err(died) => {
            // A counter is whole after any store.
            drop(died.repair());
            true
        }
    };
    // ANCHOR_END: told
    Ok((told, killed.elapsed()))
}
