//! Litmus tests: old values, counted on this machine.
//!
//! Each test is two threads and two flags, `x` and `y`, at first `false`. A processor that worked
//! strictly in order could never produce the counted outcome.
//!
//! ```text
//!   store buffering    x = true   │ y = true     both then read `false`: each has missed the other's write
//!                      reads y    │ reads x
//!   message passing    x = true   │ reads y      the flag `y` has arrived, and what was written before it has not
//!                      y = true   │ reads x
//!   load buffering     reads x    │ reads y      both read `true`: each has read what the other wrote later
//!                      y = true   │ x = true
//! ```
//!
//! Each runs twice: with orderings that allow that outcome, and with orderings that forbid it. A
//! machine may or may not show an allowed outcome, and machines differ: x86 shows store buffering
//! alone, most others message passing too, and load buffering is rare everywhere. A forbidden
//! outcome must never be seen, and that is the check.
//!
//! The two threads begin each round together, as well as they can: each says that it has come, and
//! looks until the other has. On a single core they never run at the same time, and then nothing is
//! seen.

use std::env::consts::ARCH;
use std::hint;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize, fence};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use crate::args::number;
use crate::cores;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, Side, count, counted};
use crate::timeline::{self, phase};
use crate::workers;

/// Looks at the other thread before a core is given away.
const LOOKS: u32 = 200;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Rounds of each test, up to 1000000
    #[arg(long, value_name = "N", default_value = "100000", value_parser = number::<1, 1_000_000>)]
    rounds: usize,
    /// The most time for each test, in ms: then it ends with the rounds that it has made
    #[arg(long, value_name = "MS", default_value = "500", value_parser = number::<1, 60_000>)]
    time: usize,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// A flag with a cache line for itself, so that the threads disturb each other by nothing else.
#[derive(Default)]
#[repr(align(64))]
struct Flag(AtomicBool);

/// What the threads of a round share.
#[derive(Default)]
struct Flags {
    x: Flag,
    y: Flag,
}

/// A test, with one choice of orderings.
struct Litmus {
    name: &'static str,
    orderings: &'static str,
    /// Whether these orderings let it happen.
    allowed: bool,
    /// The work of thread 0 or 1. Returns the flags that it has read, a bit each.
    part: fn(usize, &Flags) -> u8,
    /// Whether what the two have read is the outcome that is counted.
    is_it: fn(u8, u8) -> bool,
}

const TESTS: [Litmus; 6] = [
    Litmus {
        name: "store buffering",
        orderings: "Release, Acquire",
        allowed: true,
        part: |me, flags| {
            let (mine, other) = sides(me, flags);
            // Release and Acquire: pair with each other, and say nothing of a store and a later
            // load.
            mine.store(true, Release);
            other.load(Acquire).into()
        },
        is_it: |a, b| a == 0 && b == 0,
    },
    Litmus {
        name: "store buffering",
        orderings: "fence(SeqCst) between",
        allowed: false,
        part: |me, flags| {
            let (mine, other) = sides(me, flags);
            // Relaxed, both: the fence makes the order.
            mine.store(true, Relaxed);
            // SeqCst: pairs with the same fence in the other thread.
            fence(SeqCst);
            other.load(Relaxed).into()
        },
        is_it: |a, b| a == 0 && b == 0,
    },
    Litmus {
        name: "message passing",
        orderings: "Relaxed",
        allowed: true,
        part: |me, flags| {
            // Relaxed, all: that is what is tried.
            message(me, flags, |flag| flag.store(true, Relaxed), |flag| flag.load(Relaxed))
        },
        is_it: |_, b| b == FLAG_ALONE,
    },
    Litmus {
        name: "message passing",
        orderings: "Release, Acquire",
        allowed: false,
        part: |me, flags| {
            // Release and Acquire: pair with each other.
            message(me, flags, |flag| flag.store(true, Release), |flag| flag.load(Acquire))
        },
        is_it: |_, b| b == FLAG_ALONE,
    },
    Litmus {
        name: "load buffering",
        orderings: "Relaxed",
        allowed: true,
        part: |me, flags| {
            let (mine, other) = sides(me, flags);
            // Relaxed, both: that is what is tried.
            let read = mine.load(Relaxed);
            other.store(true, Relaxed);
            read.into()
        },
        is_it: |a, b| a == 1 && b == 1,
    },
    Litmus {
        name: "load buffering",
        orderings: "Acquire, Release",
        allowed: false,
        part: |me, flags| {
            let (mine, other) = sides(me, flags);
            // Acquire and Release: pair with each other.
            let read = mine.load(Acquire);
            other.store(true, Release);
            read.into()
        },
        is_it: |a, b| a == 1 && b == 1,
    },
];

/// The flag of one thread, and that of the other.
fn sides(me: usize, Flags { x, y }: &Flags) -> (&AtomicBool, &AtomicBool) {
    if me == 0 { (&x.0, &y.0) } else { (&y.0, &x.0) }
}

/// What a receiver has read that found the flag raised, and not what was written before.
const FLAG_ALONE: u8 = 0b10;

/// Thread 0 writes `x` and then raises `y`; thread 1 looks at `y` and then at `x`.
fn message(me: usize, flags: &Flags, raise: fn(&AtomicBool), look: fn(&AtomicBool) -> bool) -> u8 {
    if me == 0 {
        raise(&flags.x.0);
        raise(&flags.y.0);
        return 0;
    }
    let flag = u8::from(look(&flags.y.0));
    flag << 1 | u8::from(look(&flags.x.0))
}

/// The round that each thread has come to; both end when one of them says so.
#[derive(Default)]
#[repr(align(128))]
struct Place(AtomicUsize);

/// How many rounds there were, and in how many of them the outcome was seen.
struct Seen {
    rounds: usize,
    times: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the threads look at `interrupted`
    let mut seen = Vec::new();
    let mut panics = Vec::new();
    for test in TESTS.iter().take_while(|_| !interrupted()) {
        phase!(test.name);
        let (counted, panic) = try_out(test, args)?;
        seen.push(counted);
        panics.extend(panic);
    }
    let picture = timeline.finish()?;

    let cores = cores::number();
    let mut report =
        Report::new(format_args!("Old values on this machine: {ARCH}, {}", counted(cores, "core")));
    report.gap();
    let head = ["test", "orderings", "rounds", "seen", "allowed"];
    let row = |(test, seen): (&Litmus, &Seen)| {
        let allowed = if test.allowed { "yes" } else { "no" };
        let [rounds, times] = [seen.rounds, seen.times].map(count);
        [test.name.into(), test.orderings.into(), rounds, times, allowed.into()]
    };
    let rows = Vec::from_iter(TESTS.iter().zip(&seen).map(row));
    report.table(head, &rows);
    report.gap();
    report.timeline(picture.as_ref());
    let both = || TESTS.iter().zip(&seen);
    for (test, Seen { times, rounds }) in both().filter(|(test, _)| test.allowed) {
        report.line(match times {
            0 => {
                format!("{}: not in {} rounds here, and Rust allows it.", test.name, count(*rounds))
            }
            _ => format!(
                "{}: it happens here, in one of {} rounds.",
                test.name,
                count(rounds / times)
            ),
        });
    }
    let seen_where = |allowed: bool| {
        let seen = both().filter(move |(test, _)| test.allowed == allowed).map(|(_, seen)| seen);
        let (rounds, times) =
            seen.fold((0, 0), |(rounds, times), seen| (rounds + seen.rounds, times + seen.times));
        (rounds, times)
    };
    let sentence = |(rounds, times)| format!("~{} of {} rounds", count(times), count(rounds));
    let (orders, relaxes) = (seen_where(false), seen_where(true));
    report.argue(
        Side("orderings that forbid it", sentence(orders)),
        Side("orderings that allow it", sentence(relaxes)),
        match relaxes.1 {
            0 => "this machine did not take what Rust allows it here; another may",
            _ => {
                "no order of the steps explains what was seen, and the right orderings take it away"
            }
        },
    );
    let rounds = || both().filter(|(test, _)| !test.allowed).map(|(_, seen)| seen.rounds);
    let verdict = Verdict::on(
        &panics,
        || format!("{} rounds made", count(seen.iter().map(|seen| seen.rounds).sum())),
        || match both().find(|(test, seen)| !test.allowed && seen.times > 0) {
            Some((test, seen)) => Err(format!(
                "{} with {} was seen {}, and must never be",
                test.name,
                test.orderings,
                counted(seen.times, "time")
            )),
            None => {
                Ok(format!("what is forbidden was not seen in {} rounds", count(rounds().sum())))
            }
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        (
            "cargo run --release -- litmus --rounds 1000000 --time 5000",
            "more rounds, closer together",
        ),
        ("cargo run -- litmus --rounds 1000", "a few rounds: what is rare is easily missed"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// Runs a test: two threads, round by round.
fn try_out(
    test: &Litmus,
    args: &Args,
) -> anyhow::Result<(Seen, Option<primitives::threads::PanicError>)> {
    let rounds = (0..args.rounds).take_while(|_| !interrupted());
    let all = Vec::from_iter(rounds.map(|_| Flags::default()));
    let places = [Place::default(), Place::default()];
    let over = AtomicBool::new(false);
    let deadline = Instant::now() + Duration::from_millis(args.time as u64);
    let part = |number: usize| {
        let me = number - 1;
        let mut read = Vec::with_capacity(args.rounds);
        for (round, flags) in (1..).zip(&all) {
            // Relaxed, here and below: a round's flags are made before the threads start, and the
            // counts only say when to begin.
            places[me].0.store(round, Relaxed);
            if !wait_for(&places[1 - me].0, round, &over, deadline) {
                break;
            }
            read.push((test.part)(me, flags));
        }
        over.store(true, Relaxed);
        read
    };
    let mut threads = workers::run("thread", 2, part, || over.store(true, Relaxed))?;
    let panic = threads.iter().position(|thread| thread.done.is_err());
    let panic = panic.and_then(|at| threads.swap_remove(at).done.err());
    let mut read = workers::done(&threads);
    // Each stops where the other no longer came: only rounds of both count.
    let seen = match (read.next(), read.next()) {
        (Some(a), Some(b)) => Seen {
            rounds: a.len().min(b.len()),
            times: a.iter().zip(b).filter(|&(&a, &b)| (test.is_it)(a, b)).count(),
        },
        _ => Seen { rounds: 0, times: 0 },
    };
    Ok((seen, panic))
}

/// Looks until the other thread has come to this round. False if it does not come any more: the
/// time is up.
fn wait_for(other: &AtomicUsize, round: usize, over: &AtomicBool, deadline: Instant) -> bool {
    loop {
        for _ in 0..LOOKS {
            if other.load(Relaxed) >= round {
                return true;
            }
            hint::spin_loop();
        }
        // On a single core the other one can only come if this one lets it.
        yield_now();
        if over.load(Relaxed) || interrupted() || Instant::now() >= deadline {
            // It may have come at the last moment: then it makes this round, and waits at the next.
            over.store(true, Relaxed);
            return false;
        }
    }
}
