//! The back end under `--cfg model`: a futex that loom can explore, with timeouts as choices.

use std::time::Instant;

use model::clock;
use model::futex::{self, Outcome};

use super::Wait;
use crate::sync::atomic::AtomicU32;

#[track_caller]
pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    match futex::wait(word, expected, deadline.is_some()) {
        Outcome::Woken => Wait::Woken,
        Outcome::TimedOut => {
            if let Some(deadline) = deadline {
                clock::advance_to(deadline);
            }
            Wait::TimedOut
        }
    }
}

pub(super) fn now() -> Instant {
    clock::now()
}

#[track_caller]
pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    futex::wake_one(word)
}

#[track_caller]
pub(super) fn wake_all(word: *const AtomicU32) {
    futex::wake_all(word);
}
