//! The accounts of a bank: locked, or not.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use primitives::{Lock, LockGuard, thread};
use tracing::span::EnteredSpan;

use super::transfer::{Order, transfer, transfer_without_lock};
use crate::timeline::{holding, waiting};

/// Balances in cents.
pub(super) enum Accounts {
    Locked(Vec<Lock<u64>>),
    Broken(Vec<AtomicU64>),
}

pub(super) struct Bank {
    accounts: Accounts,
    /// How often a teller or the auditor found an account locked, and how long they waited for it together.
    waits: AtomicUsize,
    waited: AtomicU64,
}

/// A locked account, for as long as the timeline shows it.
struct Held<'a> {
    /// Dropped first: it ends with the lock still held.
    _shown: EnteredSpan,
    balance: LockGuard<'a, u64>,
}

impl Bank {
    pub(super) fn new(accounts: usize, opening: u64, broken: bool) -> Self {
        let accounts = match broken {
            false => Accounts::Locked((0..accounts).map(|_| Lock::new(opening)).collect()),
            true => Accounts::Broken((0..accounts).map(|_| AtomicU64::new(opening)).collect()),
        };
        Self { accounts, waits: AtomicUsize::new(0), waited: AtomicU64::new(0) }
    }

    /// Whether there was enough money.
    pub(super) fn transfer(&self, order: Order) -> bool {
        match &self.accounts {
            Accounts::Locked(accounts) => transfer(accounts, order, |account| self.lock(account)),
            Accounts::Broken(accounts) => transfer_without_lock(accounts, order, look_away),
        }
    }

    /// All balances. With locks, as they are at one moment: the auditor holds every account, taken in
    /// the same order as a teller takes two.
    pub(super) fn balances(&self) -> Vec<u64> {
        match &self.accounts {
            Accounts::Locked(accounts) => {
                let held: Vec<_> = accounts.iter().map(|account| self.lock(account)).collect();
                held.iter().map(|balance| **balance).collect()
            }
            // Relaxed: as wrong as the transfers.
            Accounts::Broken(accounts) => {
                accounts.iter().map(|balance| balance.load(Relaxed)).collect()
            }
        }
    }

    /// How often somebody waited for an account, and for how many nanoseconds.
    pub(super) fn waits(&self) -> (usize, u64) {
        (self.waits.load(Relaxed), self.waited.load(Relaxed)) // Relaxed: the threads were joined
    }

    fn lock<'a>(&self, account: &'a Lock<u64>) -> Held<'a> {
        let balance = account.try_lock().unwrap_or_else(|| {
            let started = Instant::now();
            let balance = waiting!("an account", account.lock());
            // Relaxed: sums that nobody reads before the threads are joined.
            self.waits.fetch_add(1, Relaxed);
            self.waited.fetch_add(started.elapsed().as_nanos() as u64, Relaxed);
            balance
        });
        Held { _shown: holding!("an account"), balance }
    }
}

/// Lets another thread run, now and then, as the system does on its own: so it happens in a short demo too.
fn look_away() {
    if fastrand::u8(..) == 0 {
        thread::yield_now();
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
