//! How many instructions an operation may take at most.

use std::fmt;
use std::str::FromStr;

use crate::figure::Figure;

/// A bound on what an operation takes: in `tests/cases/*/counts.rs`, a call of `at_most` or
/// `at_most_bare`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// A number of instructions.
    AtMost(u32),
    /// The cost of the row's bare contestant, times a factor in hundredths.
    Bare(u64),
}

impl Goal {
    /// Whether `figure` reaches it, if the bare contestant took `bare`.
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

/// The text was no goal as it is written down.
#[derive(Debug)]
pub(crate) struct NotAGoal;

impl FromStr for Goal {
    type Err = NotAGoal;

    fn from_str(text: &str) -> Result<Self, NotAGoal> {
        let limit = text.strip_prefix("≤ ").ok_or(NotAGoal)?;
        let goal = match (limit, limit.strip_suffix(" bare")) {
            ("bare", _) => Self::Bare(100),
            (_, Some(times)) => {
                let (whole, hundredths) = times.split_once('.').ok_or(NotAGoal)?;
                let number = |text: &str| text.parse::<u64>().map_err(|_| NotAGoal);
                Self::Bare(number(whole)? * 100 + number(hundredths)?)
            }
            (instructions, None) => Self::AtMost(instructions.parse().map_err(|_| NotAGoal)?),
        };
        // One way to write each: two digits after the point, for example.
        if goal.to_string() == text { Ok(goal) } else { Err(NotAGoal) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_beside_a_bare_figure_needs_one() {
        assert!(Goal::Bare(100).is_reached(Figure::whole(3), Some(Figure::whole(3))));
        assert!(!Goal::Bare(100).is_reached(Figure::whole(4), Some(Figure::whole(3))));
        assert!(!Goal::Bare(100).is_reached(Figure::whole(3), None));
    }

    #[test]
    fn a_goal_survives_being_written_down() {
        for goal in [Goal::AtMost(10), Goal::Bare(100), Goal::Bare(105), Goal::Bare(90)] {
            assert_eq!(goal.to_string().parse::<Goal>().unwrap(), goal);
        }
    }

    #[test]
    fn what_is_no_goal_is_refused() {
        for text in ["", "10", "≤", "≤ ten", "≤ -1", "≤ 1.5 bare", "≤ 1.00 bare", "≤ 1.05"]
        {
            assert!(text.parse::<Goal>().is_err(), "{text}");
        }
    }
}
