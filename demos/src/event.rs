//! An event: runners, and a starter's gun.
//!
//! Runners come to the line one after the other, and wait. One shot lets all of them run:
//!
//! ```text
//!   runner-1 ── waits ────────────────│── runs ──▶
//!   runner-2 ───────── waits ─────────│── runs ──▶
//!   runner-3 ──────────────── waits ──│── runs ──▶
//!   starter                          set
//!   latecomer                               ─── runs ──▶    the event stays set
//! ```
//!
//! A condition would lose the latecomer: a notification is over when it was made. An event is a
//! state. A thread that waits after the shot returns at once.
//!
//! With `--broken` there is no gun: each runs when it has come to the line. The first to come has
//! won.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use primitives::threads::{self, JoinHandle, PanicError};
use primitives::{Event, Semaphore};

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, Side, count, counted};
use crate::timeline::{self, phase, running, waiting};

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Runners, a thread each, up to 256
    #[arg(long, value_name = "N", default_value = "6", value_parser = number::<1, 256>)]
    runners: usize,
    /// Simulated: so many µs pass until the next runner has come to the line
    #[arg(long, value_name = "US", default_value = "3000", value_parser = number::<0, 10_000_000>)]
    walk: usize,
    /// Simulated: a runner takes so many µs, a tenth more or a tenth less
    #[arg(long, value_name = "US", default_value = "20000", value_parser = number::<10, 60_000_000>)]
    run: usize,
    /// Seed of how fast they are
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// No runner waits for the gun
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// When a runner began and when it was at the finish.
struct Ran {
    began: Instant,
    finished: Instant,
}

/// A race that is over.
struct Race {
    shot: Instant,
    runners: Vec<(String, Result<Ran, PanicError>)>,
    latecomer: Option<Ran>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    let gun = Arc::new(Event::new());
    let to_stop = Arc::clone(&gun);
    on_ctrl_c(move || to_stop.set())?;
    let race = hold(args, &gun, !args.broken)?;
    let picture = timeline.finish()?;

    let mut report = Report::new(format_args!("{} and a gun", counted(args.runners, "runner")));
    report.gap();
    let row = |(name, ran): &(String, Result<Ran, PanicError>)| match ran {
        Ok(ran) => [name.clone(), since(race.shot, ran.began), since(race.shot, ran.finished)],
        Err(_) => [name.clone(), "panicked".into(), String::new()],
    };
    let rows: Vec<_> = race.runners.iter().take(SHOWN).map(row).collect();
    report.table(["thread", "began after the shot", "at the finish"], &rows);
    if race.runners.len() > SHOWN {
        report.line(format_args!("  and {} more", counted(race.runners.len() - SHOWN, "runner")));
    }
    report.gap();
    report.timeline(picture.as_ref());
    if let Some(late) = &race.latecomer {
        report.line(format_args!(
            "A latecomer came after the shot and waited for {:.1?}: the event stays set.",
            late.finished - late.began
        ));
    }
    if !args.broken && !interrupted() {
        let without = hold(args, &Arc::new(Event::new()), false)?;
        report.argue(
            Side("with an event", race.sentence()),
            Side("without", without.sentence()),
            "an event lets all begin at once, however long before each has come",
        );
    }
    let panics = || race.runners.iter().filter_map(|(_, ran)| ran.as_ref().err());
    let verdict = Verdict::on(
        panics(),
        || "the race was called off".into(),
        || match race.false_starts() {
            0 => Ok(format!("all {} began after the shot, and none before", count(args.runners))),
            wrong => Err(format!(
                "{} of {} began before the shot",
                count(wrong),
                counted(args.runners, "runner")
            )),
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- event --broken", "no runner waits for the gun"),
        ("cargo run -- event --runners 100 --walk 100", "one `set`, and a hundred wake up"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The most runners in the table.
const SHOWN: usize = 12;

/// `-1.2ms` for what was before.
fn since(shot: Instant, moment: Instant) -> String {
    match moment.checked_duration_since(shot) {
        Some(after) => format!("{after:.1?}"),
        None => format!("-{:.1?}", shot - moment),
    }
}

impl Race {
    fn ran(&self) -> impl Iterator<Item = &Ran> {
        self.runners.iter().filter_map(|(_, ran)| ran.as_ref().ok())
    }

    fn false_starts(&self) -> usize {
        self.ran().filter(|ran| ran.began < self.shot).count()
    }

    fn sentence(&self) -> String {
        let began = || self.ran().map(|ran| ran.began);
        let spread = began().max().zip(began().min()).map(|(last, first)| last - first);
        format!(
            "~{} of {} began before the shot; between the first and the last were {:.1?}",
            count(self.false_starts()),
            count(self.runners.len()),
            spread.unwrap_or_default(),
        )
    }
}

/// The runners come to the line, the starter fires, they run.
fn hold(args: &Args, gun: &Arc<Event>, wait_for_gun: bool) -> std::io::Result<Race> {
    let at_the_line = Arc::new(Semaphore::new(0));
    let mut random = Rng::with_seed(args.seed);
    let running = running!("at work");
    phase!("to the line");
    let mut runners: Vec<JoinHandle<Ran>> = Vec::new();
    for number in 1..=args.runners {
        let time = random.usize(args.run - args.run / 10..=args.run + args.run / 10);
        let time = Duration::from_micros(time as u64);
        let (gun_of_this, here) = (Arc::clone(gun), Arc::clone(&at_the_line));
        let work = move || {
            let _running = running!("at work");
            here.release(1);
            if wait_for_gun {
                waiting!("the gun", gun_of_this.wait());
            }
            let began = Instant::now();
            interrupt::sleep(time); // it runs
            Ran { began, finished: Instant::now() }
        };
        // The gun is fired for those that wait already, if the system has no more threads to give.
        let runner = threads::Builder::new().name(format!("runner-{number}")).spawn(work);
        runners.push(runner.inspect_err(|_| gun.set())?);
        interrupt::sleep(Duration::from_micros(args.walk as u64));
    }
    for _ in 0..args.runners {
        waiting!("the runners", at_the_line.acquire()).forget();
    }
    phase!("the shot");
    let shot = Instant::now();
    gun.set();
    let latecomer = wait_for_gun.then(|| {
        let began = Instant::now();
        gun.wait();
        Ran { began, finished: Instant::now() }
    });
    let join = |runner: JoinHandle<Ran>| {
        let name = runner.thread().name().to_owned();
        (name, waiting!("the finish", runner.join()))
    };
    let runners = runners.into_iter().map(join).collect();
    drop(running);
    Ok(Race { shot, runners, latecomer })
}
