//! Timers: an alarm board on one thread, and how late the alarms are.
//!
//! Alarms are set at random times of the next second. Some are cancelled before they ring. Beside
//! them a clock ticks, again and again. All of them live on the one thread of [`Timers`], which
//! sleeps until the earliest is due; none is ever early, and how late each was is shown as a
//! histogram.
//!
//! The clock does not drift: tick 20 is due at twenty times the period after the start, however
//! late the ticks before it were. With `--broken` the clock is a loop with a sleep at its end. Each
//! sleep ends a little late, the work takes its time, and all of that adds up: the clock goes wrong
//! by more and more.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fastrand::Rng;
use primitives::threads::{self, JoinHandle};
use primitives::{Lock, Semaphore, TimerHandle, Timers};

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted};
use crate::timeline::{self, level, running, waiting};

/// The work of a tick, simulated by a sleep.
const WORK: Duration = Duration::from_millis(1);

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Alarms to set, up to 1000000
    #[arg(long, value_name = "N", default_value = "500", value_parser = number::<1, 1_000_000>)]
    alarms: usize,
    /// They ring within so many ms, up to a minute
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = number::<1, 60_000>)]
    within: usize,
    /// How many of a hundred are cancelled
    #[arg(long, value_name = "N", default_value = "25", value_parser = number::<0, 100>)]
    cancel: usize,
    /// Ticks of the clock, up to 10000
    #[arg(long, value_name = "N", default_value = "20", value_parser = number::<1, 10_000>)]
    ticks: usize,
    /// Seed of when they ring, and of which are cancelled
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// The clock is a loop with a sleep at its end
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What the alarms and the clock write on.
struct Board {
    /// A permit for each alarm that has rung and for each tick.
    done: Semaphore,
    /// How late each was that rang.
    late: Lock<Vec<Duration>>,
    /// How late each tick of the clock was.
    ticks: Lock<Vec<Duration>>,
    /// How late each round of the loop with a sleep was, which is run beside the clock.
    sleeps: Lock<Vec<Duration>>,
    early: AtomicUsize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    let board = Arc::new(Board {
        done: Semaphore::new(0),
        late: Lock::default(),
        ticks: Lock::default(),
        sleeps: Lock::default(),
        early: AtomicUsize::new(0),
    });
    // The clock made of sleeps runs beside the other, to compare; with `--broken` it is the only
    // one.
    let clocks = if args.broken { 1 } else { 2 };
    let (to_stop, all) = (Arc::clone(&board), args.alarms + clocks * args.ticks);
    on_ctrl_c(move || to_stop.done.release(all))?; // as if all were done
    let watched = Arc::clone(&board);
    let live = progress::start(args.alarms, "alarms", move || {
        let late = watched.late.lock().iter().max().copied().unwrap_or_default();
        format!("the latest was {late:.1?} late")
    });

    let running = running!("at work");
    let timers = Timers::builder().name("timers").build()?;
    let started = Instant::now();
    let period = Duration::from_millis(args.within as u64) / args.ticks as u32;
    let clock = Clock { board: Arc::clone(&board), started, period, ticks: args.ticks };
    let sleeping_clock = clock.clone().start_sleeping()?;
    let ticking_clock = (!args.broken).then(|| clock.start(&timers));

    let mut random = Rng::with_seed(args.seed);
    let set = |_| {
        let due = started + Duration::from_micros(random.u64(0..args.within as u64 * 1000));
        let (board, shown) = (Arc::clone(&board), live.clone());
        let alarm = timers.at(due, move || {
            board.ring(due);
            shown.inc(1);
        });
        (alarm, random.usize(0..100) < args.cancel)
    };
    let alarms: Vec<_> = (0..args.alarms).take_while(|_| !interrupted()).map(set).collect();
    // One that has rung meanwhile cannot be cancelled any more: `cancel` says so.
    let to_cancel = alarms.iter().filter(|(_, cancel)| *cancel).take_while(|_| !interrupted());
    let cancelled = to_cancel.filter(|(alarm, _)| alarm.cancel()).count();

    for _ in (cancelled..all).take_while(|_| !interrupted()) {
        waiting!("an alarm or a tick", board.done.acquire()).forget();
    }
    ticking_clock.iter().for_each(|clock| assert!(clock.cancel(), "it would tick without end"));
    sleeping_clock.join()?;
    timers.shutdown();
    live.finish_and_clear();
    drop(running);
    show(args, &board, cancelled, period, timeline.finish()?.as_ref())
}

impl Board {
    fn ring(&self, due: Instant) {
        let _running = running!("an alarm");
        match Instant::now().checked_duration_since(due) {
            Some(late) => {
                let mut all = self.late.lock();
                all.push(late);
                level!("have rung", all.len());
            }
            None => drop(self.early.fetch_add(1, Relaxed)), // Relaxed: read when all is over
        }
        self.done.release(1);
    }
}

/// Something that is done every so often.
#[derive(Clone)]
struct Clock {
    board: Arc<Board>,
    started: Instant,
    period: Duration,
    ticks: usize,
}

impl Clock {
    /// A periodic timer: each tick is due a whole number of periods after the start. One that the
    /// machine was too busy for is left out.
    fn start(self, timers: &Timers) -> TimerHandle {
        let mut ticked = 0;
        timers.every(self.period, move || {
            ticked += 1;
            if ticked <= self.ticks {
                let periods = self.started.elapsed().as_nanos() / self.period.as_nanos();
                self.tick(periods as usize, &self.board.ticks);
            }
        })
    }

    /// A loop with a sleep at its end, as beginners write it.
    fn start_sleeping(self) -> io::Result<JoinHandle<()>> {
        threads::Builder::new().name("clock").spawn(move || {
            for tick in (1..=self.ticks).take_while(|_| !interrupted()) {
                waiting!("the next tick", interrupt::sleep(self.period));
                self.tick(tick, &self.board.sleeps);
            }
        })
    }

    fn tick(&self, tick: usize, late: &Lock<Vec<Duration>>) {
        let _running = running!("a tick");
        let due = self.started + self.period * tick as u32;
        late.lock().push(Instant::now().saturating_duration_since(due));
        threads::sleep(WORK);
        self.board.done.release(1);
    }
}

fn show(
    args: &Args,
    board: &Board,
    cancelled: usize,
    period: Duration,
    picture: Option<&timeline::Picture>,
) -> anyhow::Result<Outcome> {
    let mut late = board.late.lock().clone();
    late.sort_unstable();
    let clock = if args.broken { &board.sleeps } else { &board.ticks };
    let ticks = clock.lock().clone();
    let sleeps = board.sleeps.lock().clone();
    let early = board.early.load(Relaxed); // Relaxed: the thread of the timers has ended

    let set = counted(args.alarms, "alarm");
    let mut report = Report::new(format_args!("{set} on one thread, and a clock"));
    report.gap();
    report.line("How late they were:");
    report.chart(&histogram(&late));
    report.gap();
    report.timeline(picture);
    let percentile =
        |percent: usize| late.get(late.len() * percent / 100).copied().unwrap_or_default();
    report.line(format_args!(
        "{} rang and {} were cancelled; half were at most {:.1?} late, 99 of 100 at most {:.1?}.",
        count(late.len() + early),
        count(cancelled),
        percentile(50),
        percentile(99),
    ));
    // The least of the last quarter: one late tick is no drift.
    let at_the_end =
        |ticks: &[Duration]| ticks[ticks.len() * 3 / 4..].iter().min().copied().unwrap_or_default();
    let drift = at_the_end(&ticks);
    report.line(format_args!(
        "The clock ticked {}, every {period:.1?}; at the end it was {drift:.1?} late.",
        counted(ticks.len(), "time"),
    ));
    if !args.broken {
        report.argue(
            Side(
                "due by the start",
                format!("at the end the clock was {drift:.1?} late after {}", counted(ticks.len(), "tick")),
            ),
            Side(
                "sleep after sleep",
                format!("{:.1?} late after {}", at_the_end(&sleeps), counted(sleeps.len(), "tick")),
            ),
            "a clock must not add up what each tick was late: the next is due by the start, not by the last",
        );
    }
    let so_far = || format!("{} of {set} rang", count(late.len() + early));
    let verdict = Verdict::on([], so_far, || {
        if late.len() + early + cancelled != args.alarms {
            let (rang, set) = (late.len() + early, args.alarms);
            Err(format!("{rang} rang and {cancelled} were cancelled, which is not {set}"))
        } else if early > 0 {
            Err(format!("{} rang early", counted(early, "alarm")))
        } else if args.broken && drift >= WORK {
            Err(format!(
                "the clock drifts: each tick is later than the one before, the last ones by {drift:.1?}"
            ))
        } else {
            Ok("those that rang and those that were cancelled are those that were set, and none was early".into())
        }
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- timers --broken", "a clock made of sleeps"),
        ("cargo run -- timers --alarms 50000", "a hundred times as many, still one thread"),
        ("cargo run -- timers --cancel 100", "all of them called off"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// How many alarms were late by how much, each step ten times the one before.
fn histogram(late: &[Duration]) -> Vec<(&'static str, usize)> {
    let steps = [
        ("below 100 µs", 100),
        ("100 µs to 1 ms", 1_000),
        ("1 to 10 ms", 10_000),
        ("10 to 100 ms", 100_000),
        ("more", u64::MAX),
    ];
    let mut from = 0;
    let count = |&(name, below): &(&'static str, u64)| {
        let to = late.partition_point(|late| *late < Duration::from_micros(below));
        (name, to - std::mem::replace(&mut from, to))
    };
    steps.iter().map(count).collect()
}
