//! A number of instructions, to the thousandth.

use std::fmt;
use std::str::FromStr;

/// Thousandths of an instruction: the decimals show occasional work, such as
/// growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Figure(u64);

impl Figure {
    /// The cost of one operation, if `times` of them took that many instructions.
    pub(crate) fn per_operation(instructions: u64, times: u64) -> Self {
        Self(instructions * 1000 / times)
    }

    #[cfg(test)]
    pub(crate) const fn whole(instructions: u64) -> Self {
        Self(instructions * 1000)
    }

    /// `None` if the other is greater.
    pub(crate) fn less(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Whether it is at most this value times a factor in hundredths.
    pub(crate) fn is_within(self, other: Self, hundredths: u64) -> bool {
        self.0 * 100 <= other.0 * hundredths
    }
}

impl From<u32> for Figure {
    fn from(instructions: u32) -> Self {
        Self(u64::from(instructions) * 1000)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, thousandths) = (self.0 / 1000, self.0 % 1000);
        match thousandths {
            0 => write!(f, "{whole}"),
            _ => f.write_str(format!("{whole}.{thousandths:03}").trim_end_matches('0')),
        }
    }
}

/// The text was not a number with at most three places.
#[derive(Debug)]
pub(crate) struct NotAFigure;

impl FromStr for Figure {
    type Err = NotAFigure;

    fn from_str(text: &str) -> Result<Self, NotAFigure> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(places) || places.len() > 3 {
            return Err(NotAFigure);
        }
        let whole: u64 = whole.parse().map_err(|_| NotAFigure)?;
        let thousandths: u64 = format!("{places:0<3}").parse().map_err(|_| NotAFigure)?;
        whole.checked_mul(1000).map(|whole| Self(whole + thousandths)).ok_or(NotAFigure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_survives_being_written_down() {
        for text in ["0", "7", "60.03", "743.965", "0.5", "12.001"] {
            assert_eq!(text.parse::<Figure>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_figure_is_refused() {
        for text in ["", "-", "7.", ".5", "1.2345", "seven", "-3", "1e3", "99999999999999999999"] {
            assert!(text.parse::<Figure>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_thousand_operations_with_one_more_instruction_among_them_are_not_the_same() {
        assert!(Figure::per_operation(7001, 1000) > Figure::whole(7));
    }

    #[test]
    fn within_counts_the_bound_in() {
        assert!(Figure::whole(21).is_within(Figure::whole(20), 105));
        assert!(!Figure::whole(22).is_within(Figure::whole(20), 105));
    }
}
