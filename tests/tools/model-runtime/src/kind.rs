//! The kinds of failure.

use serde::{Deserialize, Serialize};

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Two threads touch the same data, one of them writes, and nothing orders the two.
    DataRace,
    /// Threads sleep, and no thread is left to wake them.
    LostWakeUp,
    /// An assertion, or another panic.
    Panic,
    /// A loop that never ends.
    Endless,
    /// The checker reached one of its limits.
    Limit,
}

impl Kind {
    /// Its text in a summary.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::DataRace => "data race",
            Self::LostWakeUp => "lost wake-up",
            Self::Panic => "panic",
            Self::Endless => "endless loop",
            Self::Limit => "limit of the checker",
        }
    }
}
