//! A lock whose waiters sleep. The call may come between the look and the sleep, and no sleeper
//! hears it.
//!
//! Mend `lock`: sleep on the word that you have looked at.

use model::{Group, Scenario};
use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const FREE: u32 = 0;
const TAKEN: u32 = 1;

struct SleepyLock {
    state: AtomicU32,
}

impl SleepyLock {
    fn new() -> Self {
        Self { state: AtomicU32::new(FREE) }
    }

    fn lock(&self) {
        // Acquire: pairs with the Release in `unlock`. Relaxed on failure: nothing was taken.
        while self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_err() {
            park::wait(&self.state, TAKEN, None);
        }
    }

    fn unlock(&self) {
        self.state.store(FREE, Release); // Release: pairs with the Acquire in `lock`.
        park::wake_one(&raw const self.state);
    }
}

// The judge. Leave it as it is.

struct Bank {
    lock: SleepyLock,
    inside: AtomicU32,
}

pub(crate) fn judge() -> Group {
    Group::new("look_then_sleep").scenario(
        Scenario::new("deposits", "Two threads go in, one after the other.", || Bank {
            lock: SleepyLock::new(),
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
