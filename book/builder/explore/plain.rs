//! The figure for a reader without scripts: tables.

use std::fmt::Write;

use super::Row;
use super::graph::{Edge, Graph};
use crate::builder::escape;

/// What a reader without scripts sees: the shortest way to something wrong, as a table.
pub(super) fn plain(variants: &[Graph], toggles: &[(usize, &str)], rows: &[Row]) -> String {
    let first = &variants[0];
    if let Some(way) = first.shortest_failure() {
        return format!("<p>The shortest way to break it:</p>{}", table(first, &way));
    }
    let mut html = format!(
        "<p>{}Every order was tried: {} states, {} interleavings, and nothing goes wrong.</p>",
        asleep(first),
        first.nodes.len(),
        escape(&first.interleavings),
    );
    for (i, (_, _, from, to)) in first.toggles.iter().enumerate() {
        let variant = &variants[1 << i];
        let line = rows[toggles[i].0].number;
        if let Some(way) = variant.shortest_failure() {
            let _ = write!(html, "<p>With {to} for {from} in line {line} it breaks:</p>");
            html.push_str(&table(variant, &way));
        }
    }
    html
}

/// The sleepers before the first step.
pub(super) fn asleep(graph: &Graph) -> String {
    let names =
        graph.asleep.iter().map(|&(thread, _)| format!("{} sleeps already. ", name(thread)));
    names.collect()
}

pub(super) fn table(graph: &Graph, way: &[(usize, Edge)]) -> String {
    let mut html = asleep(graph) + "<div class=\"table-wrapper\"><table><thead><tr><th>step</th>";
    for thread in 0..graph.threads {
        let _ = write!(html, "<th>thread {}</th>", name(thread));
    }
    for (word, _) in &graph.words {
        let _ = write!(html, "<th>{}</th>", escape(word));
    }
    html.push_str("</tr></thead><tbody>");
    for (i, (_, edge)) in way.iter().enumerate() {
        let (thread, .., to) = edge.parts();
        let _ = write!(html, "<tr><td>{}</td>", i + 1);
        for other in 0..graph.threads {
            let stale = if edge.is_stale() { " (old)" } else { "" };
            if other == thread {
                let text = escape(&format!("{}{stale}", graph.label(*edge)));
                let name = name(thread);
                let _ = write!(
                    html,
                    "<td><span class=\"explorer-event explorer-{name}\">{text}</span></td>"
                );
            } else {
                html.push_str("<td></td>");
            }
        }
        for (value, (_, shape)) in graph.nodes[to].values().iter().zip(&graph.words) {
            let text = match (value, &**shape) {
                (None, _) => "·".into(),
                (Some(value), "flag") => (*value != 0).to_string(),
                (Some(value), _) => value.to_string(),
            };
            let _ = write!(html, "<td>{text}</td>");
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
    let end = way.last().map_or(0, |(_, edge)| edge.parts().3);
    if let Some(verdict) = graph.nodes[end].verdict() {
        let (title, what) = &graph.verdicts[verdict];
        let _ = write!(html, "<p><strong>{}</strong>: {}.</p>", escape(title), escape(what));
    }
    html
}

/// A, B, C …
fn name(thread: usize) -> char {
    u8::try_from(thread).map_or('?', |thread| char::from(b'A' + thread))
}
