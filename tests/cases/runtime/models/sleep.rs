//! The modelled futex, used right and wrong.

use model::Reach::{Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::futex::{self, Outcome};
use model::report::Kind;
use model::sync::atomic::AtomicU32;
use model::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use model::{Group, Scenario, reached};

/// Sleeps until the word is no longer 0.
fn wait(word: &AtomicU32) {
    while word.load(Acquire) == 0 {
        futex::wait(word, 0, false);
    }
}

/// The same with a deadline.
fn wait_for_a_while(word: &AtomicU32) {
    while word.load(Acquire) == 0 {
        if futex::wait(word, 0, true) == Outcome::TimedOut {
            return reached("gave up");
        }
    }
}

fn set(word: &AtomicU32) {
    word.store(1, Release);
    futex::wake_all(word);
}

fn word() -> AtomicU32 {
    AtomicU32::new(0)
}

/// A flag and a count on the heap: the waiter frees them as soon as it sees the flag set.
pub(super) struct Owned(*mut AtomicU32);
// SAFETY: both threads only reach the word by atomic operations, and the last of them frees it.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

impl Owned {
    fn new() -> Self {
        Self(Box::into_raw(Box::new(word())))
    }

    fn wait_and_free(&self) {
        // SAFETY: only this thread frees the word, after this borrow.
        wait(unsafe { &*self.0 });
        // SAFETY: made from a box, freed only here; the other thread does not touch it after its
        // store.
        drop(unsafe { Box::from_raw(self.0) });
    }

    fn set(&self) {
        // SAFETY: it is freed only after this store was seen.
        unsafe { &*self.0 }.store(1, Release);
        // By now the memory may be gone. A wake only needs the address.
        futex::wake_all(self.0);
    }
}

pub(super) fn scenarios(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("sleep", "A sleeper is woken, or sees that it need not sleep.", word)
                .role("waits", wait)
                .role("sets", set)
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("timeout", "A wait with a deadline ends in each way it can.", word)
                .role("waits", wait_for_a_while)
                .role("sets", set)
                .reaches([Slept, Woken, WordChanged, TimedOut]),
        )
        .scenario(
            Scenario::new("no-wake", "Only time ends this wait.", word)
                .role("waits", wait_for_a_while)
                .role("does nothing", |_| ())
                .check(|word| assert_eq!(word.load(Relaxed), 0))
                .reaches([Slept, TimedOut]),
        )
        .scenario(
            Scenario::new("freed-word", "A wake touches no memory: it may be gone.", Owned::new)
                .role("waits, frees", Owned::wait_and_free)
                .role("sets", Owned::set)
                .reaches([Slept, Woken, WordChanged]),
        )
        .scenario(wake_before_store())
        .scenario(
            Scenario::new("wake-one-of-two", "Two sleep, one is woken.", word)
                .roles(2, "waits", wait)
                .role("sets, wakes one", |word| {
                    word.store(1, Release);
                    futex::wake_one(word);
                })
                .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "wake-orders-nothing",
                "A waiter that trusts a wake-up without looking at the word has no order.",
                super::litmus::Mail::new,
            )
            .role("waits once, reads", |mail| {
                futex::wait(mail.word(), 0, false);
                mail.read_blindly();
            })
            .role("writes", |mail| {
                mail.write(Release);
                futex::wake_all(mail.word());
            })
            .must_fail(Kind::DataRace),
        )
}

pub(super) fn wake_before_store() -> Scenario {
    Scenario::new(
        "wake-before-store",
        "A thread that wakes before it stores wakes no sleeper.",
        word,
    )
    .role("waits", wait)
    .role("wakes, sets", |word| {
        futex::wake_all(word);
        word.store(1, Release);
    })
    .spurious(0)
    .must_fail(Kind::LostWakeUp)
    .into()
}
