//! The program that builds the book: turns `book/src` into a site.
//!
//! ```text
//! src/*.md ──▶ chapter ──▶ mdBook ──▶ links ──▶ site ──▶ a folder         book build
//!                 ▲                                └──▶ live, serve       book
//!   directive: source, model, orderings, explore …
//! ```
//!
//! A chapter holds no Rust and no measured number of its own. It names them by a directive, and
//! [`chapter`] puts them in; [`directive`] has the table of all directives, and [`predict`] is the
//! only one of several lines.

pub mod bench;
pub mod bugs;
pub mod chapter;
pub mod counterexample;
pub mod directive;
mod editor;
pub mod exercises;
pub mod explore;
mod fault;
mod levels;
pub mod links;
pub mod live;
pub mod model;
pub mod orderings;
mod percent;
pub mod places;
pub mod predict;
mod scripts;
pub mod serve;
pub mod site;
pub mod source;
pub mod speed;
pub mod timeline;
mod warnings;
pub mod watch;

pub use self::fault::{Fault, Faults};

/// Text as HTML: the five special characters are spelt out.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

/// A sentence as HTML, in one line: what stands between backticks is code.
fn prose(text: &str) -> String {
    let text = Vec::from_iter(text.split_whitespace()).join(" ");
    let parts = Vec::from_iter(text.split('`'));
    let mut html = String::new();
    for (i, part) in parts.iter().enumerate() {
        // The last of an even number of parts has a backtick before it that nothing closes.
        match (i % 2 == 1, i + 1 == parts.len()) {
            (true, false) => html.push_str(&format!("<code>{}</code>", escape(part))),
            (true, true) => html.push_str(&format!("`{}", escape(part))),
            (false, _) => html.push_str(&escape(part)),
        }
    }
    html
}

/// 1234567 as `1 234 567`, with narrow spaces that do not break.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{grouped, prose};

    #[test]
    fn a_sentence_keeps_its_code_and_loses_its_lines() {
        assert_eq!(prose("reads\n `a<b>` twice"), "reads <code>a&lt;b&gt;</code> twice");
        assert_eq!(prose("a `b` and ` c"), "a <code>b</code> and ` c");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567).replace('\u{202f}', " "), "1 234 567");
    }
}
