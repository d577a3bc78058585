//! Comments keep to 100 columns, and comments, messages and pages avoid phrases that need a second
//! reading.
//!
//! A comment here is a line of a `.rs` file that begins with `//`. Consecutive lines are one text,
//! so a line break hides no phrase. The rest of a source file is read as one more text: what is not
//! a string there has no such words, because a name joins its words by `_`.

use std::fs;
use std::path::Path;

/// The most columns of a comment.
const WIDTH: usize = 100;

/// Phrases that comments and pages avoid, each with words that replace it. Case does not matter.
const PHRASES: [(&str, &str); 12] = [
    ("whoever", "the thread that …"),
    ("whomever", "the thread that …"),
    ("nobody", "no thread, no waiter"),
    ("somebody", "a thread, another thread"),
    ("everybody", "every thread, all threads"),
    ("anybody", "a thread, any thread"),
    ("for ever", "without end; never returns; never expires"),
    ("for good", "permanently"),
    ("anew", "again"),
    ("must needs", "must"),
    ("for no reason", "spuriously"),
    ("time-out", "timeout"),
];

/// How the paths of files begin that are not done yet. A beginning without a finding must leave.
const UNFINISHED: [&str; 0] = [];

/// Files that quote the phrases, and pages that a program writes from the names of its rows.
const QUOTES: [&str; 3] = [
    "tests/tools/verify/src/prose.rs",
    "tests/tools/counts/COUNTS.md",
    "tests/tools/model-runtime/COVERAGE.md",
];

/// How names of measured rows go on after a phrase. Results that were measured before are kept under
/// these names.
const ROWS: &str = "nobody waits";

/// A line that is too wide, or a phrase: the line's number from 1, and what is wrong.
type Finding = (usize, String);

/// The text of a line after its comment marker; `None` if the line is not a comment.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    Some(text.trim_start_matches(['/', '!']))
}

/// Whether a comment may be wider: a table, a drawing, or a link, which cannot be broken.
fn may_be_wide(text: &str) -> bool {
    let is_drawing = |c: char| ('\u{2190}'..='\u{21ff}').contains(&c) || ('─'..='◿').contains(&c);
    text.trim_start().starts_with('|') || text.contains("://") || text.contains(is_drawing)
}

/// The findings in the comments and the strings of a Rust file.
fn in_source(source: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut text: Vec<(usize, &str)> = Vec::new();
    let mut code: Vec<(usize, &str)> = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(source.lines()) {
        let Some(words) = comment(line) else {
            // `#![cfg_attr(…, doc = "```")]` opens a fence in the middle of a page.
            let opens = line.contains("doc = \"```");
            fenced = opens || fenced && line.contains("cfg_attr");
            phrases(&text, &mut findings);
            text.clear();
            // A `\` at the end continues a string in the next line.
            code.push((number, line.trim_end_matches('\\')));
            continue;
        };
        if words.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if line.chars().count() > WIDTH && !fenced && !may_be_wide(words) {
            let columns = line.chars().count();
            findings
                .push((number, format!("{columns} columns, and a comment has at most {WIDTH}")));
        }
        text.push((number, words));
    }
    phrases(&text, &mut findings);
    phrases(&code, &mut findings);
    findings
}

/// The findings in a page. Code in it is not prose.
fn in_page(page: &str) -> Vec<Finding> {
    let mut fenced = false;
    let prose = (1..).zip(page.lines()).filter(|(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    });
    let mut findings = Vec::new();
    phrases(&Vec::from_iter(prose), &mut findings);
    findings
}

/// Looks for phrases in consecutive lines.
fn phrases(lines: &[(usize, &str)], findings: &mut Vec<Finding>) {
    let mut text = String::new();
    let mut starts = Vec::new();
    for &(number, line) in lines {
        starts.push((text.len(), number));
        text.extend([line.trim(), if line.trim().is_empty() { "\n" } else { " " }]);
    }
    let number = |at| starts[starts.partition_point(|&(start, _)| start <= at) - 1].1;
    let lower = text.to_ascii_lowercase();
    for (phrase, better) in PHRASES {
        for (at, _) in lower.match_indices(phrase).filter(|&(at, _)| is_word(&lower, at, phrase)) {
            if !is_name(&text, at) && !lower[at..].starts_with(ROWS) {
                findings.push((number(at), format!("\"{phrase}\": {better}")));
            }
        }
    }
    for (at, _) in text.match_indices("Who ").filter(|&(at, _)| begins_a_sentence(&text, at)) {
        let end = text[at..].find(['.', '?', '!', '\n']).map(|length| at + length);
        if end.is_none_or(|end| !text[end..].starts_with('?')) {
            findings.push((number(at), "\"Who …\" as a subject: a thread that …".into()));
        }
    }
}

/// Whether `phrase` stands at `at` by itself, and is not a part of a longer word or a name.
fn is_word(text: &str, at: usize, phrase: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let before = text[..at].chars().next_back();
    let after = text[at + phrase.len()..].chars().next();
    !before.is_some_and(joins) && (!after.is_some_and(joins) || text[at..].starts_with("time-outs"))
}

/// Whether this is the name of a constant or of a variant, such as `NOBODY` or `Against::Nobody`.
fn is_name(text: &str, at: usize) -> bool {
    let word = &text[at..];
    let is_shouted = word.chars().take_while(|c| c.is_alphabetic()).all(char::is_uppercase);
    let is_capital = word.starts_with(|c: char| c.is_ascii_uppercase());
    is_shouted || is_capital && (text[..at].ends_with("::") || !begins_a_sentence(text, at))
}

fn begins_a_sentence(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '*', '_', '-']);
    before.is_empty() || before.ends_with(['.', ':', '?', '!', '\n', '"'])
}

/// Calls `see` with each source file and page below `folder`, by its path from the root.
fn each_file(root: &Path, folder: &Path, see: &mut impl FnMut(&str, &str)) {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            let is_ours = !name.starts_with('.') && !["target", "generated"].contains(&name);
            if is_ours && name != "node_modules" {
                each_file(root, &path, see);
            }
        } else if name.ends_with(".rs") || name.ends_with(".md") {
            let text = fs::read_to_string(&path).unwrap();
            see(path.strip_prefix(root).unwrap().to_str().unwrap(), &text);
        }
    }
}

#[test]
fn comments_and_pages_are_plain_and_narrow() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let mut wrong = Vec::new();
    let mut done = Vec::from(UNFINISHED);
    let mut files = 0;
    each_file(root, root, &mut |path, text| {
        files += 1;
        let findings = if path.ends_with(".md") { in_page(text) } else { in_source(text) };
        if QUOTES.contains(&path) || findings.is_empty() {
            return;
        }
        if UNFINISHED.iter().any(|unfinished| path.starts_with(unfinished)) {
            done.retain(|unfinished| !path.starts_with(unfinished));
        } else {
            let lines = findings.iter().map(|(number, what)| format!("{path}:{number}: {what}"));
            wrong.extend(lines);
        }
    });
    assert!(files > 500, "only {files} files were read");
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
    assert!(done.is_empty(), "plain now, so take them off the list: {done:?}");
}

#[test]
fn a_fixture_with_each_mistake_fails() {
    let fixture = include_str!("../fixtures/prose.txt");
    let findings = in_source(fixture);
    for (phrase, _) in PHRASES {
        assert!(findings.iter().any(|(_, what)| what.contains(phrase)), "misses \"{phrase}\"");
    }
    let count = |what: &str| findings.iter().filter(|(_, found)| found.contains(what)).count();
    assert_eq!(count("columns"), 1, "one line is too wide; a table, a drawing, a link are not");
    assert_eq!(count("Who …"), 2, "two subjects; a question is none");
    assert_eq!(count("whoever"), 2, "one in a comment, one in a string over two lines");
    assert_eq!(findings.len(), PHRASES.len() + 4, "{findings:?}");
    assert_eq!(in_page("Text.\n```\nfor ever\n```\nIt waits for\never.").len(), 1);
}
