//! A barrier: the Game of Life, by threads in lock step.
//!
//! Each thread has a strip of the grid. It reads the old grid, its strip and a row on either side,
//! and writes its strip of the new one. Then the two change places, and that is the catch: no
//! thread may begin the next generation before all are done with this one, or it reads rows that
//! are not there yet, and writes over rows that others still read.
//!
//! ```text
//!   thread 1 ──work──▶│            │──work──▶│
//!   thread 2 ──work───┼──────────▶ │──work───┼▶
//!   thread 3 ──work───┼────▶│      │──work──▶│
//!                     └─ wait ─────┘ the last one to come lets all go on
//! ```
//!
//! So there is a barrier after each generation. With `--broken` there is none: each thread runs its
//! own generations, as fast as it can.
//!
//! Cells are atomics, read and written with `Relaxed`: the barrier orders what was written before
//! it and what is read after it. Without it plain cells would be a data race, after which Rust
//! promises nothing; with atomics the grid is only wrong, which is what the demo is to show.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use primitives::Barrier;

use self::grid::Grid;
use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{self, Report, Side, count, counted};
use crate::timeline::{self, waiting};
use crate::workers;

mod grid;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Threads, a strip each, up to 64 and to the number of rows
    #[arg(long, value_name = "N", default_value = "4", value_parser = number::<1, 64>)]
    threads: usize,
    /// Generations, up to 1000000
    #[arg(long, value_name = "N", default_value = "200", value_parser = number::<1, 1_000_000>)]
    generations: usize,
    /// Rows of the grid, whose edges meet, up to 2000
    #[arg(long, value_name = "N", default_value = "40", value_parser = number::<3, 2000>)]
    rows: usize,
    /// Columns of the grid, up to 2000 [default: as many as fit the terminal, at most 76]
    #[arg(long, value_name = "N", value_parser = number::<3, 2000>)]
    columns: Option<usize>,
    /// Pattern to begin with: lines of `O` and `.`, as in .cells files [default: random]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Seed of the random pattern
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Pause after each generation, in ms, so that one can watch (in a terminal)
    #[arg(long, value_name = "MS", default_value = "5", value_parser = number::<0, 10_000>)]
    pause: usize,
    /// No thread waits for another
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What the threads share: the two grids, which take turns.
struct Life {
    grids: [Grid<AtomicBool>; 2],
    /// Generations that all threads have reached.
    reached: AtomicUsize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let columns =
        args.columns.unwrap_or_else(|| report::width().map_or(76, |all| all.clamp(5, 78) - 2));
    let first = match &args.input {
        None => Grid::random(args.rows, columns, args.seed),
        Some(file) => Grid::from_file(file, args.rows, columns)?,
    };
    let timeline = args.timeline.start()?;
    let life = Arc::new(Life::new(&first));
    let barrier = Arc::new(Barrier::new(args.threads.min(args.rows)));
    let to_stop = Arc::clone(&barrier);
    on_ctrl_c(move || to_stop.abort())?;

    let watched = Arc::clone(&life);
    let live = progress::board(args.rows.div_ceil(2), move |line| watched.now().line(line));
    // Without a viewer no pause is needed.
    let pause = Duration::from_millis(if live.is_hidden() { 0 } else { args.pause as u64 });
    let started = Instant::now();
    let step = |number| life.live(number, args, &barrier, !args.broken, pause);
    let threads = workers::run("strip", barrier.parties(), step, || barrier.abort())?;
    let elapsed = started.elapsed();
    live.finish_and_clear();
    let picture = timeline.finish()?;

    let last = life.grids[args.generations % 2].plain();
    let panicked = workers::panics(&threads).next().is_some();
    let without = match args.broken || panicked || interrupted() {
        true => None,
        false => {
            let life = Life::new(&first);
            let started = Instant::now();
            let step = |number| life.live(number, args, &barrier, false, Duration::ZERO);
            workers::run("strip", barrier.parties(), step, || ())?;
            Some((life.grids[args.generations % 2].plain(), started.elapsed()))
        }
    };
    let title = counted(args.generations, "generation");
    let mut report = Report::new(format_args!(
        "The Game of Life, {title} by {} in lock step",
        counted(barrier.parties(), "thread")
    ));
    report.gap();
    (0..args.rows.div_ceil(2).min(30))
        .for_each(|line| report.drawn(format_args!("  {}", last.line(line))));
    report.gap();
    report.timeline(picture.as_ref());
    let waited: Duration = workers::done(&threads).sum();
    report.line(format_args!(
        "{title}, {} cells, {} alive, in {elapsed:.1?}; waited at the barrier: {waited:.1?} in all.",
        count(args.rows * columns),
        count(last.alive()),
    ));
    if let Some((grid, took)) = without {
        report.argue(
            Side("with a barrier", format!("the grid of a single thread, in {elapsed:.1?}")),
            Side(
                "without",
                match grid.differences(&last) {
                    0 => format!("the same, in {took:.1?}"),
                    wrong => format!("~{} differ, in {took:.1?}", counted(wrong, "cell")),
                },
            ),
            match barrier.parties() {
                1 => "one thread alone waits for no other",
                _ => "no strip may begin the next generation before all have done with the last",
            },
        );
    }
    let so_far = || format!("{} of {title} done", count(life.reached.load(Relaxed)));
    let verdict = Verdict::on(workers::panics(&threads), so_far, || {
        let mut alone = first.clone();
        for _ in (0..args.generations).take_while(|_| !interrupted()) {
            alone = alone.next();
        }
        match alone.differences(&last) {
            0 => Ok("a single thread comes to the same grid".into()),
            wrong => {
                Err(format!("{} differ from those of a single thread", counted(wrong, "cell")))
            }
        }
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- barrier --broken", "no thread waits for another"),
        ("cargo run -- barrier --seed 42", "another world"),
        ("cargo run -- barrier --threads 1", "one thread alone: compare the time"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

impl Life {
    fn new(first: &Grid<bool>) -> Self {
        let second = Grid::new(first.rows(), first.columns());
        Self { grids: [first.shared(), second.shared()], reached: AtomicUsize::new(0) }
    }

    /// The work of strip `number`. Returns how long it waited.
    fn live(
        &self,
        number: usize,
        args: &Args,
        barrier: &Barrier,
        in_step: bool,
        pause: Duration,
    ) -> Duration {
        let strips = barrier.parties();
        let rows = (number - 1) * args.rows / strips..number * args.rows / strips;
        let mut waited = Duration::ZERO;
        for generation in 0..args.generations {
            let (old, new) = (&self.grids[generation % 2], &self.grids[(generation + 1) % 2]);
            new.become_next_of(old, rows.clone());
            if !in_step {
                if interrupted() {
                    break;
                }
                continue;
            }
            let arrived = Instant::now();
            let Ok(all_here) = waiting!("the other strips", barrier.wait()) else {
                break; // Ctrl-C, or another thread panicked
            };
            waited += arrived.elapsed();
            if all_here.is_leader() {
                self.reached.store(generation + 1, Relaxed); // Relaxed: a number for the eye
                interrupt::sleep(pause); // the others are done sooner, and wait at the next barrier
            }
        }
        waited
    }

    /// The grid that was reached last, for display: some rows may be a generation ahead.
    fn now(&self) -> Grid<bool> {
        self.grids[self.reached.load(Relaxed) % 2].plain()
    }
}
