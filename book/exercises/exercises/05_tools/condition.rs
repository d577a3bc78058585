//! A condition by hand: it counts its calls, so that a call between the release of the lock and the
//! sleep is noticed. It looks at the count too late.
//!
//! Mend `wait`.
//!
//! The judge says now: lost wake-up

use model::{Group, Scenario};
use primitives::park;
use primitives::raw::RawLock;
use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};

struct Condition {
    calls: AtomicU32,
}

impl Condition {
    fn new() -> Self {
        Self { calls: AtomicU32::new(0) }
    }

    /// Releases the lock, sleeps until a call, takes the lock again.
    fn wait(&self, lock: &RawLock) {
        // TODO: mend this.
        lock.release();
        let heard = self.calls.load(Relaxed); // Relaxed, here and below: the lock makes the order.
        park::wait(&self.calls, heard, None);
        lock.acquire();
    }

    /// Wakes all waiters.
    fn notify_all(&self) {
        self.calls.fetch_add(1, Relaxed);
        park::wake_all(&raw const self.calls);
    }
}

// The judge. Leave it as it is.

struct Mailbox {
    lock: RawLock,
    letters: AtomicU32,
    arrived: Condition,
}

pub(crate) fn judge() -> Group {
    Group::new("condition").scenario(
        Scenario::new("one-letter", "One thread waits for a letter, one delivers it.", || {
            Mailbox { lock: RawLock::new(), letters: AtomicU32::new(0), arrived: Condition::new() }
        })
        .role("fetches", |mailbox| {
            mailbox.lock.acquire();
            while mailbox.letters.load(Relaxed) == 0 {
                mailbox.arrived.wait(&mailbox.lock);
            }
            mailbox.letters.fetch_sub(1, Relaxed);
            mailbox.lock.release();
        })
        .role("delivers", |mailbox| {
            mailbox.lock.acquire();
            mailbox.letters.fetch_add(1, Relaxed);
            mailbox.lock.release();
            mailbox.arrived.notify_all();
        }),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
