//! A lock that is taken again by its owner: a function that calls itself.
//!
//! A company has departments, each but the first below another. Clerks book expenses. An expense
//! counts in its own department and in each one above, so `book` takes the lock, adds, and calls
//! itself for the department above:
//!
//! ```text
//!   book(5)       takes the lock              recursion 1
//!     book(2)     takes it once more          recursion 2
//!       book(1)   and once more               recursion 3
//! ```
//!
//! The lock stays with the clerk from the first call to the last. An auditor who takes it finds
//! each expense in all of its departments or in none. An [`RLock`] counts how often its owner has
//! taken it, and is free when it was released as often.
//!
//! With `--broken` the same function takes a plain [`Lock`]. The second call waits until the first
//! releases it, and the first waits for the second: a thread that waits for itself. The detector of
//! deadlocks says so; without it the program would stand still.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fastrand::Rng;
use primitives::deadlock::Report as Knot;
use primitives::{Event, Lock, RLock, threads};

use crate::args::number;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted, money};
use crate::timeline::{self, holding, waiting};
use crate::workers;

/// How long the auditor rests between two audits.
const REST: Duration = Duration::from_micros(500);

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Clerks, a thread each, up to 64
    #[arg(long, value_name = "N", default_value = "3", value_parser = number::<1, 64>)]
    clerks: usize,
    /// Expenses that each of them books, up to 1000000
    #[arg(long, value_name = "N", default_value = "1000", value_parser = number::<1, 1_000_000>)]
    expenses: usize,
    /// Levels of departments, up to 12; each level has twice as many as the one above
    #[arg(long, value_name = "N", default_value = "5", value_parser = number::<1, 12>)]
    levels: usize,
    /// Seed of the expenses
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// A plain lock, which its owner cannot take again
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What a department has spent, in cents.
#[derive(Clone, Default)]
struct Department {
    itself: Cell<u64>,
    with_those_below: Cell<u64>,
}

/// The departments: number 0 is the company, and below number `n` are `2n + 1` and `2n + 2`.
struct Ledger {
    departments: RLock<Vec<Department>>,
    /// How often an owner had the lock at once, at most.
    deepest: AtomicUsize,
}

/// The auditor's findings.
#[derive(Default)]
struct Audit {
    audits: usize,
    wrong: usize,
}

fn above(department: usize) -> Option<usize> {
    department.checked_sub(1).map(|from_the_first| from_the_first / 2)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the clerks look at `interrupted`
    if args.broken {
        return show_broken(args, timeline);
    }
    let departments = (1 << args.levels) - 1;
    let ledger = Ledger {
        departments: RLock::named("the ledger", vec![Department::default(); departments]),
        deepest: AtomicUsize::new(0),
    };
    let booked = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&booked);
    let live = progress::start(args.clerks * args.expenses, "expenses", move || {
        count(shown.load(Relaxed)) // Relaxed: a number for the eye
    });
    let closed = Event::new();
    let started = Instant::now();
    let (clerks, auditor) = threads::scope(|scope| {
        let close = || closed.set();
        let auditor = workers::start(scope, "auditor", 1, |_| ledger.audit(&closed), || ())?;
        let work = |clerk: usize| {
            let mut random = Rng::with_seed(args.seed.wrapping_add(clerk as u64));
            let mut spent = 0;
            for _ in (0..args.expenses).take_while(|_| !interrupted()) {
                let cents = random.u64(1..=50_000);
                ledger.spend(random.usize(0..departments), cents);
                spent += cents;
                booked.fetch_add(1, Relaxed); // Relaxed: as above
                live.inc(1);
            }
            spent
        };
        let clerks = workers::start(scope, "clerk", args.clerks, work, close)?;
        let clerks = workers::join(clerks);
        close();
        io::Result::Ok((clerks, workers::join(auditor)))
    })?;
    let elapsed = started.elapsed();
    live.finish_and_clear();
    let picture = timeline.finish()?;
    let (knot, took) = with_a_plain_lock(args.levels)?;

    let spent: u64 = workers::done(&clerks).sum();
    let company = ledger.departments.lock()[0].with_those_below.get();
    let (audits, wrong) = workers::done(&auditor)
        .fold((0, 0), |(audits, wrong), audit| (audits + audit.audits, wrong + audit.wrong));
    let mut report = Report::new(format_args!(
        "{} book in {}, {} deep",
        counted(args.clerks, "clerk"),
        counted(departments, "department"),
        counted(args.levels, "level"),
    ));
    report.gap();
    report.timeline(picture.as_ref());
    let expenses = counted(booked.load(Relaxed), "expense"); // Relaxed: the threads were joined
    let deepest = counted(ledger.deepest.load(Relaxed), "time");
    report.argue(
        Side(
            "with an RLock",
            format!(
                "{expenses} in {elapsed:.1?}; an owner had it up to {deepest} at once; ~{} audits, {} wrong",
                count(audits),
                count(wrong)
            ),
        ),
        Side(
            "with a Lock",
            match knot {
                Some(_) => format!(
                    "the first call that calls itself waits for its own thread, found after {took:.1?}"
                ),
                None => "a single level: no call calls itself".into(),
            },
        ),
        "a function that calls itself with the lock held needs a lock that its owner can take again",
    );
    let panics = workers::panics(&clerks).chain(workers::panics(&auditor));
    let verdict = Verdict::on(
        panics,
        || format!("{expenses} booked"),
        || match company == spent && wrong == 0 {
            true => Ok(format!(
                "the company has spent what its clerks booked, {}, and no audit found a part of an expense",
                money(spent as i64)
            )),
            false => Err(format!(
                "the clerks booked {}, and the company has spent {}; {} wrong",
                money(spent as i64),
                money(company as i64),
                counted(wrong, "audit")
            )),
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- rlock --broken", "the same with a plain lock"),
        ("cargo run -- rlock --levels 12", "a call that calls itself twelve times"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

impl Ledger {
    fn spend(&self, department: usize, cents: u64) {
        let departments = waiting!("the ledger", self.departments.lock());
        let _holding = holding!("the ledger");
        let itself = &departments[department].itself;
        itself.set(itself.get() + cents);
        self.book(department, cents);
    }

    // ANCHOR: book
    /// Adds to a department and to each above. Takes the lock again in each call: so it can be
    /// called by itself, too.
    fn book(&self, department: usize, cents: u64) {
        let departments = self.departments.lock();
        let total = &departments[department].with_those_below;
        total.set(total.get() + cents);
        if let Some(above) = above(department) {
            self.book(above, cents);
        }
        let depth = self.departments.recursion_count();
        self.deepest.fetch_max(depth, Relaxed); // Relaxed: a number for the report
    }
    // ANCHOR_END: book

    /// Again and again: does each department have what it spent itself and what those below it
    /// spent?
    fn audit(&self, closed: &Event) -> Audit {
        let mut done = Audit::default();
        loop {
            let last = waiting!("the next audit", closed.wait_timeout(REST));
            let departments = waiting!("the ledger", self.departments.lock());
            let _holding = holding!("the ledger");
            let total = |at: usize| departments.get(at).map_or(0, |d| d.with_those_below.get());
            let adds_up = |at: usize| {
                total(at) == departments[at].itself.get() + total(2 * at + 1) + total(2 * at + 2)
            };
            done.audits += 1;
            done.wrong += usize::from(!(0..departments.len()).all(adds_up));
            if last {
                return done;
            }
        }
    }
}

/// A clerk who books one expense in the lowest level, with a plain lock. What it was told, and how
/// soon.
fn with_a_plain_lock(levels: usize) -> io::Result<(Option<Box<Knot>>, Duration)> {
    let departments = Lock::named("the ledger", ());
    let work = |_| {
        let lowest = (1 << levels) - 2;
        let started = Instant::now();
        (book_with_a_plain_lock(&departments, lowest).err(), started.elapsed())
    };
    let mut clerks = workers::run("clerk", 1, work, || ())?;
    let told = clerks.pop().and_then(|clerk| clerk.done.ok());
    Ok(told.unwrap_or((None, Duration::ZERO)))
}

/// As [`Ledger::book`]. `lock` would never return; `lock_checked` gives back the deadlock as an
/// error.
fn book_with_a_plain_lock(ledger: &Lock<()>, department: usize) -> Result<(), Box<Knot>> {
    let _departments = ledger.lock_checked()?;
    let _holding = holding!("the ledger");
    above(department).map_or(Ok(()), |above| book_with_a_plain_lock(ledger, above))
}

fn show_broken(args: &Args, timeline: timeline::Timeline) -> anyhow::Result<Outcome> {
    let (knot, took) = with_a_plain_lock(args.levels)?;
    let picture = timeline.finish()?;
    let mut report = Report::new("A clerk books an expense, with a plain lock");
    report.gap();
    if let Some(knot) = &knot {
        knot.to_string().lines().for_each(|line| report.line(format!("  {line}").trim_end()));
        report.gap();
    }
    report.timeline(picture.as_ref());
    let verdict = Verdict::on(
        [],
        || "nothing was booked".into(),
        || match knot {
            Some(_) => Err(format!(
                "the second call waits for the first, and the first for the second; found after {took:.1?}"
            )),
            None => Ok("a single level: no call calls itself".into()),
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[("cargo run -- rlock", "a lock that its owner can take again")]);
    report.print()?;
    Ok(verdict.outcome)
}
