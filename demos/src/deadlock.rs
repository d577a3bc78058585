//! Deadlocks: two accounts, dining philosophers, and four cures.
//!
//! A philosopher eats with two forks, and there is one between any two. If each takes the one on
//! the left and then waits for the one on the right, all of them wait without end. That needs four
//! things at once, and removing any one of them is a cure:
//!
//! | condition         | here                                       | a cure that breaks it                      |
//! | ----------------- | ------------------------------------------ | ------------------------------------------ |
//! | mutual exclusion  | a fork is in one hand at a time            | none: that is what forks are for           |
//! | hold and wait     | a diner with one fork waits for the other  | `monitor`: both forks or none              |
//! | no preemption     | no diner has to put a fork back            | `try-and-back-off`: he does so himself     |
//! | circular wait     | each diner waits for his neighbour         | `order`: the smaller number first;         |
//! |                   |                                            | `waiter`: one chair fewer than people      |
//!
//! The deadlocks are found by `primitives` itself, with the feature `deadlock-detection`: the
//! thread that is about to close the circle gets a report instead of a lock, from `lock_checked`.
//! So it happens, is shown, and is over: the thread puts back what it holds, and the others go on.
//! A warning comes where locks are only taken in both orders: of `waiter` too, which is safe, but
//! by the chairs, of which an order of locks says nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use console::{Alignment, measure_text_width, pad_str, style};
use primitives::deadlock::{self, Report as Knot, ThreadReport};
use primitives::{Barrier, Lock, threads};

use self::table::{Cure, Eaten, Table};
use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, counted};
use crate::timeline::{self, holding, phase, waiting};
use crate::workers;

mod table;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Philosophers, a thread each, and as many forks, up to 64
    #[arg(long, value_name = "N", default_value = "5", value_parser = number::<2, 64>)]
    philosophers: usize,
    /// Meals of each, up to 100000
    #[arg(long, value_name = "N", default_value = "100", value_parser = number::<1, 100_000>)]
    meals: usize,
    /// Simulated: µs for a meal, and for the thinking before the next
    #[arg(long, value_name = "US", default_value = "100", value_parser = number::<0, 1_000_000>)]
    eat: usize,
    /// One cure alone
    #[arg(long, value_name = "CURE")]
    cure: Option<Cure>,
    /// Let it happen
    #[arg(long, conflicts_with = "cure")]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the philosophers look at `interrupted`
    // It also warns of locks that are taken in both orders, though no thread waits without end.
    let warnings = Arc::new(AtomicUsize::new(0));
    let counted_by_hook = Arc::clone(&warnings);
    deadlock::set_hook(move |_| {
        counted_by_hook.fetch_add(1, Relaxed); // Relaxed: a number, read when all have ended
    });
    let mut report = Report::new(format_args!(
        "Deadlocks, and {} to cure",
        counted(args.philosophers, "philosopher")
    ));
    // How many of the tied knots were found, and the cures that left a philosopher hungry.
    let mut found = [0, 0];
    let mut hungry = Vec::new();
    let mut panics = Vec::new();

    // First all of it happens, and then it is told: the timeline is the first thing, and the point
    // the last.
    let mut tied = Vec::new();
    if args.cure.is_none() {
        phase!("accounts");
        tied.push(accounts()?);
        phase!("forks");
        tied.push(table::all_at_once(args.philosophers)?);
        found = [tied[0].0.len(), tied[1].0.len()];
    }
    let mut rows = Vec::new();
    if !args.broken {
        let is_meant = |cure: &Cure| args.cure.is_none_or(|only| only == *cure);
        for cure in Cure::ALL.into_iter().filter(is_meant) {
            phase!(cure.name());
            let (row, ate_all, panicked) = dine(args, cure)?;
            if !ate_all {
                hungry.push(row[0].clone());
            }
            rows.push(row);
            panics.extend(panicked);
        }
    }
    report.gap();
    report.timeline(timeline.finish()?.as_ref());
    if let [(accounts, first_took), (forks, took)] = tied.as_slice() {
        report.line("WITHOUT a cure. ann moves money from account A to B, and bob from B to A:");
        draw(&mut report, accounts, *first_took, args.broken);
        if args.broken {
            report.gap();
        }
        let each = counted(args.philosophers, "philosopher");
        report.line(format_args!(
            "{each}, each with the fork on the left, want the one on the right:"
        ));
        if args.broken {
            draw(&mut report, forks, *took, true);
        } else {
            let threads = forks.first().map_or(0, |knot| knot.threads().len());
            report.line(format_args!("    a ring of {threads}, found after {took:.1?}"));
        }
    }
    if !args.broken {
        let each = counted(args.meals, "meal");
        report
            .line(format_args!("WITH a cure, {each} each; it breaks one of the four conditions:"));
        report.table(["cure", "breaks", "time", "longest wait", "fairness"], &rows);
        report.follows(
            "a deadlock needs four conditions at once, and to break any one of them is enough. A fork is in one hand \
             at a time (mutual exclusion), which must stay; each of the other three has a cure",
        );
    }
    report.line(format_args!(
        "Locks taken in both orders, which could have been a deadlock: {}.",
        counted(warnings.load(Relaxed), "warning"), // Relaxed: the threads were joined
    ));
    let so_far = || "no philosopher finished the meals".into();
    let verdict = Verdict::on(&panics, so_far, || match (found, hungry.as_slice()) {
        (_, [cure, ..]) => Err(format!("with the cure {cure} a philosopher stayed hungry")),
        ([1, 1], []) if args.broken => {
            Err("two deadlocks, each found and named as it happened".into())
        }
        ([1, 1], []) => Ok("each deadlock was found once, and with each cure all ate".into()),
        (_, []) if args.cure.is_some() => Ok("all ate, and none was stuck".into()),
        ([accounts, forks], []) => {
            Err(format!("of two deadlocks, {} were found", accounts + forks))
        }
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- deadlock --broken", "the two deadlocks alone"),
        ("cargo run -- deadlock --cure waiter", "one of the cures alone"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// Two threads that lock two accounts crosswise; their reports, and how soon they came.
fn accounts() -> io::Result<(Vec<Knot>, Duration)> {
    let accounts = [Lock::named("account A", 100), Lock::named("account B", 100)];
    let each_has_one = Barrier::new(2);
    let transfer = |number: usize| {
        let (from, to) = (&accounts[number - 1], &accounts[2 - number]);
        let mut from = from.lock();
        let _holding = holding!("an account");
        // An error would say that the other thread could not be started.
        let _ = waiting!("the other to lock one", each_has_one.wait());
        let started = Instant::now();
        match waiting!("an account", to.lock_checked()) {
            Ok(mut to) => {
                *from -= 1;
                *to += 1;
                None
            }
            Err(knot) => Some((*knot, started.elapsed())),
        }
    };
    let ended = threads::scope(|scope| {
        let stop = || each_has_one.abort();
        // Two teams of one, for the names.
        let ann = workers::start(scope, "ann", 1, |_| transfer(1), stop)?;
        let bob = workers::start(scope, "bob", 1, |_| transfer(2), stop)?;
        io::Result::Ok([workers::join(ann), workers::join(bob)])
    })?;
    let told: Vec<_> =
        ended.iter().flat_map(|team| workers::done(team)).flatten().cloned().collect();
    let took = told.iter().map(|told| told.1).max().unwrap_or_default();
    Ok((told.into_iter().map(|told| told.0).collect(), took))
}

/// The circle, and how soon it was found; `all` of it: the report of the detector, too.
fn draw(report: &mut Report, knots: &[Knot], took: Duration, all: bool) {
    for knot in knots {
        if all {
            let text = knot.to_string();
            text.lines().for_each(|line| report.line(format!("  {line}").trim_end()));
            report.gap();
        }
        let mut circle = circle(knot);
        if let Some(last) = circle.last_mut() {
            *last += &format!("    found after {took:.1?}");
        }
        circle.into_iter().for_each(|line| report.line(format_args!("    {line}")));
    }
}

/// Each waits for the one below, and the last one for the first.
fn circle(knot: &Knot) -> Vec<String> {
    let threads = knot.threads();
    let names = threads.iter().map(|thread| thread.name());
    let width = names.clone().map(measure_text_width).max().unwrap_or(0);
    let line = |(place, thread): (usize, &ThreadReport)| {
        let name = pad_str(thread.name(), width, Alignment::Left, None);
        let wants = thread.wants().map_or("nothing", |wants| wants.name());
        let into = if place == 0 { "╭─▶" } else { "│ ▼" };
        format!("{into} {} wants {wants}, held by", style(name).bold())
    };
    let last = format!("╰─◀ {}", names.clone().next().unwrap_or_default());
    threads.iter().enumerate().map(line).chain([last]).collect()
}

type Row = [String; 5];

/// Lets them eat. Returns a row about it, whether all ate all their meals, and which panicked.
fn dine(args: &Args, cure: Cure) -> io::Result<(Row, bool, Vec<primitives::threads::PanicError>)> {
    let table = Table::new(args.philosophers);
    let pause = Duration::from_micros(args.eat as u64);
    let live = progress::start(args.philosophers * args.meals, "meals", move || cure.name().into());
    let started = Instant::now();
    let eat = |number: usize| {
        let mut eaten = Eaten::default();
        while eaten.meals < args.meals && !interrupted() {
            table.eat(number - 1, cure, pause, &mut eaten);
            live.inc(1);
            interrupt::sleep(pause); // he thinks
        }
        eaten.done_after = started.elapsed();
        eaten
    };
    let philosophers = workers::run("philosopher", args.philosophers, eat, || ())?;
    let elapsed = started.elapsed();
    live.finish_and_clear();
    let done = || workers::done(&philosophers);
    let meals: usize = done().map(|eaten| eaten.meals).sum();
    let longest = done().map(|eaten| eaten.longest).max().unwrap_or_default();
    let ends = || done().map(|eaten| eaten.done_after.as_secs_f64());
    let fairness = ends().fold(f64::MAX, f64::min) / ends().fold(0.0, f64::max);
    let row = [
        cure.name().to_owned(),
        cure.breaks().to_owned(),
        format!("{elapsed:.1?}"),
        format!("{longest:.1?}"),
        format!("{fairness:.2}"),
    ];
    let panics = workers::panics(&philosophers).cloned().collect();
    Ok((row, meals == args.philosophers * args.meals, panics))
}
