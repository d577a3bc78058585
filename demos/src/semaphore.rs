//! A semaphore: cars, and fewer places to park than cars.
//!
//! The semaphore has a permit for each place. A car takes one when it drives in, and gives it back
//! when it leaves; if there is none it waits at the gate until another car leaves.
//!
//! ```text
//!   car-1 ──┐    ┌─ permits ─┐      ┌───┬───┬───┐
//!   car-2 ──┼──▶ │  ● ● ●    │ ───▶ │ P │ P │ P │ ──▶ gives its permit back
//!   car-3 ──┘    └───────────┘      └───┴───┴───┘
//! ```
//!
//! With `--broken` there is a sign in place of the semaphore, with the number of free places. A car
//! reads it, drives in, and counts itself when it is there. Reading and counting are two steps, and
//! cars that read the sign at the same time believe in the same place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fastrand::Rng;
use primitives::Semaphore;

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted};
use crate::timeline::{self, holding, level, waiting};
use crate::workers::{self, Worker};

/// How long a car that finds no place free by the sign drives round the block.
const ROUND_THE_BLOCK: Duration = Duration::from_micros(500);

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Cars, a thread each, up to 256
    #[arg(long, value_name = "N", default_value = "8", value_parser = number::<1, 256>)]
    cars: usize,
    /// Places, up to 256
    #[arg(long, value_name = "N", default_value = "3", value_parser = number::<1, 256>)]
    places: usize,
    /// How often each car parks, up to 100000
    #[arg(long, value_name = "N", default_value = "10", value_parser = number::<1, 100_000>)]
    times: usize,
    /// Simulated: a car parks for so many µs, half as much again or half as much
    #[arg(long, value_name = "US", default_value = "3000", value_parser = number::<1, 10_000_000>)]
    park: usize,
    /// Seed of how long each parks
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// A sign with the number of free places, and no semaphore
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// Where the cars park.
struct CarPark {
    /// A permit for each place; `None`: they go by the sign.
    gate: Option<Semaphore>,
    places: usize,
    inside: AtomicUsize,
    /// The most cars that were inside at once.
    most: AtomicUsize,
}

/// What a car has done.
#[derive(Default)]
struct Parked {
    times: usize,
    /// How often there was no place when it came, and the longest that it waited for one.
    waits: usize,
    longest: Duration,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the cars look at `interrupted`
    let first = drive(args, !args.broken)?;
    let picture = timeline.finish()?;

    let mut report = Report::new(format_args!(
        "{}, and {} to park",
        counted(args.cars, "car"),
        counted(args.places, "place"),
    ));
    report.gap();
    let row = |car: &Worker<Parked>| match &car.done {
        Ok(parked) => [
            car.name.clone(),
            count(parked.times),
            format!("~{}", count(parked.waits)),
            format!("{:.1?}", parked.longest),
        ],
        Err(_) => [car.name.clone(), "panicked".into(), String::new(), String::new()],
    };
    let rows: Vec<_> = first.cars.iter().take(SHOWN).map(row).collect();
    report.table(["thread", "parked", "waited", "longest wait"], &rows);
    if first.cars.len() > SHOWN {
        report.line(format_args!("  and {} more", counted(first.cars.len() - SHOWN, "car")));
    }
    report.gap();
    report.timeline(picture.as_ref());
    let panicked = workers::panics(&first.cars).next().is_some();
    if !args.broken && !panicked && !interrupted() {
        let sign = drive(args, false)?;
        report.argue(
            Side("with a semaphore", first.sentence()),
            Side("with a sign", sign.sentence()),
            match sign.most > args.places {
                true => "to look for a place and to take it must be one step, and `acquire` makes them one",
                false => "so few cars seldom meet; the sign is wrong all the same",
            },
        );
    }
    let times: usize = workers::done(&first.cars).map(|parked| parked.times).sum();
    let verdict = Verdict::on(
        workers::panics(&first.cars),
        || format!("parked {}", counted(times, "time")),
        || match first.most <= args.places && times == args.cars * args.times {
            true => Ok(format!(
                "each car parked {}, and there were never more than {} inside",
                counted(args.times, "time"),
                counted(args.places, "car"),
            )),
            false => Err(format!(
                "{} stood on {}",
                counted(first.most, "car"),
                counted(args.places, "place")
            )),
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- semaphore --broken", "a sign, and no semaphore"),
        ("cargo run -- semaphore --places 1", "one place: the semaphore is a lock"),
        ("cargo run -- semaphore --cars 64 --times 1", "a crowd at the gate"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The most cars in the table.
const SHOWN: usize = 12;

/// A day, when it is over.
struct Driven {
    cars: Vec<Worker<Parked>>,
    most: usize,
    elapsed: Duration,
}

impl Driven {
    fn sentence(&self) -> String {
        let longest = workers::done(&self.cars).map(|parked| parked.longest).max();
        format!(
            "~{} at most inside at once, in {:.1?}; the longest wait was {:.1?}",
            counted(self.most, "car"),
            self.elapsed,
            longest.unwrap_or_default(),
        )
    }
}

/// All cars park as often as they should, with a semaphore at the gate or by the sign.
fn drive(args: &Args, with_semaphore: bool) -> std::io::Result<Driven> {
    let park = CarPark {
        gate: with_semaphore.then(|| Semaphore::new(args.places)),
        places: args.places,
        inside: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    };
    let parked = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&parked);
    let live = progress::start(args.cars * args.times, "times parked", move || {
        count(shown.load(Relaxed)) // Relaxed: a number for the eye
    });
    let started = Instant::now();
    let work = |car: usize| {
        let mut random = Rng::with_seed(args.seed.wrapping_add(car as u64));
        let mut done = Parked::default();
        while done.times < args.times && !interrupted() {
            let stay = random.usize(args.park.div_ceil(2)..=args.park.div_ceil(2) * 3);
            let stay = Duration::from_micros(stay as u64);
            let came = Instant::now();
            if park.park(stay, &mut done.waits, &mut || {
                done.longest = done.longest.max(came.elapsed())
            }) {
                done.times += 1;
            }
            parked.fetch_add(1, Relaxed); // Relaxed: as above
            live.inc(1);
        }
        done
    };
    let cars = workers::run("car", args.cars, work, || ())?;
    live.finish_and_clear();
    let most = park.most.load(Relaxed); // Relaxed: the threads were joined
    Ok(Driven { cars, most, elapsed: started.elapsed() })
}

impl CarPark {
    /// Parks once; `is_in` hears when the car has its place. False if Ctrl-C came first.
    fn park(&self, stay: Duration, waits: &mut usize, is_in: &mut dyn FnMut()) -> bool {
        match &self.gate {
            Some(gate) => {
                let permit = gate.try_acquire().unwrap_or_else(|| {
                    *waits += 1;
                    waiting!("a place", gate.acquire())
                });
                is_in();
                self.stand(stay);
                drop(permit);
            }
            None => {
                // Relaxed, here and below: no order would help, for a look and a count are two
                // steps.
                if self.inside.load(Relaxed) >= self.places {
                    *waits += 1;
                }
                while self.inside.load(Relaxed) >= self.places {
                    if interrupted() {
                        return false;
                    }
                    waiting!("a place", interrupt::sleep(ROUND_THE_BLOCK));
                }
                interrupt::sleep(ROUND_THE_BLOCK); // it drives in, and others read the sign
                is_in();
                self.stand(stay);
            }
        }
        true
    }

    fn stand(&self, stay: Duration) {
        let _holding = holding!("a place");
        let inside = 1 + self.inside.fetch_add(1, Relaxed);
        self.most.fetch_max(inside, Relaxed);
        level!("cars inside", inside);
        interrupt::sleep(stay);
        let left = self.inside.fetch_sub(1, Relaxed) - 1;
        level!("cars inside", left);
    }
}
