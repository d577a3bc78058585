//! How much of each moment was spent how, in memory that does not grow with the run.

/// The most buckets of a profile.
const MOST: usize = 4096;

/// Amounts of `K` kinds over the time, in buckets of equal width.
///
/// A run of a second may have millions of marks, and a drawing has some hundred columns. So what
/// comes in is added to the bucket of its time; when the time outgrows the buckets, neighbours are
/// added up and each bucket is twice as wide. An amount is never lost, only its place is blurred.
#[derive(Clone, Debug)]
pub(super) struct Profile<const K: usize> {
    /// Of a bucket, in nanoseconds.
    width: u64,
    buckets: Vec<[f32; K]>,
}

impl<const K: usize> Profile<K> {
    pub(super) fn new() -> Self {
        Self { width: 1_000, buckets: Vec::new() }
    }

    /// Adds `amount` of a kind for each nanosecond between two times.
    pub(super) fn add(&mut self, kind: usize, from: u64, to: u64, amount: f32) {
        while to > self.width * MOST as u64 {
            self.double();
        }
        let needed = to.div_ceil(self.width) as usize;
        if self.buckets.len() < needed {
            self.buckets.resize(needed, [0.0; K]);
        }
        for (bucket, share) in shares(from, to, self.width) {
            self.buckets[bucket][kind] += share as f32 * amount;
        }
    }

    /// Adds all of another one.
    pub(super) fn absorb(&mut self, mut other: Self) {
        while self.width < other.width {
            self.double();
        }
        while other.width < self.width {
            other.double();
        }
        let needed = self.buckets.len().max(other.buckets.len());
        self.buckets.resize(needed, [0.0; K]);
        for (sum, amounts) in self.buckets.iter_mut().zip(other.buckets) {
            sum.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
        }
    }

    fn double(&mut self) {
        self.width *= 2;
        let sum = |pair: &[[f32; K]]| {
            std::array::from_fn(|kind| pair.iter().map(|bucket| bucket[kind]).sum())
        };
        self.buckets = self.buckets.chunks(2).map(sum).collect();
    }

    /// The time from 0 to `end` in so many columns: what each nanosecond of a column has on
    /// average.
    pub(super) fn columns(&self, end: u64, columns: usize) -> Vec<[f32; K]> {
        let width = end.div_ceil(columns as u64).max(1);
        let mut cut = vec![[0.0; K]; columns];
        for (number, bucket) in (0u64..).zip(&self.buckets) {
            let (from, to) = (number * self.width, (number + 1) * self.width);
            // The last bucket is filled up to the end only.
            let to = to.min(end.max(from + 1));
            for (column, share) in shares(from, to, width) {
                let Some(cut) = cut.get_mut(column) else { break };
                for (sum, amount) in cut.iter_mut().zip(bucket) {
                    *sum += amount * share as f32 / (to - from) as f32;
                }
            }
        }
        cut.iter().map(|column| column.map(|sum| sum / width as f32)).collect()
    }
}

/// The pieces of a time, cut at the multiples of `width`: the number of each, and its length.
fn shares(from: u64, to: u64, width: u64) -> impl Iterator<Item = (usize, u64)> {
    let pieces = from / width..to.div_ceil(width);
    pieces.map(move |piece| {
        let (begins, ends) = ((piece * width).max(from), ((piece + 1) * width).min(to));
        (piece as usize, ends.saturating_sub(begins))
    })
}

#[cfg(test)]
mod tests {
    use super::{MOST, Profile};

    #[test]
    fn two_profiles_become_one_whatever_their_buckets() {
        let (mut short, mut long) = (Profile::<1>::new(), Profile::<1>::new());
        short.add(0, 0, 1_000, 1.0);
        long.add(0, 9_000_000, 10_000_000, 1.0);
        for (mut one, other) in [(short.clone(), long.clone()), (long, short)] {
            one.absorb(other);
            let sum: f32 = one.columns(10_000_000, 10).iter().map(|[share]| share * 1e6).sum();
            assert!((sum - 1_001_000.0).abs() < 1_000.0, "{sum}");
        }
    }

    #[test]
    fn a_column_has_the_share_of_time_that_was_spent_so() {
        let mut profile = Profile::<2>::new();
        profile.add(0, 0, 500_000, 1.0);
        profile.add(1, 500_000, 1_000_000, 1.0);
        assert_eq!(profile.columns(1_000_000, 2), [[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(profile.columns(1_000_000, 1), [[0.5, 0.5]]);
    }

    #[test]
    fn a_long_run_needs_no_more_memory_and_loses_nothing() {
        let mut profile = Profile::<1>::new();
        for millisecond in 0..60_000 {
            profile.add(0, millisecond * 1_000_000, millisecond * 1_000_000 + 250_000, 1.0);
        }
        assert!(profile.buckets.len() <= MOST);
        for [share] in profile.columns(60_000_000_000, 60) {
            assert!((share - 0.25).abs() < 0.01, "{share}");
        }
    }

    #[test]
    fn a_short_run_fills_its_columns() {
        let mut profile = Profile::<1>::new();
        profile.add(0, 0, 1_500, 1.0);
        for [share] in profile.columns(1_500, 10) {
            assert!((share - 1.0).abs() < 0.01, "{share}");
        }
    }
}
