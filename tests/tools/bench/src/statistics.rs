//! The median, and how far it may be off.

use serde::{Deserialize, Serialize};

/// A median with its interval of confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The lower end.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// Of these figures, at 95 %; `None` of none.
    ///
    /// By order statistics: each figure lies above the true median with probability one half, so
    /// their number is binomial, whatever the distribution of the figures. The interval reaches
    /// from the r-th smallest to the r-th largest, with the greatest r that leaves out at most 2.5
    /// % on either side. Below six figures there is no such r: then it reaches from the smallest to
    /// the largest, and covers less.
    #[must_use]
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures = Vec::from_iter(figures);
        figures.sort_by(f64::total_cmp);
        let last = figures.len().checked_sub(1)?;
        let left_out = left_out(figures.len());
        let median = f64::midpoint(figures[last / 2], figures[last.div_ceil(2)]);
        Some(Self { low: figures[left_out], median, high: figures[last - left_out] })
    }
}

/// The median alone.
#[must_use]
pub fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    Estimate::of(figures).map(|estimate| estimate.median)
}

/// How many of `n` figures may be left out at either end: the greatest r for which at most r - 1 of
/// `n` throws of a coin are heads with a probability of no more than 2.5 %, less one.
fn left_out(n: usize) -> usize {
    // The logarithm of the probability of exactly `heads`, because 0.5 to the n-th underflows.
    let mut probability = n as f64 * 0.5_f64.ln();
    let mut below = 0.0;
    for heads in 0..n {
        below += probability.exp();
        if below > 0.025 {
            return heads.saturating_sub(1);
        }
        probability += ((n - heads) as f64 / (heads + 1) as f64).ln();
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{Estimate, left_out};

    #[test]
    fn the_interval_is_that_of_the_sign_test() {
        // From printed tables of the sign test at 5 %, two sides: the r-th from either end, here
        // from 0.
        for (n, r) in [(6, 1), (8, 1), (9, 2), (15, 4), (20, 6), (25, 8), (50, 18), (100, 40)] {
            assert_eq!(left_out(n), r - 1, "of {n}");
        }
        for n in 0..6 {
            assert_eq!(left_out(n), 0);
        }
        assert!((4900..5000).contains(&left_out(10_000)));
    }

    #[test]
    fn a_median_lies_within_its_interval() {
        let estimate = Estimate::of([5.0, 1.0, 4.0, 2.0, 3.0, 6.0]).unwrap();
        assert_eq!(estimate, Estimate { low: 1.0, median: 3.5, high: 6.0 });
        assert_eq!(Estimate::of([7.0]), Some(Estimate { low: 7.0, median: 7.0, high: 7.0 }));
        assert_eq!(Estimate::of([]), None);
    }
}
