//! A lock that calls the kernel only if a thread may be asleep: the word then says `CONTENDED`. A
//! waiter forgets to write that.
//!
//! Mend the slow path of `lock`.
//!
//! The judge says now: lost wake-up

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
        // TODO: mend this.
        while self.state.compare_exchange(UNLOCKED, LOCKED, Acquire, Relaxed).is_err() {
            park::wait(&self.state, LOCKED, None);
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
    Group::new("sleeps_without_a_note").scenario(
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
