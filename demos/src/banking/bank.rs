//! The accounts of a bank: locked, or not.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use primitives::{Lock, LockGuard, deadlock, threads};
use tracing::span::EnteredSpan;

use super::knots::Knots;
use super::transfer::{Order, transfer, transfer_without_lock};
use crate::timeline::{holding, waiting};

/// How a transfer locks its two accounts.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// The one with the smaller number first.
    ByNumber,
    /// The source, and then the target.
    HandOverHand,
    WithoutLock,
}

/// Balances in cents.
pub(super) enum Accounts {
    Locked(Vec<Lock<u64>>),
    /// Locked in the order of each transfer, which deadlocks.
    HandOverHand(Vec<Lock<u64>>, Knots),
    Broken(Vec<AtomicU64>),
}

pub(super) struct Bank {
    accounts: Accounts,
    /// How often a teller or the auditor found an account locked, and how long they waited for it
    /// together.
    waits: AtomicUsize,
    waited: AtomicU64,
}

/// A locked account, for as long as the timeline shows it.
pub(super) struct Held<'a> {
    /// Dropped first: it ends with the lock still held.
    _shown: EnteredSpan,
    balance: LockGuard<'a, u64>,
}

impl Bank {
    pub(super) fn new(accounts: usize, opening: u64, way: Way) -> Self {
        // Named as in the ledger, so that reports can name them.
        let account =
            |number| Lock::named(deadlock::name(format_args!("account {number}")), opening);
        let locks = || (1..=accounts).map(account).collect();
        let accounts = match way {
            Way::ByNumber => Accounts::Locked(locks()),
            Way::HandOverHand => Accounts::HandOverHand(locks(), Knots::new()),
            Way::WithoutLock => {
                Accounts::Broken((0..accounts).map(|_| AtomicU64::new(opening)).collect())
            }
        };
        Self { accounts, waits: AtomicUsize::new(0), waited: AtomicU64::new(0) }
    }

    /// Whether there was enough money.
    pub(super) fn transfer(&self, order: Order) -> bool {
        match &self.accounts {
            Accounts::Locked(accounts) => transfer(accounts, order, |account| self.lock(account)),
            Accounts::HandOverHand(accounts, knots) => {
                self.transfer_hand_over_hand(accounts, knots, order, || ())
            }
            Accounts::Broken(accounts) => transfer_without_lock(accounts, order, look_away),
        }
    }

    /// All balances. With locks, as they are at one moment: the auditor holds every account, taken
    /// in the same order as a teller takes two.
    pub(super) fn balances(&self) -> Vec<u64> {
        match &self.accounts {
            Accounts::Locked(accounts) => {
                let held: Vec<_> = accounts.iter().map(|account| self.lock(account)).collect();
                held.iter().map(|balance| **balance).collect()
            }
            // The auditor can be in a cycle too, because the tellers keep no order: he backs off as
            // they do.
            Accounts::HandOverHand(accounts, knots) => loop {
                let held: Result<Vec<_>, _> =
                    accounts.iter().map(|account| self.lock_checked(account)).collect();
                match held {
                    Ok(held) => break held.iter().map(|balance| **balance).collect(),
                    Err(told) => knots.note(told),
                }
            },
            // Relaxed: as wrong as the transfers.
            Accounts::Broken(accounts) => {
                accounts.iter().map(|balance| balance.load(Relaxed)).collect()
            }
        }
    }

    /// How often a thread waited for an account, and for how many nanoseconds.
    pub(super) fn waits(&self) -> (usize, u64) {
        (self.waits.load(Relaxed), self.waited.load(Relaxed)) // Relaxed: the threads were joined
    }

    fn lock<'a>(&self, account: &'a Lock<u64>) -> Held<'a> {
        let balance = account.try_lock().unwrap_or_else(|| {
            let started = Instant::now();
            let balance = waiting!("an account", account.lock());
            self.note_wait(started.elapsed());
            balance
        });
        Held::new(balance)
    }

    pub(super) fn note_wait(&self, waited: Duration) {
        // Relaxed: sums that are read only after the threads are joined.
        self.waits.fetch_add(1, Relaxed);
        self.waited.fetch_add(waited.as_nanos() as u64, Relaxed);
    }

    /// The accounts, and the knots that were found, if that is how they are locked.
    pub(super) fn hand_over_hand(&self) -> Option<(&[Lock<u64>], &Knots)> {
        match &self.accounts {
            Accounts::HandOverHand(accounts, knots) => Some((accounts, knots)),
            Accounts::Locked(_) | Accounts::Broken(_) => None,
        }
    }
}

/// Lets another thread run now and then, as the system also does, so that the mistake happens in a
/// short demo too.
fn look_away() {
    if fastrand::u8(..) == 0 {
        threads::yield_now();
    }
}

impl<'a> Held<'a> {
    pub(super) fn new(balance: LockGuard<'a, u64>) -> Self {
        Self { _shown: holding!("an account"), balance }
    }
}

impl Deref for Held<'_> {
    type Target = u64;

    fn deref(&self) -> &u64 {
        &self.balance
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut u64 {
        &mut self.balance
    }
}
