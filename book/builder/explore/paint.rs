//! Colours for a line of Rust, in the classes that mdBook's themes have for its highlighter.
//!
//! The page's own highlighter would have to know the rows, and the buttons in them. A line is
//! enough to tell a keyword from a comment: the listings have no string or comment that goes on in
//! the next line.

use std::fmt::Write;

use crate::builder::escape;

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "else", "enum", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
    "return", "self", "Self", "static", "struct", "super", "trait", "true", "type", "unsafe",
    "use", "where", "while",
];

/// A line of Rust as HTML. `buttons` are pieces of it and what stands in their place, each once.
pub(super) fn paint(line: &str, buttons: &[(&str, String)]) -> String {
    let mut buttons = Vec::from(buttons);
    let mut html = String::new();
    let mut rest = line;
    let mut before = "";
    while let Some(first) = rest.chars().next() {
        let (length, class) = token(rest, first, before);
        let (text, after) = rest.split_at(length);
        if let Some(i) = buttons.iter().position(|(piece, _)| *piece == text) {
            html.push_str(&buttons.remove(i).1);
        } else if class.is_empty() {
            html.push_str(&escape(text));
        } else {
            let _ = write!(html, "<span class=\"hljs-{class}\">{}</span>", escape(text));
        }
        if !text.trim().is_empty() {
            before = text;
        }
        rest = after;
    }
    html
}

/// The length of the first token, and its class; `before` is the one before it.
fn token(rest: &str, first: char, before: &str) -> (usize, &'static str) {
    let until = |end: fn(char) -> bool| rest.find(end).unwrap_or(rest.len());
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    if rest.starts_with("//") {
        (rest.len(), "comment")
    } else if first == '"' {
        (string(rest), "string")
    } else if rest.starts_with("#[") || rest.starts_with("#![") {
        (rest.rfind(']').map_or(rest.len(), |end| end + 1), "meta")
    } else if first.is_ascii_digit() {
        (until(|c| !(c.is_alphanumeric() || c == '_')), "number")
    } else if is_part(first) {
        let length = until(|c| !(c.is_alphanumeric() || c == '_'));
        let word = &rest[..length];
        let class = match word {
            _ if KEYWORDS.contains(&word) => "keyword",
            _ if before == "fn" => "title",
            _ if rest[length..].starts_with('!') && !rest[length..].starts_with("!=") => "built_in",
            _ if first.is_uppercase() && word.contains(char::is_lowercase) => "type",
            _ => "",
        };
        (length, class)
    } else {
        (first.len_utf8(), "")
    }
}

/// The length of a string in quotes.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return i + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::paint;

    #[test]
    fn words_strings_and_comments_have_their_colours() {
        assert_eq!(
            paint("pub fn lock(&self) { // <in>", &[]),
            "<span class=\"hljs-keyword\">pub</span> <span class=\"hljs-keyword\">fn</span> \
             <span class=\"hljs-title\">lock</span>(&amp;<span class=\"hljs-keyword\">self</span>) { \
             <span class=\"hljs-comment\">// &lt;in&gt;</span>"
        );
        assert_eq!(
            paint(r#"x != "a\"b" + 1_u32"#, &[]),
            "x != <span class=\"hljs-string\">&quot;a\\&quot;b&quot;</span> + \
             <span class=\"hljs-number\">1_u32</span>"
        );
        assert_eq!(
            paint("assert!(UNLOCKED, u32, AtomicU32)", &[]),
            "<span class=\"hljs-built_in\">assert</span>!(UNLOCKED, u32, <span class=\"hljs-type\">AtomicU32</span>)"
        );
    }

    #[test]
    fn a_button_stands_in_the_place_of_its_word_once() {
        assert_eq!(
            paint("a(Acquire, Acquire)", &[("Acquire", "<b>".into())]),
            "a(<b>, <span class=\"hljs-type\">Acquire</span>)"
        );
    }
}
