//! What is made of the results: a document and a drawing for each group.

use crate::bench::Named;
use crate::results::{GROUPS, Results};
use crate::{plot, table};

/// The files that are made of the results, by name.
#[must_use]
pub fn drawn(results: &Results, benches: &[Named]) -> Vec<(String, String)> {
    let mut files = vec![("results.md".to_owned(), table::markdown(results, benches))];
    for (group, title) in GROUPS {
        let rows = Vec::from_iter(results.rows(benches, group));
        // Of other work beside a row, what it changes is what one wants to see.
        let svg = match group {
            "busy" => plot::sides::svg(&rows, title).or_else(|| plot::svg(&rows, title)),
            _ => plot::svg(&rows, title),
        };
        if let Some(svg) = svg {
            files.push((format!("{group}.svg"), svg));
        }
    }
    files
}
