//! Transfers that lock the source, and then the target with the source in hand: they deadlock.
//!
//! The order is that of the transfer, not that of the account numbers. Two transfers one each way can each
//! hold what the other wants, and then the four conditions of a deadlock are there at once. To lock by account
//! number, as `transfer.rs` does, breaks the fourth, circular wait: a ring of waits would need somebody who
//! holds a larger number and waits for a smaller one.
//!
//! The detector of `primitives` finds the ring as it closes. [`Lock::lock_checked`] tells the thread that would
//! close it, which backs off: it releases what it holds, and begins anew.
//!
//! That it happens is not left to luck. The first transfers of the first two tellers go opposite ways, and a
//! barrier lets neither ask for its second account before both hold their first. Everybody else waits until that
//! knot was found: who held one of the two accounts would keep a teller from the barrier.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use primitives::deadlock::{self, Report as Knot, Verdict};
use primitives::{Barrier, Event, Lock, thread};

use super::bank::{Bank, Held};
use super::transfer::{Order, transfer_hand_over_hand};
use crate::timeline::waiting;

/// The deadlocks that were found, and how the first is tied.
pub(super) struct Knots {
    found: AtomicUsize,
    first: OnceLock<Told>,
    /// Pairs of accounts that were locked in both orders, which is a warning and no knot.
    inversions: Arc<AtomicUsize>,
    each_has_one: Barrier,
    /// That the first knot was found.
    first_found: Event,
}

/// What a thread got instead of a lock, and how long after it had asked.
pub(super) struct Told {
    pub(super) knot: Box<Knot>,
    pub(super) took: Duration,
}

impl Knots {
    /// From now on the warnings of the detector are counted, not printed.
    pub(super) fn new() -> Self {
        let inversions = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&inversions);
        deadlock::set_hook(move |report| match report.verdict() {
            Verdict::Inversion => {
                counted.fetch_add(1, Relaxed); // Relaxed: a number, read when all have ended
            }
            Verdict::Stuck => eprintln!("\n{report}\n"),
            Verdict::Cycle => (), // its thread panics with it
        });
        Self {
            found: AtomicUsize::new(0),
            first: OnceLock::new(),
            inversions,
            each_has_one: Barrier::new(2),
            first_found: Event::new(),
        }
    }

    /// The calling thread was told, and has backed off.
    pub(super) fn note(&self, told: Told) {
        if told.knot.verdict() == Verdict::Cycle {
            self.found.fetch_add(1, Relaxed); // Relaxed: as above
            let _ = self.first.set(told); // an error says that it was not the first
        }
        self.first_found.set();
        thread::yield_now(); // so that the others of the ring get what it has released
    }

    /// Blocks until the first knot was found.
    pub(super) fn wait_for_first(&self) {
        waiting!("the first knot", self.first_found.wait());
    }

    /// Nobody is left waiting for the first knot if a teller cannot come to tie it.
    pub(super) fn stop(&self) {
        self.each_has_one.abort();
        self.first_found.set();
    }

    pub(super) fn first(&self) -> Option<&Told> {
        self.first.get()
    }

    /// How many knots were found, and how many pairs of accounts were locked in both orders.
    pub(super) fn counts(&self) -> (usize, usize) {
        // Relaxed: the threads were joined.
        (self.found.load(Relaxed), self.inversions.load(Relaxed))
    }
}

impl Bank {
    /// For the first two tellers: a transfer that meets the other's half-way. The others wait for that.
    pub(super) fn tie_first_knot(&self, teller: usize) -> Option<(Order, bool)> {
        let (accounts, knots) = self.hand_over_hand()?;
        if teller > 2 {
            knots.wait_for_first();
            return None;
        }
        let order = Order { from: teller - 1, to: 2 - teller, cents: 1_00 };
        let meet = || {
            // An error would say that the other could not be started, or panicked.
            let _ = waiting!("the other to lock one", knots.each_has_one.wait());
        };
        Some((order, self.transfer_hand_over_hand(accounts, knots, order, meet)))
    }

    /// Whether there was enough money. `meanwhile` runs once, between the two locks.
    pub(super) fn transfer_hand_over_hand(
        &self,
        accounts: &[Lock<u64>],
        knots: &Knots,
        order: Order,
        meanwhile: impl FnOnce(),
    ) -> bool {
        let mut meanwhile = Some(meanwhile);
        loop {
            let lock_from = |from| self.lock_checked(from);
            let lock_to = |to| {
                meanwhile.take().into_iter().for_each(|meanwhile| meanwhile());
                self.lock_checked(to)
            };
            match transfer_hand_over_hand(accounts, order, lock_from, lock_to) {
                Ok(enough) => return enough,
                Err(told) => knots.note(told), // the source is released
            }
        }
    }

    /// Its caller is the place that a report names.
    #[track_caller]
    pub(super) fn lock_checked<'a>(&self, account: &'a Lock<u64>) -> Result<Held<'a>, Told> {
        if let Some(balance) = account.try_lock() {
            return Ok(Held::new(balance));
        }
        let started = Instant::now();
        let locked = waiting!("an account", account.lock_checked());
        let took = started.elapsed();
        self.note_wait(took);
        match locked {
            Ok(balance) => Ok(Held::new(balance)),
            Err(knot) => Err(Told { knot, took }),
        }
    }
}
