//! The program that builds the book: turns `book/src` into a site.
//!
//! ```text
//! src/*.md ──▶ chapter ──▶ mdBook ──▶ links ──▶ site ──▶ a folder         book build
//!                 ▲                                └──▶ live, serve       book
//!   directive: source, model, orderings, explore …
//! ```
//!
//! A chapter holds no Rust and no measured number of its own. It names them by a directive, and [`chapter`]
//! puts them in; the table of all directives stands in [`directive`], and [`predict`] is the one of several
//! lines.

pub mod chapter;
pub mod counterexample;
pub mod directive;
pub mod explore;
mod fault;
pub mod links;
pub mod live;
pub mod model;
pub mod orderings;
pub mod predict;
pub mod serve;
pub mod site;
pub mod source;
pub mod timeline;
mod warnings;
pub mod watch;

pub use self::fault::{Fault, Faults};

/// Text as HTML shows it: the five characters that mean something there, spelt out.
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
