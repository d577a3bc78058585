//! Two methods that lock, and one of them calls the other.

use primitives::Lock;
use primitives::sync::const_fn;

// ANCHOR: account
/// Money in an account.
pub struct Account {
    balance: Lock<u32>,
}

impl Account {
    /// Takes money out.
    pub fn withdraw(&self, amount: u32) {
        *self.balance.lock() -= amount;
    }

    /// Takes money out, if there is enough.
    pub fn withdraw_if_possible(&self, amount: u32) {
        let balance = self.balance.lock();
        if *balance >= amount {
            self.withdraw(amount);
        }
    }
}
// ANCHOR_END: account

impl Account {
    const_fn! {
        /// An account with `balance` in it.
        #[must_use]
        pub const fn new(balance: u32) -> Self {
            Self { balance: Lock::new(balance) }
        }
    }
}
