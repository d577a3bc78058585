//! What the tools write and the book reads: the types of the files in `book/generated`.
//!
//! | module        | file             | written by                | shown by                            |
//! | ------------- | ---------------- | ------------------------- | ----------------------------------- |
//! | [`model`]     | `model.json`     | `cargo model --book`      | `{{#model …}}`, `{{#counterexample …}}` |
//! | [`orderings`] | `orderings.json` | `cargo orderings --book`  | `{{#orderings …}}`                  |
//! | [`place`]     |                  | both, and `cargo explore` | the names of files and lines in all |
//!
//! The measurements of `cargo results` are read by the tool that wrote them, and the book takes the
//! Markdown and the drawings that it makes of them.

#[cfg(test)]
use watchdog as _;

pub mod model;
pub mod orderings;
pub mod place;
