//! A thread that wakes up believes that the lock is its own. But a call hands nothing over, and
//! there are spurious wake-ups.
//!
//! Mend the slow path of `lock`.

use model::{Group, Scenario};
use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
/// Locked, and others may sleep.
const CONTENDED: u32 = 2;

struct Lock {
    state: AtomicU32,
}

impl Lock {
    fn new() -> Self {
        Self { state: AtomicU32::new(UNLOCKED) }
    }

    fn lock(&self) {
        // Acquire, here and below: pairs with the Release in `unlock`. Relaxed: nothing was taken.
        if self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_ok() {
            return;
        }
        while self.state.swap(CONTENDED, Acquire) != UNLOCKED {
            park::wait(&self.state, CONTENDED, None);
        }
    }

    fn unlock(&self) {
        // Release: pairs with the Acquires in `lock`.
        if self.state.swap(UNLOCKED, Release) == CONTENDED {
            park::wake_one(&raw const self.state);
        }
    }
}

// The judge. Leave it as it is.

struct Bank {
    lock: Lock,
    inside: AtomicU32,
}

pub(crate) fn judge() -> Group {
    Group::new("trusts_the_wake_up").scenario(
        Scenario::new("deposits", "Two threads go in, one after the other.", || Bank {
            lock: Lock::new(),
            inside: AtomicU32::new(0),
        })
        .roles(2, "goes in", |bank| {
            bank.lock.lock();
            assert_eq!(bank.inside.fetch_add(1, Relaxed), 0, "two are inside");
            bank.inside.fetch_sub(1, Relaxed);
            bank.lock.unlock();
        }),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
