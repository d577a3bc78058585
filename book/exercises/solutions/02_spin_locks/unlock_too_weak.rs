//! This lock lets one thread in at a time, and still there is a data race: the next one may not see
//! what was done.
//!
//! Mend an ordering.

use model::{Group, Scenario};
use primitives::sync::atomic::AtomicBool;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::cell::UnsafeCell;
use primitives::sync::thread;

/// A flag: `true` while a thread is inside.
struct SpinLock {
    taken: AtomicBool,
}

impl SpinLock {
    fn new() -> Self {
        Self { taken: AtomicBool::new(false) }
    }

    /// Waits until no thread is inside, then goes in.
    fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`. Relaxed on failure: nothing was taken.
        while self.taken.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            thread::yield_now();
        }
    }

    /// Goes out.
    fn unlock(&self) {
        // Release: pairs with the Acquire in `lock`.
        self.taken.store(false, Release);
    }
}

// The judge. Leave it as it is.

struct Bank {
    lock: SpinLock,
    balance: UnsafeCell<u32>,
}

// SAFETY: the balance is touched with the lock held. If not, the judge says so.
unsafe impl Sync for Bank {}

fn deposit(bank: &Bank) {
    bank.lock.lock();
    // SAFETY: the lock is held.
    bank.balance.with_mut(|balance| unsafe { *balance += 1 });
    bank.lock.unlock();
}

pub(crate) fn judge() -> Group {
    Group::new("unlock_too_weak").scenario(
        Scenario::new("two-deposits", "Two threads deposit under the lock.", || Bank {
            lock: SpinLock::new(),
            balance: UnsafeCell::new(0),
        })
        .roles(2, "deposits", deposit)
        // SAFETY: the threads have ended.
        .check(|bank| bank.balance.with(|balance| assert_eq!(unsafe { *balance }, 2))),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
