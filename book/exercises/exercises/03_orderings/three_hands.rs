//! A letter goes from hand to hand: the first thread writes it, the second one passes the word on,
//! the third one reads it. The second thread has nothing to do with the letter, and still its
//! orderings matter.
//!
//! Mend `pass_on`.
//!
//! The judge says now: data race

use model::{Group, Scenario};
use primitives::sync::atomic::AtomicBool;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::cell::UnsafeCell;

struct Chain {
    letter: UnsafeCell<u32>,
    first: AtomicBool,
    second: AtomicBool,
}

// SAFETY: the letter is written before the first flag is raised, and read after the second.
unsafe impl Sync for Chain {}

impl Chain {
    fn write(&self, letter: u32) {
        // SAFETY: no flag is raised yet, so only this thread touches it.
        self.letter.with_mut(|place| unsafe { *place = letter });
        self.first.store(true, Release); // Release: pairs with the load in `pass_on`.
    }

    /// If the letter is written, says so.
    fn pass_on(&self) {
        // TODO: mend this.
        // Relaxed, both: this thread does not look at the letter.
        if self.first.load(Relaxed) {
            self.second.store(true, Relaxed);
        }
    }

    /// The letter, if it has come.
    fn read(&self) -> Option<u32> {
        // Acquire: pairs with the store in `pass_on`.
        if !self.second.load(Acquire) {
            return None;
        }
        // SAFETY: both flags are raised, so the writer has done with it.
        Some(self.letter.with(|place| unsafe { *place }))
    }
}

// The judge. Leave it as it is.

pub(crate) fn judge() -> Group {
    Group::new("three_hands").scenario(
        Scenario::new("one-letter", "A letter goes through three hands.", || Chain {
            letter: UnsafeCell::new(0),
            first: AtomicBool::new(false),
            second: AtomicBool::new(false),
        })
        .role("writes", |chain| chain.write(42))
        .role("passes on", Chain::pass_on)
        .role("reads", |chain| assert!(matches!(chain.read(), None | Some(42)))),
    )
}

fn main() -> std::process::ExitCode {
    model::runner::main(&[judge()])
}
