//! Transfers that lock the source, and then the target with the source in hand: they deadlock.
//!
//! The order is that of the transfer, not that of the account numbers. Two transfers one each way
//! can each hold what the other wants, and then the four conditions of a deadlock are there at
//! once. To lock by account number, as `transfer.rs` does, breaks the fourth, circular wait: a
//! cycle of waits would need a thread that holds a larger number and waits for a smaller one.
//!
//! The detector of `primitives` finds the ring as it closes. [`Lock::lock_checked`] tells the
//! thread that would close it, which backs off: it releases what it holds, and begins again.
//!
//! The deadlock is not left to luck. The first transfers of the first two tellers go opposite ways,
//! and a barrier lets neither ask for its second account before both hold their first. All others
//! wait until that knot is found, because a holder of one of the two accounts would keep a teller
//! from the barrier.

use std::time::Instant;

use primitives::Lock;

use super::bank::{Bank, Held};
use super::knots::{Knots, Told};
use super::transfer::{Order, transfer_hand_over_hand};
use crate::timeline::waiting;

impl Bank {
    /// For the first two tellers: a transfer that meets the other's half-way. The others wait for
    /// that.
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
