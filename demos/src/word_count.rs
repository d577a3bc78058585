//! Counting words.

use std::cmp::Reverse;
use std::collections::HashMap;

/// How often each word occurs in some lines.
///
/// A word is a run of letters, in the sense of Unicode's property `Alphabetic`, in lower case:
/// `Don't` is _don_ and _t_, `x86` is _x_.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WordCount {
    pub(crate) lines: usize,
    words: HashMap<String, usize>,
}

impl WordCount {
    pub(crate) fn add_line(&mut self, line: &str) {
        self.lines += 1;
        for word in line.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            *self.words.entry(word.to_lowercase()).or_default() += 1;
        }
    }

    /// Adds what another thread has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        for (word, times) in &other.words {
            *self.words.entry(word.clone()).or_default() += times;
        }
    }

    /// All words, the same one as often as it occurs.
    pub(crate) fn total(&self) -> usize {
        self.words.values().sum()
    }

    /// Different words.
    pub(crate) fn different(&self) -> usize {
        self.words.len()
    }

    /// The words that occur most often, and how often; of equal ones those first that a dictionary
    /// has first.
    pub(crate) fn top(&self, most: usize) -> Vec<(&str, usize)> {
        let mut words: Vec<_> = self.words.iter().map(|(word, &n)| (word.as_str(), n)).collect();
        words.sort_unstable_by_key(|&(word, times)| (Reverse(times), word));
        words.truncate(most);
        words
    }

    /// `None` if `other` is the same; otherwise what differs first, how often it is here, and
    /// there.
    pub(crate) fn difference(&self, other: &Self) -> Option<(String, usize, usize)> {
        if self.lines != other.lines {
            return Some(("lines".into(), self.lines, other.lines));
        }
        let times = |count: &Self, word: &str| count.words.get(word).copied().unwrap_or(0);
        let words = self.words.keys().chain(other.words.keys());
        let word = words.filter(|word| times(self, word) != times(other, word)).min()?;
        Some((format!("{word:?}"), times(self, word), times(other, word)))
    }
}

#[cfg(test)]
mod tests {
    use super::WordCount;

    fn count(lines: &[&str]) -> WordCount {
        let mut count = WordCount::default();
        lines.iter().for_each(|line| count.add_line(line));
        count
    }

    #[test]
    fn a_word_is_a_run_of_letters_in_lower_case() {
        let words = count(&["Don't x86 Größe", "", "  ЩИ-щи 123 _don_"]);
        assert_eq!(words.top(9), [("don", 2), ("щи", 2), ("größe", 1), ("t", 1), ("x", 1)]);
        assert_eq!((words.lines, words.total(), words.different()), (3, 7, 5));
    }

    #[test]
    fn counts_of_parts_add_up_to_the_count_of_the_whole() {
        let mut sum = count(&["a b", "a"]);
        sum.add(&count(&["b a c"]));
        assert_eq!(sum, count(&["a b", "a", "b a c"]));
    }

    #[test]
    fn a_difference_is_found_on_either_side_and_named() {
        let both = count(&["a b b"]);
        assert_eq!(both.difference(&count(&["b a b"])), None);
        let named = |other: &[&str]| both.difference(&count(other)).unwrap();
        assert_eq!(named(&["a b"]), (r#""b""#.into(), 2, 1));
        assert_eq!(named(&["a b b c"]), (r#""c""#.into(), 0, 1));
        assert_eq!(named(&["a b b", ""]), ("lines".into(), 1, 2));
    }
}
