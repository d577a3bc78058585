//! Locks whose waiters sleep: through the call, and not through it.

use explorer::scenario::Builder;
use explorer::scenario::Expected::Broken;
use explorer::{Kind, Scenario};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Relaxed, SeqCst};

use crate::listings::{
    counted_sleepers, fenced_sleepers, look_then_sleep, sleeping_lock, wrong_word,
};

const THROUGH: &str = "book/listings/look_then_sleep.rs";
const RIGHT: &str = "book/listings/sleeping_lock.rs";
const WRONG: &str = "book/listings/wrong_word.rs";
const FENCED: &str = "book/listings/fenced_sleepers.rs";
const COUNTED: &str = "book/listings/counted_sleepers.rs";

struct Bank<L> {
    lock: L,
    balance: AtomicU32,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("look-then-sleep", || Bank {
            lock: look_then_sleep::SleepyLock::new(),
            balance: AtomicU32::new(0),
        })
        .threads(2, |bank| look_then_sleep::deposit(&bank.lock, &bank.balance))
        .shows(THROUGH, "calls")
        .shows(THROUGH, "deposit")
        .broken(Kind::LostWakeUp),
        Scenario::new("sleeping-lock", || Bank {
            lock: sleeping_lock::SleepingLock::new(),
            balance: AtomicU32::new(0),
        })
        .threads(2, |bank| sleeping_lock::deposit(&bank.lock, &bank.balance))
        .check(|bank| assert_eq!(bank.balance.load(Relaxed), 2, "a deposit is lost"))
        .one_inside(RIGHT, "inside")
        .weak()
        .shows(RIGHT, "calls")
        .shows(RIGHT, "deposit")
        .right(),
        Scenario::new("wrong-word", || Bank {
            lock: wrong_word::CuriousLock::new(),
            balance: AtomicU32::new(0),
        })
        .threads(2, |bank| wrong_word::deposit(&bank.lock, &bank.balance))
        .shows(WRONG, "calls")
        .shows(WRONG, "deposit")
        .broken(Kind::LostWakeUp),
        counted("counted-sleepers-in-order").right(),
        counted("counted-sleepers").weak().broken(Kind::LostWakeUp),
        Scenario::new("fenced-sleepers", || Bank {
            lock: fenced_sleepers::FencedLock::new(),
            balance: AtomicU32::new(0),
        })
        .threads(2, |bank| fenced_sleepers::deposit(&bank.lock, &bank.balance))
        .check(|bank| assert_eq!(bank.balance.load(Relaxed), 2, "a deposit is lost"))
        .weak()
        .shows(FENCED, "calls")
        .shows(FENCED, "deposit")
        .toggle((FENCED, "// so that it sees that"), (SeqCst, AcqRel), Broken(Kind::LostWakeUp))
        .toggle((FENCED, "// so that we see who"), (SeqCst, AcqRel), Broken(Kind::LostWakeUp))
        .right(),
    ]
}

/// Two deposits under the lock that counts its sleepers.
fn counted(name: &'static str) -> Builder<Bank<counted_sleepers::CountingLock>> {
    let make = || Bank { lock: counted_sleepers::CountingLock::new(), balance: AtomicU32::new(0) };
    Scenario::new(name, make)
        .threads(2, |bank| counted_sleepers::deposit(&bank.lock, &bank.balance))
        .shows(COUNTED, "calls")
        .shows(COUNTED, "deposit")
}
