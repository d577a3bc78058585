//! Random sequences of calls, beside a model that is too simple to be wrong.
//!
//! Every case starts from a fresh random seed, and a failing one is printed in its smallest form: write it
//! down as a named test beside the code that it found wrong. `PROPTEST_CASES=10000` looks harder.

mod barrier;
mod concurrent;
mod condition;
mod corners;
mod countdown;
mod event;
mod executor;
mod lock;
mod puppet;
mod queue;
mod rlock;
mod semaphore;
mod task_queue;
mod thread;
mod timer;
mod timers;

use std::time::Duration;

use proptest::prelude::*;

/// No seeds on disk: a failure is kept as a named test, not as a number.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// In which of its forms a call is made.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// As long as it takes; a sequence takes [`Form::Try`] instead where it would take for ever.
    Blocking,
    /// With a time-out too long for the clock; the same holds.
    Endless,
    /// Not at all.
    Try,
    /// With this time-out.
    Timeout(Duration),
    /// Until a deadline that has passed.
    Past,
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        Just(Form::Blocking),
        Just(Form::Endless),
        Just(Form::Try),
        Just(Form::Timeout(Duration::ZERO)),
        Just(Form::Timeout(Duration::from_micros(1))),
        Just(Form::Past),
    ]
}

impl Form {
    /// The form to use where the model says whether the call `would_block`.
    fn unless(self, would_block: bool) -> Self {
        match self {
            Self::Blocking | Self::Endless if would_block => Self::Try,
            form => form,
        }
    }
}
