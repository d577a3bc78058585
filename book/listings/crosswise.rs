//! Money from one account to another, with both locked, small enough to be seen at once.

use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
use primitives::sync::const_fn;

use super::sleeping_lock::SleepingLock;

/// Money in an account, and a lock beside it.
pub struct Account {
    lock: SleepingLock,
    balance: AtomicU32,
}

// ANCHOR: transfer
/// Moves money from one account to another.
pub fn transfer(from: &Account, to: &Account, amount: u32) {
    from.lock.lock();
    to.lock.lock();
    // Relaxed, both: the locks make the order.
    from.balance.fetch_sub(amount, Relaxed);
    to.balance.fetch_add(amount, Relaxed);
    to.lock.unlock();
    from.lock.unlock();
}
// ANCHOR_END: transfer

impl Account {
    const_fn! {
        /// An account with `balance` in it.
        #[must_use]
        pub const fn new(balance: u32) -> Self {
            Self { lock: SleepingLock::new(), balance: AtomicU32::new(balance) }
        }
    }

    /// How much is in it.
    #[must_use]
    pub fn balance(&self) -> u32 {
        self.balance.load(Relaxed) // Relaxed: read when the threads have ended
    }
}
