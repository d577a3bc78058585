//! Tickets: several counters sell the seats of one hall.
//!
//! Each counter looks for free seats in the plan, and writes its number on them. To look and to
//! write are two steps. If another counter looks between them, it finds the same seats free:
//!
//! ```text
//!   counter-1:  looks: 7 is free ........................ writes: 7 is mine
//!   counter-2:            looks: 7 is free ... writes: 7 is mine
//! ```
//!
//! So a counter takes a lock on the plan before it looks, and gives it back when it has written. It
//! does not keep it while the customer pays, or the others would do nothing meanwhile.
//!
//! With `--broken` there is no lock, and the customer makes up his mind between the two steps.
//! Seats are sold twice, every time. The seats are atomics, in both versions, read and written with
//! `Relaxed`: a plain integer that one thread writes while another reads would be a data race,
//! after which Rust promises nothing at all. Of what goes wrong here it makes no difference: a
//! load, a store, and time between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fastrand::Rng;
use primitives::Lock;

use crate::args::number;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted, money};
use crate::timeline::{self, holding, waiting};
use crate::workers::{self, Worker};

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Counters, a thread each, up to 99
    #[arg(long, value_name = "N", default_value = "4", value_parser = number::<1, 99>)]
    counters: usize,
    /// Rows of seats, up to 100
    #[arg(long, value_name = "N", default_value = "8", value_parser = number::<1, 100>)]
    rows: usize,
    /// Seats in a row, up to 100
    #[arg(long, value_name = "N", default_value = "30", value_parser = number::<1, 100>)]
    seats: usize,
    /// Simulated customers: they take so many µs to pay or to decide, half as much again or half as
    /// much
    #[arg(long, value_name = "US", default_value = "10000", value_parser = number::<0, 1_000_000>)]
    think: usize,
    /// Seed of the sizes of the parties, and of how long they take
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Look and write without a lock
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// The plan: for each seat the number of the counter that sold it, or 0.
struct Hall {
    plan: Vec<AtomicU32>,
    /// A thread holds this while it looks for seats and sells them. `None`: no lock.
    lock: Option<Lock<()>>,
    row: usize,
    think: usize,
}

/// What a counter has sold: the seats of each party.
type Sold = Vec<Vec<usize>>;

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the counters look at `interrupted`
    let evening = sell_out(args, !args.broken)?;
    let picture = timeline.finish()?;
    let panicked = workers::panics(&evening.counters).next().is_some();
    let without = match args.broken || panicked || interrupted() {
        true => None,
        false => Some(sell_out(args, false)?),
    };
    show(args, &evening, without.as_ref(), picture.as_ref())
}

/// A hall that is sold out.
struct Evening {
    hall: Arc<Hall>,
    counters: Vec<Worker<Sold>>,
    elapsed: Duration,
}

/// The counters sell all seats, with a lock or without.
fn sell_out(args: &Args, with_lock: bool) -> std::io::Result<Evening> {
    let hall = Arc::new(Hall {
        plan: (0..args.rows * args.seats).map(|_| AtomicU32::new(0)).collect(),
        lock: with_lock.then(|| Lock::new(())),
        row: args.seats,
        think: args.think,
    });
    let watched = Arc::clone(&hall);
    let live = progress::board(args.rows, move |row| watched.draw(row));
    let started = Instant::now();
    let sell = |counter: usize| {
        let random = Rng::with_seed(args.seed.wrapping_add(counter as u64));
        hall.sell(counter as u32, random)
    };
    let counters = workers::run("counter", args.counters, sell, || ())?;
    live.finish_and_clear();
    Ok(Evening { hall, counters, elapsed: started.elapsed() })
}

impl Evening {
    /// How many tickets were sold for each seat.
    fn tickets(&self) -> Vec<usize> {
        let mut tickets = vec![0; self.hall.plan.len()];
        workers::done(&self.counters).flatten().flatten().for_each(|&seat| tickets[seat] += 1);
        tickets
    }

    fn sentence(&self) -> String {
        let tickets = self.tickets();
        let twice = tickets.iter().filter(|&&tickets| tickets > 1).count();
        let seats = counted(tickets.len(), "seat");
        let elapsed = self.elapsed;
        match twice {
            0 => format!("each of {seats} was sold once, in {elapsed:.1?}"),
            _ => format!("~{} of {seats} were sold twice or more, in {elapsed:.1?}", count(twice)),
        }
    }
}

impl Hall {
    /// Serves one party after the other, until the hall is sold out.
    fn sell(&self, counter: u32, mut random: Rng) -> Sold {
        let mut sold = Sold::new();
        while !interrupted() {
            let party = random.usize(1..=4);
            let pause = random.usize(self.think / 2..=self.think * 3 / 2);
            let pause = || interrupt::sleep(Duration::from_micros(pause as u64));
            match &self.lock {
                Some(lock) => {
                    let plan = waiting!("the plan", lock.lock());
                    let holding = holding!("the plan");
                    let Some(seats) = self.look(party) else { break };
                    self.write(counter, &seats);
                    drop((holding, plan));
                    pause(); // the customer pays; the seats are safe
                    sold.push(seats);
                }
                None => {
                    let Some(seats) = self.look(party) else { break };
                    pause(); // the customer decides; another counter looks
                    self.write(counter, &seats);
                    sold.push(seats);
                }
            }
        }
        sold
    }

    /// The first free seats side by side that are enough for the party; any free one, if there are
    /// none.
    fn look(&self, party: usize) -> Option<Vec<usize>> {
        // Relaxed, here and below: under the lock that orders everything, and without it nothing
        // would.
        let free = |seat: &usize| self.plan[*seat].load(Relaxed) == 0;
        let seats: Vec<_> = (0..self.plan.len()).collect();
        let together = seats.chunks(self.row).flat_map(|row| row.windows(party));
        let mut enough = together.filter(|seats| seats.iter().all(free));
        enough.next().map(<[_]>::to_vec).or_else(|| Some(vec![seats.into_iter().find(free)?]))
    }

    fn write(&self, counter: u32, seats: &[usize]) {
        seats.iter().for_each(|&seat| self.plan[seat].store(counter, Relaxed));
    }

    /// A row of the plan; counters are digits and letters.
    fn draw(&self, row: usize) -> String {
        let seats = self.plan.iter().skip(row * self.row).take(self.row);
        let look = |seat: &AtomicU32| match seat.load(Relaxed) {
            0 => '·',
            counter => char::from_digit(counter, 36).unwrap_or('+'),
        };
        seats.map(look).collect()
    }

    /// In cents: the front row is the dearest.
    fn price(&self, seat: usize) -> u64 {
        let rows = self.plan.len() / self.row;
        1950 + 500 * (rows - seat / self.row) as u64
    }
}

fn show(
    args: &Args,
    evening: &Evening,
    without: Option<&Evening>,
    picture: Option<&timeline::Picture>,
) -> anyhow::Result<Outcome> {
    let Evening { hall, counters, elapsed } = evening;
    let tickets = evening.tickets();
    let takings = |sold: &Sold| sold.iter().flatten().map(|&seat| hall.price(seat)).sum::<u64>();
    let paid: u64 = workers::done(counters).map(takings).sum();
    let worth: u64 = (0..hall.plan.len()).map(|seat| hall.price(seat)).sum();

    let mut report =
        Report::new("The seats of one hall, and who sold them (X: sold twice or more)");
    report.gap();
    for (row, tickets) in tickets.chunks(hall.row).enumerate() {
        let drawn = hall.draw(row);
        let seats = drawn.chars().zip(tickets);
        let seats = seats.map(|(counter, &tickets)| if tickets > 1 { 'X' } else { counter });
        report.drawn(format_args!("  {}", seats.collect::<String>()));
    }
    report.gap();
    let row = |counter: &Worker<Sold>| {
        let sold = counter.done.as_ref().ok();
        let number = |n: fn(&Sold) -> usize| sold.map_or("panicked".into(), |sold| count(n(sold)));
        let takings = sold.map_or(String::new(), |sold| money(takings(sold) as i64));
        [
            counter.name.clone(),
            number(Vec::len),
            number(|sold| sold.iter().flatten().count()),
            takings,
        ]
    };
    let rows: Vec<_> = counters.iter().map(row).collect();
    report.table(["thread", "parties", "tickets", "takings"], &rows);
    report.gap();
    report.timeline(picture);
    let sold: usize = tickets.iter().sum();
    let seats = counted(hall.plan.len(), "seat");
    report.line(format_args!("{} for {seats} in {elapsed:.1?}.", counted(sold, "ticket")));
    if let Some(without) = without {
        report.argue(
            Side("with a lock", evening.sentence()),
            Side("without", without.sentence()),
            match args.counters {
                1 => "one counter alone needs no lock",
                _ => "to look for a seat and to write on it must be one step, and the lock makes them one",
            },
        );
    }
    let so_far =
        || format!("{} of {seats} sold", count(tickets.iter().filter(|&&n| n > 0).count()));
    let verdict = Verdict::on(workers::panics(counters), so_far, || {
        match tickets.iter().filter(|&&tickets| tickets != 1).count() {
            0 if paid == worth => Ok(format!(
                "each seat was sold once, and the takings are what the hall is worth, {}",
                money(worth as i64)
            )),
            wrong => Err(format!(
                "{} sold twice or more; the hall is worth {}, and {} were paid",
                counted(wrong, "seat"),
                money(worth as i64),
                money(paid as i64),
            )),
        }
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- tickets --broken", "the same without a lock"),
        ("cargo run -- tickets --counters 12", "more counters, less done by each"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}
