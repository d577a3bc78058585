//! The operations that a thread can be about to do: each is one step, and where threads may change.

use std::panic::Location;
use std::sync::atomic::Ordering;

/// Where in the source something happens.
pub(crate) type At = &'static Location<'static>;

/// An operation, not done yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    Load(Ordering),
    Store(u64, Ordering),
    Update(Update, u64, Ordering),
    Exchange {
        expected: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    },
    Fence(Ordering),
    /// `park::wait`; `timed` if it has a deadline.
    Sleep {
        expected: u64,
        timed: bool,
    },
    WakeOne,
    WakeAll,
    /// `yield_now`: waits until something that was read since the last one has changed.
    Yield,
    ReadCell,
    WriteCell,
}

/// The operations that read and write in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Update {
    Swap,
    Add,
    Sub,
    And,
    Nand,
    Or,
    Xor,
    Max,
    Min,
}

impl Update {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Add => "fetch_add",
            Self::Sub => "fetch_sub",
            Self::And => "fetch_and",
            Self::Nand => "fetch_nand",
            Self::Or => "fetch_or",
            Self::Xor => "fetch_xor",
            Self::Max => "fetch_max",
            Self::Min => "fetch_min",
        }
    }

    /// What it makes of a value; the caller cuts the result to the width of the word.
    pub(crate) fn apply(self, old: u64, operand: u64) -> u64 {
        match self {
            Self::Swap => operand,
            Self::Add => old.wrapping_add(operand),
            Self::Sub => old.wrapping_sub(operand),
            Self::And => old & operand,
            Self::Nand => !(old & operand),
            Self::Or => old | operand,
            Self::Xor => old ^ operand,
            Self::Max => old.max(operand),
            Self::Min => old.min(operand),
        }
    }
}

/// What a thread will do when it is its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pending {
    pub(crate) op: Op,
    /// The word or cell; none for a fence, a yield, and a wake at an address where there never was
    /// a word.
    pub(crate) object: Option<usize>,
    pub(crate) at: At,
}

/// What an operation returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Outcome {
    /// The value that was read, or before it was changed.
    pub(crate) value: u64,
    /// A compare-exchange succeeded; a call woke a sleeper; a wake found a sleeper.
    pub(crate) ok: bool,
    /// A sleeper's time was up.
    pub(crate) timed_out: bool,
}

impl Outcome {
    pub(crate) fn of(value: u64, ok: bool) -> Self {
        Self { value, ok, timed_out: false }
    }
}
