//! A withdrawal that waits for money: with a condition, and with an event as beginners write it.
//!
//! Customers stand in line to withdraw from an account on which there is nothing yet. An employer
//! pays in, a little at a time; in the end it is exactly what the customers want.

use std::time::Duration;

use fastrand::Rng;
use primitives::threads::{self, PanicError};
use primitives::{Condition, Event, Lock, Semaphore};

use crate::interrupt::{self, interrupted};
use crate::timeline::{holding, waiting};
use crate::workers;

/// Simulated: how long the employer counts the money of each deposit.
const COUNTING: Duration = Duration::from_millis(1);
/// With an event: how long a customer waits for a flag that another has taken down.
const PATIENCE: Duration = Duration::from_millis(500);

/// How a waiter learns that there is money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Signal {
    /// Looks again under the lock, each time that it is woken
    Condition,
    /// Waits for a flag, and then assumes that the money is there
    Event,
}

/// An account, in cents. It can be overdrawn, so that one can see it happen.
pub(super) struct Payday {
    balance: Lock<i64>,
    paid_in: Condition,
    paid_in_flag: Event,
    signal: Signal,
    /// A permit for each customer that stands in line: the employer begins when all do.
    in_line: Semaphore,
}

/// How it ended.
pub(super) struct Paid {
    pub(super) customers: usize,
    pub(super) deposits: usize,
    /// How often a customer waited.
    pub(super) waits: usize,
    /// How many gave up, because a flag that was meant for them too was taken down by another.
    pub(super) in_vain: usize,
    /// The lowest balance.
    pub(super) lowest: i64,
    pub(super) left: i64,
    pub(super) panics: Vec<PanicError>,
}

impl Payday {
    pub(super) fn new(signal: Signal) -> Self {
        Self {
            balance: Lock::new(0),
            paid_in: Condition::new(),
            paid_in_flag: Event::new(),
            signal,
            in_line: Semaphore::new(0),
        }
    }

    /// The customers, all waiting, and the employer.
    pub(super) fn run(&self, customers: usize, seed: u64) -> std::io::Result<Paid> {
        let mut random = Rng::with_seed(seed);
        let wanted: Vec<i64> = (0..customers).map(|_| random.i64(1_000..=5_000)).collect();
        let deposits = split(wanted.iter().sum(), &mut random);
        // No thread keeps waiting if another panics: then the missing money is there.
        let stop = || {
            self.in_line.release(wanted.len());
            self.deposit(i64::MAX / 2);
        };
        let ended = threads::scope(|scope| {
            let withdraw = |customer: usize| self.withdraw(wanted[customer - 1]);
            let customers = workers::start(scope, "customer", customers, withdraw, stop)?;
            let pay = |_| self.pay(wanted.len(), &deposits);
            let employer = workers::start(scope, "employer", 1, pay, stop)?;
            std::io::Result::Ok((workers::join(customers), workers::join(employer)))
        });
        let (done, employer) = ended?;
        Ok(Paid {
            customers,
            deposits: deposits.len(),
            waits: workers::done(&done).map(|customer| customer.waits).sum(),
            in_vain: workers::done(&done).filter(|customer| customer.left.is_none()).count(),
            lowest: workers::done(&done).filter_map(|customer| customer.left).min().unwrap_or(0),
            left: *self.balance.lock(),
            panics: workers::panics(&done).chain(workers::panics(&employer)).cloned().collect(),
        })
    }

    fn pay(&self, customers: usize, deposits: &[i64]) {
        for _ in 0..customers {
            waiting!("the customers", self.in_line.acquire()).forget();
        }
        for &cents in deposits.iter().take_while(|_| !interrupted()) {
            interrupt::sleep(COUNTING);
            self.deposit(cents);
        }
    }

    fn deposit(&self, cents: i64) {
        let mut balance = waiting!("the account", self.balance.lock());
        let holding = holding!("the account");
        *balance = balance.saturating_add(cents);
        drop((holding, balance));
        match self.signal {
            // All of them: the first waiter may want more than there is, and the second less.
            Signal::Condition => self.paid_in.notify_all(),
            Signal::Event => self.paid_in_flag.set(),
        }
    }

    fn withdraw(&self, cents: i64) -> Customer {
        match self.signal {
            Signal::Condition => self.withdraw_when_there(cents),
            Signal::Event => self.withdraw_when_told(cents),
        }
    }

    /// The look and the sleep are one step for every thread that locks, so no deposit can be
    /// missed. A woken customer looks again, because another may have been faster.
    fn withdraw_when_there(&self, cents: i64) -> Customer {
        let mut balance = self.balance.lock();
        self.in_line.release(1);
        let mut waits = 0;
        while *balance < cents && !interrupted() {
            waits += 1;
            waiting!("money", self.paid_in.wait(&mut balance));
        }
        let _holding = holding!("the account");
        *balance -= cents;
        Customer { waits, left: Some(*balance) }
    }

    /// The flag says that money has come, once. It wakes all customers, and each believes that it
    /// was for him. And a customer that takes the flag down takes it down also for those that have
    /// not seen it yet.
    fn withdraw_when_told(&self, cents: i64) -> Customer {
        let enough = *self.balance.lock() >= cents;
        self.in_line.release(1);
        if !enough {
            if !waiting!("money", self.paid_in_flag.wait_timeout(PATIENCE)) {
                return Customer { waits: 1, left: None };
            }
            self.paid_in_flag.clear();
        }
        let mut balance = self.balance.lock();
        *balance -= cents;
        Customer { waits: usize::from(!enough), left: Some(*balance) }
    }

    /// For Ctrl-C: lets all threads check `interrupted`.
    pub(super) fn stop(&self) {
        drop(self.balance.lock()); // so no thread is between looking and falling asleep
        self.paid_in.notify_all();
        self.paid_in_flag.set();
    }
}

/// What a customer has seen.
struct Customer {
    waits: usize,
    /// The balance after the withdrawal; `None` if there was none.
    left: Option<i64>,
}

/// Deposits of a few each, which add up to `total`.
fn split(total: i64, random: &mut Rng) -> Vec<i64> {
    let mut left = total;
    let next = || {
        let cents = random.i64(100..=500).min(left);
        left -= cents;
        (cents > 0).then_some(cents)
    };
    std::iter::from_fn(next).collect()
}
