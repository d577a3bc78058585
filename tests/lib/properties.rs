//! What the properties share: the forms of a call, and threads that execute orders.

mod puppet;

use std::time::Duration;

use proptest::prelude::*;

pub use puppet::Puppet;

/// No seeds on disk: a failure is kept as a named test, not as a number.
#[must_use]
pub fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// The forms of a call.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Without a timeout; a sequence uses [`Form::Try`] instead if it would never return.
    Blocking,
    /// With a timeout that overflows the clock; the same holds.
    Endless,
    /// Not at all.
    Try,
    /// With this timeout.
    Timeout(Duration),
    /// Until a deadline that has passed.
    Past,
}

/// Any of them.
pub fn form() -> impl Strategy<Value = Form> {
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
    /// The form to use, where the model says whether the call `would_block`.
    #[must_use]
    pub fn unless(self, would_block: bool) -> Self {
        match self {
            Self::Blocking | Self::Endless if would_block => Self::Try,
            form => form,
        }
    }
}
