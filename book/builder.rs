//! The program that builds the book: turns `book/src` into a site.
//!
//! ```text
//! src/*.md ──▶ chapter ──▶ mdBook ──▶ links ──▶ site ──▶ a folder         book build
//!                 ▲                                └──▶ live, serve       book
//!   source, model, counterexample, figure, explore
//! ```
//!
//! A chapter holds no Rust and no measured number of its own. It names them, and [`chapter`] puts them in:
//!
//! | line in a chapter                | becomes                                                         |
//! | -------------------------------- | --------------------------------------------------------------- |
//! | `{{#source path:anchor}}`        | those lines of that file, under their path and line numbers     |
//! | `{{#model group}}`               | what the model checker did, from `generated/model.json`         |
//! | `{{#counterexample group/name}}` | an execution that fails, from the same file                     |
//! | `{{#figure name: caption}}`      | `figures/name.svg`, in the colours of the page                  |
//! | `{{#explore name: what to do}}`  | a program to step through, from `generated/explore/name.0.json` |

pub mod chapter;
pub mod counterexample;
pub mod explore;
mod fault;
pub mod links;
pub mod live;
pub mod model;
pub mod serve;
pub mod site;
pub mod source;
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
