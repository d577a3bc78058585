//! Parts of source files, by anchor.
//!
//! A part lies between two comments, each alone on its line: `// ANCHOR: name` and
//! `// ANCHOR_END: name` (`#` in place of `//` in Python). Parts may nest and overlap. The comments
//! themselves are not shown, of whatever part they are, and do not disturb the numbers of the other
//! lines.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::escape;

/// Lines of a file that belong together, with the number that each has in the file.
#[derive(Debug, PartialEq, Eq)]
pub struct Excerpt<'a> {
    lines: Vec<(usize, &'a str)>,
}

/// A line of a file as far as anchors are concerned.
enum Line<'a> {
    Start(&'a str),
    End(&'a str),
    Text(&'a str),
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        let comment = line.trim();
        let comment = comment.strip_prefix("//").or_else(|| comment.strip_prefix('#'));
        let comment = comment.map(str::trim).unwrap_or_default();
        if let Some(name) = comment.strip_prefix("ANCHOR:") {
            Self::Start(name.trim())
        } else if let Some(name) = comment.strip_prefix("ANCHOR_END:") {
            Self::End(name.trim())
        } else {
            Self::Text(line)
        }
    }
}

/// The part of `file` named `anchor`, or all of it.
///
/// # Errors
///
/// What is wrong with the anchor: it is missing, there twice, not closed, or nothing stands in it.
pub fn excerpt<'a>(file: &'a str, anchor: Option<&str>) -> Result<Excerpt<'a>, String> {
    let mut lines = Vec::new();
    let mut names = BTreeSet::new();
    let (mut started, mut ended) = (anchor.is_none(), false);
    for (number, line) in (1..).zip(file.lines()) {
        match Line::of(line) {
            Line::Start(name) => {
                names.insert(name);
                if Some(name) == anchor {
                    if started {
                        return Err(format!(
                            "`ANCHOR: {name}` is there twice, again in line {number}"
                        ));
                    }
                    started = true;
                }
            }
            Line::End(name) if Some(name) == anchor => {
                if !started || ended {
                    return Err(format!("`ANCHOR_END: {name}` in line {number} closes nothing"));
                }
                ended = true;
            }
            Line::End(_) => {}
            Line::Text(line) => {
                if started && !ended {
                    lines.push((number, line));
                }
            }
        }
    }
    if let Some(anchor) = anchor {
        if !started {
            let names = Vec::from_iter(names).join("`, `");
            let names = if names.is_empty() { "none".into() } else { format!("`{names}`") };
            return Err(format!("no `ANCHOR: {anchor}`; the anchors there are: {names}"));
        }
        if !ended {
            return Err(format!("no `ANCHOR_END: {anchor}`"));
        }
    }
    let blank = |line: &&(usize, &str)| line.1.trim().is_empty();
    let start = lines.iter().take_while(blank).count();
    let end = lines.len() - lines.iter().rev().take_while(blank).count();
    if start >= end {
        return Err("nothing stands there".into());
    }
    Ok(Excerpt { lines: lines[start..end].to_vec() })
}

impl Excerpt<'_> {
    /// Each line with its number, without the indentation that all of them share.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &str)> {
        let indentation = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let written =
            self.lines.iter().map(|(_, line)| *line).filter(|line| !line.trim().is_empty());
        let shared = written.map(indentation).min().unwrap_or(0);
        self.lines
            .iter()
            .map(move |(number, line)| (*number, line.get(shared..).unwrap_or_default().trim_end()))
    }

    /// The lines without the indentation that all of them share.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (_, line) in self.rows() {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The excerpt as Markdown: a caption that says where it is from, line numbers, the code.
    #[must_use]
    pub fn markdown(&self, path: &str) -> String {
        let (first, last) = (self.lines[0].0, self.lines[self.lines.len() - 1].0);
        let place =
            if first == last { format!("line {first}") } else { format!("lines {first}–{last}") };
        let language = match path.rsplit_once('.') {
            Some((_, "rs")) => "rust",
            Some((_, "py")) => "python",
            Some((_, "toml")) => "toml",
            _ => "text",
        };
        let path = escape(path);
        let mut numbers = String::new();
        for (number, _) in &self.lines {
            let _ = writeln!(numbers, "{number}");
        }
        let text = self.text();
        let fence = fence(&text);
        format!(
            "\n<figure class=\"source\">\n\
             <figcaption><span class=\"source-path\">{path}</span> <span>{place}</span></figcaption>\n\
             <div class=\"source-body\"><pre class=\"source-numbers hljs\" aria-hidden=\"true\">{}</pre>\n\n\
             {fence}{language}\n{text}{fence}\n\n</div>\n</figure>\n\n",
            numbers.trim_end(),
        )
    }
}

/// A fence longer than any row of backticks in `text`.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    const FILE: &str = "\
use a;
// ANCHOR: outer
impl A {
    // ANCHOR: inner
    fn a() {

        b();
    }
    // ANCHOR_END: inner

    fn c() {}
}
// ANCHOR_END: outer
// ANCHOR: open
fn d() {}
";

    #[test]
    fn a_part_keeps_its_line_numbers_and_loses_the_shared_indentation() {
        let part = excerpt(FILE, Some("inner")).unwrap();
        assert_eq!(part.lines.iter().map(|line| line.0).collect::<Vec<_>>(), [5, 6, 7, 8]);
        assert_eq!(part.text(), "fn a() {\n\n    b();\n}\n");
    }

    #[test]
    fn anchor_comments_inside_a_part_are_not_shown_but_counted() {
        let part = excerpt(FILE, Some("outer")).unwrap();
        assert!(!part.text().contains("ANCHOR"));
        let numbers: Vec<_> = part.lines.iter().map(|line| line.0).collect();
        assert_eq!(numbers, [3, 5, 6, 7, 8, 10, 11, 12]);
        assert!(part.markdown("a.rs").contains("<span>lines 3–12</span>"));
    }

    #[test]
    fn a_whole_file_is_a_part_too() {
        let whole = excerpt(FILE, None).unwrap();
        assert!(whole.text().starts_with("use a;\nimpl A {\n"));
        assert!(whole.text().ends_with("fn d() {}\n"));
    }

    #[test]
    fn python_comments_are_anchors_too() {
        let part = excerpt("# ANCHOR: x\nimport y  # not: ANCHOR\n# ANCHOR_END: x\n", Some("x"));
        assert_eq!(part.unwrap().text(), "import y  # not: ANCHOR\n");
    }

    #[test]
    fn a_missing_anchor_is_answered_with_those_that_are_there() {
        let error = excerpt(FILE, Some("iner")).unwrap_err();
        assert_eq!(error, "no `ANCHOR: iner`; the anchors there are: `inner`, `open`, `outer`");
        assert_eq!(
            excerpt("fn main() {}\n", Some("x")).unwrap_err(),
            "no `ANCHOR: x`; the anchors there are: none"
        );
    }

    #[test]
    fn an_anchor_must_be_opened_once_closed_once_and_hold_something() {
        assert_eq!(excerpt(FILE, Some("open")).unwrap_err(), "no `ANCHOR_END: open`");
        let twice = "// ANCHOR: x\na\n// ANCHOR_END: x\n// ANCHOR: x\nb\n// ANCHOR_END: x\n";
        assert!(excerpt(twice, Some("x")).unwrap_err().contains("twice, again in line 4"));
        let early = "// ANCHOR_END: x\na\n// ANCHOR: x\n";
        assert!(excerpt(early, Some("x")).unwrap_err().contains("closes nothing"));
        let empty = "// ANCHOR: x\n\n// ANCHOR_END: x\n";
        assert_eq!(excerpt(empty, Some("x")).unwrap_err(), "nothing stands there");
    }

    #[test]
    fn code_with_backticks_gets_a_longer_fence() {
        let file = "/// ```\n/// x();\n/// ```\nfn x() {}\n";
        let markdown = excerpt(file, None).unwrap().markdown("a.rs");
        assert!(markdown.contains("\n````rust\n/// ```\n"), "{markdown}");
        assert!(markdown.contains("fn x() {}\n````\n"), "{markdown}");
    }
}
