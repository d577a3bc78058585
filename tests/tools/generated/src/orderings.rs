//! `orderings.json`: what became of each memory ordering that was made weaker.
//!
//! A place is kept by file, function and operation. A line is kept by its text and by which of the
//! lines with this text it is. So an edit elsewhere in a file changes nothing here, and the reader
//! finds the number that a line has now.

use serde::{Deserialize, Serialize};

/// The whole file.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// How long the last run on everything took, in seconds.
    #[serde(default)]
    pub seconds: u64,
    /// How many workers it had.
    #[serde(default)]
    pub jobs: usize,
    /// In the order of the source.
    pub sites: Vec<Site>,
}

/// A place that gives a memory ordering.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// `lock`: the name that a chapter uses.
    pub module: String,
    /// From the root of the workspace.
    pub file: String,
    /// `RawLock::acquire`
    pub function: String,
    /// `load(Acquire)`
    pub operation: String,
    /// Which of the operations that read alike in the function, from 1.
    pub nth: usize,
    /// Where.
    pub line: Line,
    /// How far into the line's text the operation begins.
    pub offset: usize,
    /// The tried orderings; empty if the ordering cannot be weaker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weaker: Vec<Weaker>,
    /// Why no model executes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_executed: Option<String>,
}

/// The text of a line, and its number among the lines with this text, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line(pub String, pub usize);

/// A weaker ordering and its result.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weaker {
    /// `Relaxed`, or `failure-Relaxed` for the second of a compare-exchange.
    pub to: String,
    /// What came of it.
    #[serde(flatten)]
    pub came: Came,
}

/// What came of a weaker ordering.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Came {
    /// A model failed.
    Noticed(Noticed),
    /// No model fails.
    Survives {
        /// Why none can.
        reason: String,
    },
}

/// How a model failed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noticed {
    /// `data race`
    pub kind: String,
    /// `lock/two-add`
    pub by: String,
    /// How many there were until then.
    pub executions: u64,
    /// The role of each thread.
    pub threads: Vec<String>,
    /// What went wrong. A place in the source is `{n}`, the line of that number in `lines`.
    pub sentence: String,
    /// File and line of each place.
    pub lines: Vec<(String, Line)>,
    /// The thread, the number of the line (none for the runtime's own), and the operation.
    pub rows: Vec<(usize, Option<usize>, String)>,
}

impl Line {
    /// The line of this number, from 1, of a file.
    #[must_use]
    pub fn of(lines: &[String], number: usize) -> Option<Self> {
        let index = number.checked_sub(1)?;
        let text = lines.get(index)?.trim();
        let nth = lines[..=index].iter().filter(|line| line.trim() == text).count();
        Some(Self(text.to_owned(), nth))
    }

    /// The number, from 1, that the line has in a file, if it is there.
    #[must_use]
    pub fn number_in(&self, lines: &[String]) -> Option<usize> {
        let Self(text, nth) = self;
        let alike = (1..).zip(lines).filter(|(_, line)| line.trim() == text);
        alike.map(|(number, _)| number).nth(nth.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again_when_others_have_moved_it() {
        let lines = |text: &str| Vec::from_iter(text.lines().map(str::to_owned));
        let before = lines("a();\n  b();\na();\n");
        let second = Line::of(&before, 3).unwrap();
        assert_eq!(second, Line("a();".to_owned(), 2));
        assert_eq!(second.number_in(&before), Some(3));
        assert_eq!(second.number_in(&lines("new();\n\n  a();\na();\n")), Some(4));
        assert_eq!(second.number_in(&lines("a();\nb();\n")), None);
        assert_eq!(Line::of(&before, 0), None);
        assert_eq!(Line::of(&before, 4), None);
    }

    #[test]
    fn what_came_of_it_is_told_by_its_fields() {
        let text = r#"{"to":"Relaxed","reason":"None is weaker."}"#;
        let weaker: Weaker = serde_json::from_str(text).unwrap();
        assert_eq!(weaker.came, Came::Survives { reason: "None is weaker.".to_owned() });
        assert_eq!(serde_json::to_string(&weaker).unwrap(), text);
    }
}
