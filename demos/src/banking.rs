//! A bank: tellers move money between accounts, and an auditor counts it while they do.
//!
//! ```text
//!   teller-1 ──▶ locks 2, locks 5: 5 ▶ 2 ──┐    ┌───┬───┬───┬───┬───┬───┐
//!                                          ├──▶ │ 1 │ 2 │ 3 │ 4 │ 5 │ 6 │ ◀── auditor: locks all, adds up
//!   teller-2 ──▶ locks 1, locks 2: 1 ▶ 2 ──┘    └───┴───┴───┴───┴───┴───┘
//! ```
//!
//! Each account has its own lock, so transfers between different accounts do not wait for each
//! other. A transfer needs two accounts, and so it holds two locks, taken in the order of the
//! account numbers; `transfer.rs` says why. Then it is payday: customers wait for money with a
//! condition (`payday.rs`).
//!
//! With `--broken` the tellers lock nothing, and money appears and disappears. With
//! `--hand-over-hand` they lock in the order of the transfer, and deadlock (`hand_over_hand.rs`).
//! With `--signal event` the customers wait with an event, and the account is overdrawn.
//!
//! | file       | idea                                                                        |
//! | ---------- | --------------------------------------------------------------------------- |
//! | `transfer` | a transfer, right and broken; a model proves both: `cargo model banking`    |
//! | `hand_over_hand` | transfers that deadlock, and back off when they are told              |
//! | `knots`          | the deadlocks that were found, and how the first is tied              |
//! | `bank`     | the accounts                                                                |
//! | `payday`   | a withdrawal that waits for money                                           |
//! | `report`   | the ledger, and whether it balances                                         |

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use fastrand::Rng;
use primitives::{Event, threads};

use self::bank::{Bank, Way};
use self::payday::{Payday, Signal};
use self::transfer::Order;
use crate::args::number;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::{BadInput, Outcome};
use crate::progress;
use crate::report::count;
use crate::timeline::{self, phase, waiting};
use crate::workers::{self, Worker};

mod bank;
mod hand_over_hand;
mod knots;
mod payday;
mod report;
mod transfer;

/// What is on each account at first, in cents.
const OPENING: u64 = 100_000;
/// How long the auditor rests between two audits.
const REST: Duration = Duration::from_millis(1);

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Accounts, with 1,000.00 on each, up to 1000
    #[arg(long, value_name = "N", default_value = "8", value_parser = number::<2, 1000>)]
    accounts: usize,
    /// Tellers, a thread each, up to 256
    #[arg(long, value_name = "N", default_value = "4", value_parser = number::<1, 256>)]
    threads: usize,
    /// Transfers, by all of them together, up to 100000000
    #[arg(long, value_name = "N", default_value = "20000", value_parser = number::<1, 100_000_000>)]
    transfers: usize,
    /// Customers who wait for money on payday, up to 256
    #[arg(long, value_name = "N", default_value = "6", value_parser = number::<2, 256>)]
    customers: usize,
    /// How they learn that there is some
    #[arg(long, value_name = "HOW", default_value = "condition")]
    signal: Signal,
    /// Seed of who pays whom how much
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// The tellers lock nothing
    #[arg(long)]
    broken: bool,
    /// The tellers lock the source, then the target, and deadlock: exit status 1
    #[arg(long, conflicts_with = "broken")]
    hand_over_hand: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What a teller has done.
struct Teller {
    moved: usize,
    /// Transfers for which there was not enough money.
    refused: usize,
    /// By how much each account should have changed, in cents.
    journal: Vec<i64>,
}

/// The most transfers that are done without locks, to compare.
const MOST_WITHOUT: usize = 20_000;

/// What came of it without locks.
struct Without {
    transfers: usize,
    /// By how much all the money changed, in cents.
    difference: i64,
    /// Audits with a wrong total.
    wrong: usize,
}

/// The auditor's findings.
#[derive(Default)]
struct Audit {
    audits: usize,
    /// Audits with a different total, and the first and last such total.
    wrong: usize,
    first: Option<u64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.hand_over_hand && args.threads.min(args.transfers) < 2 {
        let allowed = "--threads and --transfers from 2 are allowed";
        let line = format!("--hand-over-hand needs two tellers with a transfer each: {allowed}");
        return Err(BadInput(line).into());
    }
    let timeline = args.timeline.start()?;
    let way = match (args.broken, args.hand_over_hand) {
        (true, _) => Way::WithoutLock,
        (_, true) => Way::HandOverHand,
        _ => Way::ByNumber,
    };
    let bank = Bank::new(args.accounts, OPENING, way);
    let payday = Arc::new(Payday::new(args.signal));
    let to_stop = Arc::clone(&payday);
    on_ctrl_c(move || to_stop.stop())?; // the tellers look at `interrupted` themselves

    phase!("transfers");
    let started = Instant::now();
    let (tellers, auditor) = transfers(args, &bank, args.transfers)?;
    let elapsed = started.elapsed();
    phase!("payday");
    let paid = payday.run(args.customers, args.seed)?;
    let ended = report::Ended { tellers, auditor, elapsed, paid };
    let picture = timeline.finish()?;
    let without = match way {
        Way::ByNumber if !interrupted() => Some(without_locks(args)?),
        _ => None,
    };
    report::show(args, &bank, &ended, without.as_ref(), picture.as_ref())
}

type Ended = (Vec<Worker<Teller>>, Vec<Worker<Audit>>);

/// The same without locks, so far as it takes to go wrong.
fn without_locks(args: &Args) -> io::Result<Without> {
    let bank = Bank::new(args.accounts, OPENING, Way::WithoutLock);
    let (_, auditor) = transfers(args, &bank, args.transfers.min(MOST_WITHOUT))?;
    Ok(Without {
        transfers: args.transfers.min(MOST_WITHOUT),
        difference: bank.balances().iter().map(|&cents| cents as i64).sum::<i64>()
            - (OPENING * args.accounts as u64) as i64,
        wrong: workers::done(&auditor).map(|audit| audit.wrong).sum(),
    })
}

/// The tellers do so many transfers, and the auditor audits until the last of them goes home.
fn transfers(args: &Args, bank: &Bank, transfers: usize) -> io::Result<Ended> {
    let done = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&done);
    let live = progress::start(transfers, "transfers", move || {
        count(shown.load(Relaxed)) // Relaxed: a number for the eye
    });
    let closed = Event::new();
    let work = |teller: usize| {
        let share = transfers / args.threads;
        let share = share + usize::from(teller <= transfers % args.threads);
        let random = Rng::with_seed(args.seed.wrapping_add(teller as u64));
        bank.teller(teller, args.accounts, share, random, || live.inc(1))
    };
    let total = OPENING * args.accounts as u64;
    let ended = threads::scope(|scope| {
        let close = || {
            bank.hand_over_hand().inspect(|(_, knots)| knots.stop());
            closed.set();
        };
        let auditor = workers::start(scope, "auditor", 1, |_| bank.audit(total, &closed), || ())?;
        let tellers = workers::start(scope, "teller", args.threads, work, close)?;
        let tellers = workers::join(tellers);
        closed.set();
        Ok((tellers, workers::join(auditor)))
    });
    live.finish_and_clear();
    ended
}

impl Bank {
    fn teller(
        &self,
        number: usize,
        accounts: usize,
        transfers: usize,
        mut random: Rng,
        moved: impl Fn(),
    ) -> Teller {
        let mut done = Teller { moved: 0, refused: 0, journal: vec![0; accounts] };
        let mut note = |order: Order, enough| {
            if enough {
                done.moved += 1;
                done.journal[order.from] -= order.cents as i64;
                done.journal[order.to] += order.cents as i64;
            } else {
                done.refused += 1;
            }
            moved();
        };
        // Not after a check of `interrupted`: the other thread relies on this one.
        let first = self.tie_first_knot(number).map(|(order, enough)| note(order, enough));
        for _ in usize::from(first.is_some())..transfers {
            if interrupted() {
                break;
            }
            let from = random.usize(0..accounts);
            let to = (from + random.usize(1..accounts)) % accounts;
            let order = Order { from, to, cents: random.u64(1..=50_000) };
            note(order, self.transfer(order));
        }
        done
    }

    /// Adds up all accounts, again and again: with locks, a teller is never seen between taking the
    /// money and giving it.
    fn audit(&self, total: u64, closed: &Event) -> Audit {
        let mut done = Audit::default();
        self.hand_over_hand().inspect(|(_, knots)| knots.wait_for_first());
        loop {
            let last = waiting!("the next audit", closed.wait_timeout(REST));
            let found: u64 = self.balances().iter().sum();
            done.audits += 1;
            if found != total {
                done.wrong += 1;
                done.first.get_or_insert(found);
            }
            if last {
                return done;
            }
        }
    }
}
