//! A ticket lock is fair: a thread draws a number and waits until that number is served. This one
//! gave the same number to two threads.
//!
//! Mend `lock`.

use model::{Group, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::thread;

/// The next number to be drawn, and the number that is served.
struct TicketLock {
    next: AtomicU32,
    served: AtomicU32,
}

impl TicketLock {
    fn new() -> Self {
        Self { next: AtomicU32::new(0), served: AtomicU32::new(0) }
    }

    /// Draws a number, and waits until it is served.
    fn lock(&self) {
        // Relaxed: the number only decides.
        let mine = self.next.fetch_add(1, Relaxed);
        // Acquire: pairs with the Release in `unlock`.
        while self.served.load(Acquire) != mine {
            thread::yield_now();
        }
    }

    /// The next number, please.
    fn unlock(&self) {
        // Relaxed: only the thread that is inside writes it.
        let served = self.served.load(Relaxed);
        // Release: pairs with the Acquire in `lock`.
        self.served.store(served + 1, Release);
    }
}

// The judge. Leave it as it is.

struct Shop {
    lock: TicketLock,
    inside: AtomicU32,
}

pub(crate) fn judge() -> Group {
    Group::new("ticket_lock").scenario(
        Scenario::new("two-customers", "Two threads are served, one after the other.", || Shop {
            lock: TicketLock::new(),
            inside: AtomicU32::new(0),
        })
        .roles(2, "is served", |shop| {
            shop.lock.lock();
            assert_eq!(shop.inside.fetch_add(1, Relaxed), 0, "two are inside");
            shop.inside.fetch_sub(1, Relaxed);
            shop.lock.unlock();
        }),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
