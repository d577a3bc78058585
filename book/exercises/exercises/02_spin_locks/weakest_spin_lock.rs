//! A spin lock that is right, with orderings that are stronger than needed. Each costs something on
//! some machine.
//!
//! Choose the weakest ones in `CHOSEN`. The judge tries yours, and then each with a weaker one in
//! its place: that must fail.
//!
//! The judge says now: stronger than needed

use model::report::Kind;
use model::{Group, Scenario};
use primitives::sync::atomic::AtomicBool;
use primitives::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use primitives::sync::cell::UnsafeCell;
use primitives::sync::thread;

/// `take`: of the exchange that works. `fail`: of the one that does not. `free`: of the store.
// TODO: mend this.
const CHOSEN: Orderings = Orderings { take: AcqRel, fail: Acquire, free: SeqCst };

#[derive(Clone, Copy)]
struct Orderings {
    take: Ordering,
    fail: Ordering,
    free: Ordering,
}

struct SpinLock {
    taken: AtomicBool,
}

impl SpinLock {
    fn new() -> Self {
        Self { taken: AtomicBool::new(false) }
    }

    // The orderings are yours: see `CHOSEN`.
    fn lock(&self, o: Orderings) {
        while self.taken.compare_exchange(false, true, o.take, o.fail).is_err() {
            thread::yield_now();
        }
    }

    fn unlock(&self, o: Orderings) {
        self.taken.store(false, o.free);
    }
}

// The judge. Leave it as it is.

struct Bank {
    lock: SpinLock,
    balance: UnsafeCell<u32>,
}

// SAFETY: the balance is touched with the lock held. If not, the judge says so.
unsafe impl Sync for Bank {}

fn deposits(name: &'static str, o: Orderings) -> model::Draft<Bank> {
    let about = "Two threads deposit under the lock.";
    Scenario::new(name, about, || Bank { lock: SpinLock::new(), balance: UnsafeCell::new(0) })
        .roles(2, "deposits", move |bank| {
            bank.lock.lock(o);
            // SAFETY: the lock is held.
            bank.balance.with_mut(|balance| unsafe { *balance += 1 });
            bank.lock.unlock(o);
        })
}

/// One weaker than this.
fn weaker(order: Ordering) -> Option<Ordering> {
    match order {
        SeqCst => Some(AcqRel),
        AcqRel => Some(Acquire),
        Acquire | Release => Some(Relaxed),
        _ => None,
    }
}

/// The same, where a load or a store cannot be `AcqRel`.
fn weaker_one_sided(order: Ordering, side: Ordering) -> Option<Ordering> {
    if order == SeqCst { Some(side) } else { weaker(order) }
}

pub(crate) fn judge() -> Group {
    let o = CHOSEN;
    let group = Group::new("weakest_spin_lock").scenario(deposits("as-chosen", o));
    let less = [
        weaker(o.take).map(|take| ("weaker-take", Orderings { take, ..o })),
        weaker_one_sided(o.fail, Acquire).map(|fail| ("weaker-fail", Orderings { fail, ..o })),
        weaker_one_sided(o.free, Release).map(|free| ("weaker-free", Orderings { free, ..o })),
    ];
    let all = less.into_iter().flatten();
    all.fold(group, |group, (name, o)| group.scenario(deposits(name, o).must_fail(Kind::DataRace)))
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
