//! How many instructions some operations may take at most.

use std::fmt;

use crate::figure::Figure;

/// A bound on what an operation takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// So many instructions.
    AtMost(u32),
    /// What the bare contestant of the row takes, times so many hundredths.
    Bare(u64),
}

impl Goal {
    /// The goal of a row, if it has one.
    pub(crate) fn of(row: &str) -> Option<Self> {
        GOALS.iter().find(|(name, _)| *name == row).map(|&(_, goal)| goal)
    }

    /// Whether `figure` reaches it, where the bare contestant took `bare`.
    pub(crate) fn is_reached(self, figure: Figure, bare: Option<Figure>) -> bool {
        match self {
            Self::AtMost(instructions) => figure <= Figure::from(instructions),
            Self::Bare(hundredths) => bare.is_some_and(|bare| figure.is_within(bare, hundredths)),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(instructions) => write!(f, "≤ {instructions}"),
            Self::Bare(100) => write!(f, "≤ bare"),
            Self::Bare(hundredths) => {
                write!(f, "≤ {}.{:02} bare", hundredths / 100, hundredths % 100)
            }
        }
    }
}

/// By the names of the rows.
pub(crate) const GOALS: &[(&str, Goal)] = &[
    ("Lock: lock + unlock", Goal::AtMost(10)),
    ("Event: is_set", Goal::Bare(100)),
    ("Event: set, when set", Goal::Bare(100)),
    ("Event: wait, when set", Goal::Bare(100)),
    ("Condition: notify_one, nobody waits", Goal::Bare(105)),
    ("Condition: notify_all, nobody waits", Goal::Bare(105)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_beside_a_bare_figure_needs_one() {
        assert!(Goal::Bare(100).is_reached(Figure::whole(3), Some(Figure::whole(3))));
        assert!(!Goal::Bare(100).is_reached(Figure::whole(4), Some(Figure::whole(3))));
        assert!(!Goal::Bare(100).is_reached(Figure::whole(3), None));
    }
}
