//! The table: forks, and how to take two of them.

use std::io;
use std::time::{Duration, Instant};

use primitives::deadlock::{self, Report as Knot};
use primitives::{Barrier, Condition, Lock, Semaphore, threads};

use crate::interrupt;
use crate::timeline::{holding, waiting};
use crate::workers;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Cure {
    /// The fork with the smaller number first
    Order,
    /// Put the first back if the second is not free
    TryAndBackOff,
    /// A waiter gives out one chair fewer than there are philosophers
    Waiter,
    /// Both forks or none, under one lock, with a condition
    Monitor,
}

impl Cure {
    pub(super) const ALL: [Self; 4] =
        [Self::Order, Self::TryAndBackOff, Self::Waiter, Self::Monitor];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::TryAndBackOff => "try-and-back-off",
            Self::Waiter => "waiter",
            Self::Monitor => "monitor",
        }
    }

    /// The condition of a deadlock that is missing.
    pub(super) fn breaks(self) -> &'static str {
        match self {
            Self::Order | Self::Waiter => "circular wait",
            Self::TryAndBackOff => "no preemption",
            Self::Monitor => "hold and wait",
        }
    }
}

/// What a philosopher has had.
#[derive(Default)]
pub(super) struct Eaten {
    pub(super) meals: usize,
    /// The longest that he waited for a meal.
    pub(super) longest: Duration,
    pub(super) done_after: Duration,
}

pub(super) struct Table {
    forks: Vec<Lock<()>>,
    chairs: Semaphore,
    /// For the monitor: which forks are taken.
    taken: Lock<Vec<bool>>,
    put_back: Condition,
}

impl Table {
    pub(super) fn new(philosophers: usize) -> Self {
        Self {
            forks: (1..=philosophers).map(fork).collect(),
            chairs: Semaphore::new(philosophers - 1),
            taken: Lock::new(vec![false; philosophers]),
            put_back: Condition::new(),
        }
    }

    // ANCHOR: eat
    /// Takes both forks as the cure says, eats, and puts them back.
    pub(super) fn eat(&self, seat: usize, cure: Cure, meal: Duration, eaten: &mut Eaten) {
        let (left, right) = (seat, (seat + 1) % self.forks.len());
        let hungry = Instant::now();
        let mut eat = || {
            eaten.longest = eaten.longest.max(hungry.elapsed());
            let _holding = holding!("two forks");
            interrupt::sleep(meal);
            eaten.meals += 1;
        };
        match cure {
            Cure::Order => {
                let _first = waiting!("a fork", self.forks[left.min(right)].lock());
                let _holding = holding!("a fork");
                let _second = waiting!("a fork", self.forks[left.max(right)].lock());
                eat();
            }
            Cure::TryAndBackOff => loop {
                let first = waiting!("a fork", self.forks[left].lock());
                let Some(_second) = self.forks[right].try_lock() else {
                    drop(first);
                    threads::yield_now(); // so that the neighbour gets it
                    continue;
                };
                eat();
                break;
            },
            Cure::Waiter => {
                let _chair = waiting!("a chair", self.chairs.acquire());
                let _first = waiting!("a fork", self.forks[left].lock());
                let _holding = holding!("a fork");
                let _second = waiting!("a fork", self.forks[right].lock());
                eat();
            }
            Cure::Monitor => {
                let mut taken = self.taken.lock();
                waiting!(
                    "both forks",
                    self.put_back.wait_while(&mut taken, |taken| taken[left] || taken[right])
                );
                (taken[left], taken[right]) = (true, true);
                drop(taken);
                eat();
                let mut taken = self.taken.lock();
                (taken[left], taken[right]) = (false, false);
                drop(taken);
                self.put_back.notify_all();
            }
        }
    }
    // ANCHOR_END: eat
}

/// Named, so that reports can say which.
fn fork(number: usize) -> Lock<()> {
    Lock::named(deadlock::name(format_args!("fork {number}")), ())
}

/// Each takes the fork on the left, and when all have one, each wants the one on the right. Returns
/// their reports, and how soon they came.
pub(super) fn all_at_once(philosophers: usize) -> io::Result<(Vec<Knot>, Duration)> {
    let table = Table::new(philosophers);
    let each_has_one = Barrier::new(philosophers);
    let take = |number: usize| {
        let (left, right) = (number - 1, number % philosophers);
        let _first = table.forks[left].lock();
        let _holding = holding!("a fork");
        // An error would say that another thread could not be started.
        let _ = waiting!("the others to take one", each_has_one.wait());
        let started = Instant::now();
        match waiting!("a fork", table.forks[right].lock_checked()) {
            Ok(_second) => None,
            Err(knot) => Some((*knot, started.elapsed())), // and puts back the first
        }
    };
    let ended = workers::run("philosopher", philosophers, take, || each_has_one.abort())?;
    let told: Vec<_> = workers::done(&ended).flatten().cloned().collect();
    let took = told.iter().map(|told| told.1).max().unwrap_or_default();
    Ok((told.into_iter().map(|told| told.0).collect(), took))
}
