//! A question with a few answers to choose from, and what is to be said about it.
//!
//! ```text
//! {{#predict The balance starts at 0. What can it be in the end?}}
//! - [ ] 2, always
//! - [ ] 2, or 0
//! - [x] 2, or 1
//!
//! Both deposits are made, and one of them can vanish.
//! {{#end}}
//! ```
//!
//! The right choice has the `x`. A choice may go on in lines that are indented. From the first line
//! that is no choice up to `{{#end}}` it is the answer: Markdown, with other directives if need be.
//! A reader without scripts sees the choices as a list and opens the answer; with them
//! (`theme/predict.js`) each choice is a button.

use std::fmt::Write;

/// How many choices there may be.
const CHOICES: std::ops::RangeInclusive<usize> = 2..=4;

/// A question whose `{{#end}}` has not come yet.
#[derive(Debug)]
pub(super) struct Predict {
    question: String,
    /// Whether it is right, and its text.
    choices: Vec<(bool, String)>,
    /// The answer has begun.
    answered: bool,
    /// Something stands in the answer.
    filled: bool,
}

impl Predict {
    pub(super) fn new(question: &str) -> Self {
        let question = question.trim().to_owned();
        Self { question, choices: Vec::new(), answered: false, filled: false }
    }

    /// Takes a line, if it belongs to the choices.
    pub(super) fn takes(&mut self, line: &str) -> bool {
        if self.answered {
            self.filled |= !line.trim().is_empty();
            return false;
        }
        for (mark, right) in [("- [ ] ", false), ("- [x] ", true)] {
            if let Some(text) = line.strip_prefix(mark) {
                self.choices.push((right, text.trim().to_owned()));
                return true;
            }
        }
        match self.choices.last_mut() {
            Some((_, text)) if line.starts_with("  ") && !line.trim().is_empty() => {
                text.push(' ');
                text.push_str(line.trim());
                true
            }
            _ => {
                self.filled |= !line.trim().is_empty();
                line.trim().is_empty()
            }
        }
    }

    /// What stands before the answer: the question and the choices. Nothing the second time.
    pub(super) fn answer(&mut self) -> String {
        if std::mem::replace(&mut self.answered, true) {
            return String::new();
        }
        self.filled = true;
        let right = self.choices.iter().position(|(right, _)| *right).unwrap_or_default();
        let mut html = format!(
            "\n<div class=\"predict\" role=\"group\" aria-label=\"Predict\" data-right=\"{right}\">\n\
             <div class=\"predict-question\">\n\n{}\n\n</div>\n<div class=\"predict-choices\">\n\n",
            self.question
        );
        for (_, text) in &self.choices {
            let _ = writeln!(html, "- {text}");
        }
        html.push_str(
            "\n</div>\n<p class=\"predict-said\" role=\"status\"></p>\n\
             <details>\n<summary>The answer</summary>\n\n",
        );
        html
    }

    /// What stands behind it.
    pub(super) fn end(&mut self) -> Result<String, String> {
        let right = self.choices.iter().filter(|(right, _)| *right).count();
        if self.question.is_empty() {
            return Err("`predict` needs a question: `{{#predict question}}`".into());
        }
        if !CHOICES.contains(&self.choices.len()) {
            let (least, most) = (CHOICES.start(), CHOICES.end());
            return Err(format!(
                "`predict` has {} choices (`- [ ] text`, the right one `- [x] text`); allowed: {least} to {most}",
                self.choices.len()
            ));
        }
        if right != 1 {
            return Err(format!("`predict` has {right} right choices (`- [x] text`); allowed: 1"));
        }
        if !self.filled {
            return Err("`predict` has no answer between its choices and `{{#end}}`".into());
        }
        Ok("\n</details>\n</div>\n\n".into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::chapter::expand;
    use super::super::places::Places;
    use super::super::watch::Watch;

    fn expanded(chapter: &str) -> Result<String, Vec<(usize, String)>> {
        let places = Places { repository: "/nowhere".into(), book: "/nowhere/book".into() };
        expand(chapter, &places, &mut Watch::default())
    }

    const GOOD: &str = "before\n\n{{#predict How `many`?}}\n- [ ] one,\n  or so\n\n- [x] two\n\nBecause *so*.\n\n\
        - [ ] no choice\n{{#end}}\n\nafter\n";

    #[test]
    fn a_question_its_choices_and_its_answer_are_told_apart() {
        let html = expanded(GOOD).unwrap();
        assert!(html.contains("data-right=\"1\""), "{html}");
        assert!(
            html.contains("<div class=\"predict-question\">\n\nHow `many`?\n\n</div>"),
            "{html}"
        );
        assert!(html.contains("\n\n- one, or so\n- two\n\n</div>"), "{html}");
        let answer = html.split("<summary>The answer</summary>\n\n").nth(1).unwrap();
        assert!(
            answer.starts_with("Because *so*.\n\n- [ ] no choice\n\n</details>\n</div>\n"),
            "{html}"
        );
        assert!(html.ends_with("</div>\n\n\nafter\n"), "{html}");
    }

    #[test]
    fn an_answer_may_begin_with_a_directive() {
        let chapter = GOOD.replace("Because *so*.", "{{#source gone.rs}}");
        let mistakes = expanded(&chapter).unwrap_err();
        assert_eq!(mistakes[0].0, 9, "the line is right inside too");
        assert!(mistakes[0].1.starts_with("cannot read `gone.rs`"), "{mistakes:?}");
    }

    #[test]
    fn what_is_missing_is_named_in_one_line() {
        for (chapter, line, what) in [
            (GOOD.replace("{{#end}}", ""), 3, "`predict` has no `{{#end}}`"),
            (GOOD.replace("- [x] two", ""), 12, "`predict` has 1 choices"),
            (GOOD.replace("[x]", "[ ]"), 12, "`predict` has 0 right choices"),
            (GOOD.replace("[ ] one", "[x] one"), 12, "`predict` has 2 right choices"),
            (GOOD.replace(" How `many`?", ""), 12, "`predict` needs a question"),
            (GOOD.replace("Because *so*.\n\n- [ ] no choice\n", ""), 9, "`predict` has no answer"),
            (
                GOOD.replace("Because *so*.", "{{#predict Again?}}"),
                9,
                "a `predict` cannot stand in another",
            ),
            ("{{#end}}\n".into(), 1, "`end` closes nothing"),
        ] {
            let mistakes = expanded(&chapter).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert_eq!(mistakes[0].0, line, "{mistakes:?}");
            assert!(mistakes[0].1.starts_with(what), "{mistakes:?}");
            assert!(!mistakes[0].1.contains('\n'));
        }
    }
}
