//! How a run can go wrong.

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Two threads in lines where one may be at a time.
    TwoInside,
    /// Two accesses to the same data, one of them a write, that nothing orders.
    Race,
    /// A thread sleeps, and the call that it waits for has been made already.
    LostWakeUp,
    /// Threads sleep and wait for each other.
    Deadlock,
    /// A thread waits in a loop for what will never happen.
    Endless,
    /// An assertion failed, in a thread or in the check at the end.
    Assertion,
}

impl Kind {
    /// What the page says.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::TwoInside => "Two inside",
            Self::Race => "Data race",
            Self::LostWakeUp => "Lost wake-up",
            Self::Deadlock => "Deadlock",
            Self::Endless => "Waits without end",
            Self::Assertion => "Wrong result",
        }
    }
}

/// A mistake that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What kind of mistake it is.
    pub kind: Kind,
    /// What each thread did.
    pub what: String,
}

impl Verdict {
    pub(crate) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into() }
    }
}
