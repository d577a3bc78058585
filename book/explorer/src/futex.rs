//! Sleeping and waking by address.

use std::panic::Location;

use crate::op::{Op, Pending};
use crate::sync::atomic::AtomicU32;
use crate::teardown::model_failed;
use crate::world;

/// How a [`wait`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Woken, or the word was not the expected one.
    Woken,
    /// The time was up.
    TimedOut,
}

/// Sleeps while the word is the expected one, until woken, or, with a deadline, until the explorer
/// chooses that the time is up. The look and the falling asleep are one step.
#[track_caller]
pub fn wait(word: &AtomicU32, expected: u32, timed: bool) -> Outcome {
    let outcome = word.sleep(Location::caller(), expected, timed);
    if outcome.timed_out { Outcome::TimedOut } else { Outcome::Woken }
}

/// Wakes one thread that sleeps on this address: the explorer tries each. Returns whether there was
/// one.
#[track_caller]
pub fn wake_one(word: *const AtomicU32) -> bool {
    wake(Op::WakeOne, word, Location::caller())
}

/// Wakes every thread that sleeps on this address.
#[track_caller]
pub fn wake_all(word: *const AtomicU32) {
    wake(Op::WakeAll, word, Location::caller());
}

fn wake(op: Op, word: *const AtomicU32, at: &'static Location<'static>) -> bool {
    if model_failed() {
        return false;
    }
    let object = world::with(|w| w.object_at(word.addr()));
    world::step(Pending { op, object, at }).ok
}
