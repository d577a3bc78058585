//! A lock that looks whether it is free, and then takes itself. Two threads can look before either
//! takes.
//!
//! Mend `lock`: look and take in one step.
//!
//! The judge says now: data race

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
        // TODO: mend this.
        // Acquire: pairs with the Release in `unlock`. Relaxed: going in has nothing to tell.
        while self.taken.load(Acquire) {
            thread::yield_now();
        }
        self.taken.store(true, Relaxed);
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
    Group::new("look_then_take").scenario(
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
