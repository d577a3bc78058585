//! A withdrawal that waits for money, and assumes that there is enough when there is some.

use primitives::sync::const_fn;
use primitives::{Condition, Lock};

/// An account into which another thread pays.
pub struct Account {
    balance: Lock<u32>,
    paid_in: Condition,
}

// ANCHOR: withdraw
impl Account {
    /// Takes money out; waits if there is not enough. Or so it seems.
    pub fn withdraw(&self, amount: u32) {
        let mut balance = self.balance.lock();
        if *balance < amount {
            self.paid_in.wait(&mut balance);
        }
        *balance = balance.checked_sub(amount).expect("the account is overdrawn");
    }
}
// ANCHOR_END: withdraw

// ANCHOR: wait-while
impl Account {
    /// Takes money out, when there is enough.
    pub fn withdraw_when_there(&self, amount: u32) {
        let mut balance = self.balance.lock();
        self.paid_in.wait_while(&mut balance, |balance| *balance < amount);
        *balance = balance.checked_sub(amount).expect("the account is overdrawn");
    }
}
// ANCHOR_END: wait-while

impl Account {
    /// Puts money in, and notifies all waiters: the first may want more than there is, and the
    /// second less.
    pub fn pay_in(&self, amount: u32) {
        *self.balance.lock() += amount;
        self.paid_in.notify_all();
    }

    const_fn! {
        /// An empty account.
        #[must_use]
        pub const fn new() -> Self {
            Self { balance: Lock::new(0), paid_in: Condition::new() }
        }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}
