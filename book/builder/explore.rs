//! A program to step through: the graphs of a scenario, and the source that it runs, as a figure.
//!
//! `cargo explore` has played the program through in every order and written
//! `generated/explore/NAME.VARIANT.json`, a file for each choice of orderings; its format is told in
//! `explorer/src/graph.rs`. The page's script (`theme/explorer.js`) finds in the figure the source, a row a
//! line, and the graphs. A reader without scripts finds the shortest way to break it as a table.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{escape, source};

/// What is done in a place, as a number: `KINDS * place + kind`.
const KINDS: usize = 3;

/// A graph as `cargo explore` writes it.
#[derive(Deserialize)]
struct Graph {
    weak: bool,
    threads: usize,
    /// File and anchor.
    parts: Vec<(String, String)>,
    /// Part, row, the ordering there and the other one.
    toggles: Vec<(usize, usize, String, String)>,
    interleavings: String,
    words: Vec<(String, String)>,
    /// Part and row.
    places: Vec<(usize, usize)>,
    labels: Vec<String>,
    verdicts: Vec<(String, String)>,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    Sound(Vec<Option<u64>>, Vec<i64>, Vec<Edge>),
    Broken(Vec<Option<u64>>, Vec<i64>, Vec<Edge>, usize),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Edge {
    Fresh(usize, usize, i64, usize),
    Stale(usize, usize, i64, usize, u8),
}

impl Edge {
    /// Thread, label, word, state.
    fn parts(self) -> (usize, usize, i64, usize) {
        match self {
            Self::Fresh(thread, label, word, to) | Self::Stale(thread, label, word, to, _) => {
                (thread, label, word, to)
            }
        }
    }

    fn is_stale(self) -> bool {
        matches!(self, Self::Stale(.., 1))
    }
}

impl Node {
    fn values(&self) -> &[Option<u64>] {
        match self {
            Self::Sound(values, ..) | Self::Broken(values, ..) => values,
        }
    }

    fn stands(&self) -> &[i64] {
        match self {
            Self::Sound(_, stands, _) | Self::Broken(_, stands, ..) => stands,
        }
    }

    fn edges(&self) -> &[Edge] {
        match self {
            Self::Sound(_, _, edges) | Self::Broken(_, _, edges, _) => edges,
        }
    }

    fn verdict(&self) -> Option<usize> {
        match self {
            Self::Sound(..) => None,
            Self::Broken(.., verdict) => Some(*verdict),
        }
    }
}

/// A line of source in the figure.
struct Row {
    file: usize,
    number: usize,
    text: String,
    /// It begins a part.
    first: bool,
}

/// The figure of scenario `name`, under the sentence that says what to do. `read` gives a file: from the
/// folder of the book if it is told so, otherwise from the repository.
///
/// # Errors
///
/// What is missing or does not fit.
pub fn figure(
    name: &str,
    goal: &str,
    read: &mut dyn FnMut(&str, bool) -> Result<String, String>,
) -> Result<String, String> {
    let mut graph = |variant: usize| {
        let path = format!("generated/explore/{name}.{variant}.json");
        let text = read(&path, true)
            .map_err(|error| format!("{error}; `cargo explore {name}` writes it"))?;
        serde_json::from_str::<Graph>(&text).map_err(|error| format!("`{path}`: {error}"))
    };
    let first = graph(0)?;
    let mut variants = vec![first];
    for variant in 1..1_usize << variants[0].toggles.len() {
        variants.push(graph(variant)?);
    }
    let first = &variants[0];
    let mut files: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for (path, anchor) in &first.parts {
        let text = read(path, false)?;
        let part = source::excerpt(&text, Some(anchor)).map_err(|e| format!("`{path}`: {e}"))?;
        let file = files.iter().position(|file| file == path).unwrap_or_else(|| {
            files.push(path.clone());
            files.len() - 1
        });
        for (i, (number, text)) in part.rows().enumerate() {
            rows.push(Row { file, number, text: text.to_owned(), first: i == 0 });
        }
    }
    let find = |part: usize, row: usize| {
        let starts = rows.iter().enumerate().filter(|(_, row)| row.first).map(|(i, _)| i);
        let starts = Vec::from_iter(starts.chain([rows.len()]));
        match starts.get(part..part + 2) {
            Some(&[start, end]) if start + row < end => Ok(start + row),
            _ => Err(format!(
                "`{name}` has other source than when it was explored; run `cargo explore {name}`"
            )),
        }
    };
    let data = json!({
        "threads": first.threads,
        "words": first.words,
        "toggles": first.toggles.iter().map(|(_, _, from, to)| [from, to]).collect::<Vec<_>>(),
        "variants": variants
            .iter()
            .map(|graph| page_graph(graph, &find))
            .collect::<Result<Vec<_>, _>>()?,
    });
    let toggles = first
        .toggles
        .iter()
        .map(|(part, row, from, _)| Ok((find(*part, *row)?, from.as_str())))
        .collect::<Result<Vec<_>, String>>()?;
    let data = data.to_string().replace("</", "<\\/");
    let memory = if first.weak {
        "A load may see an older value where the orderings permit it"
    } else {
        "Every load sees the newest value"
    };
    Ok(format!(
        "\n<figure class=\"explorer\" id=\"explore-{id}\">\n\
         <figcaption class=\"explorer-goal\"><strong>{goal}</strong></figcaption>\n\
         <div class=\"explorer-bar\" role=\"toolbar\" aria-label=\"Steps\"></div>\n\
         <div class=\"explorer-body\">\n\
         <div class=\"explorer-code\" tabindex=\"0\" role=\"region\" aria-label=\"The source\">\n{code}</div>\n\
         <div class=\"explorer-side\"></div>\n</div>\n\
         <div class=\"explorer-verdict\"></div>\n\
         <div class=\"explorer-map\"></div>\n\
         <div class=\"explorer-foot\" hidden></div>\n\
         <noscript>{plain}</noscript>\n\
         <details class=\"explorer-about\"><summary>What this is, and what it leaves out</summary>\n\
         <p>The code above was compiled and run, one atomic operation at a time, in every order there is: \
         {states} states, {ways} interleavings (<code>cargo explore {id}</code>). {memory}. \
         Keys: A and B step, with Shift for an older value; U undoes, R starts anew, M shows the shortest way, \
         P asks for the proof. It is a model to teach with. No load sees what is stored later, stores to one \
         word take effect in the order in which they are made, a compare-exchange never fails for no reason, \
         and nobody looks a second time before going to sleep. What ships is judged by loom and by tests.</p>\n\
         </details>\n\
         <script type=\"application/json\">{data}</script>\n</figure>\n\n",
        id = escape(name),
        goal = escape(goal),
        code = code(&rows, &files, &toggles),
        plain = plain(&variants, &toggles, &rows),
        states = first.nodes.len(),
        ways = escape(&first.interleavings),
    ))
}

/// A graph as the page wants it: where threads stand as rows of the figure.
fn page_graph(
    graph: &Graph,
    find: &dyn Fn(usize, usize) -> Result<usize, String>,
) -> Result<Value, String> {
    let places = graph.places.iter().map(|&(part, row)| find(part, row));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let stand = |stand: &i64| match usize::try_from(*stand) {
        Ok(stand) => json!(KINDS * places[stand / KINDS] + stand % KINDS),
        Err(_) => json!(-1),
    };
    let nodes = graph.nodes.iter().map(|node| {
        let edges = node.edges().iter().map(|edge| {
            let (thread, label, word, to) = edge.parts();
            if edge.is_stale() {
                json!([thread, label, word, to, 1])
            } else {
                json!([thread, label, word, to])
            }
        });
        let stands = node.stands().iter().map(stand);
        let mut entry =
            vec![json!(node.values()), stands.collect::<Value>(), edges.collect::<Value>()];
        entry.extend(node.verdict().map(|verdict| json!(verdict)));
        Value::from(entry)
    });
    Ok(json!({
        "ways": graph.interleavings,
        "labels": graph.labels,
        "verdicts": graph.verdicts,
        "nodes": nodes.collect::<Value>(),
    }))
}

/// The rows of source: room for the threads' marks, the number, the text.
fn code(rows: &[Row], files: &[String], toggles: &[(usize, &str)]) -> String {
    let mut html = String::new();
    for (i, row) in rows.iter().enumerate() {
        if row.first && i > 0 && rows[i - 1].file == row.file {
            html.push_str("<div class=\"explorer-path\">⋯</div>\n");
        } else if row.first {
            let _ =
                writeln!(html, "<div class=\"explorer-path\">{}</div>", escape(&files[row.file]));
        }
        let (code, comment) = match row.text.find("//") {
            Some(at) => row.text.split_at(at),
            None => (&*row.text, ""),
        };
        let mut line = escape(code);
        for (_, order) in toggles.iter().filter(|(at, _)| *at == i) {
            // Without a script it is text.
            let button = format!(
                "<button type=\"button\" class=\"explorer-toggle\" disabled>{order}</button>"
            );
            line = line.replacen(order, &button, 1);
        }
        if !comment.is_empty() {
            let _ = write!(line, "<span class=\"explorer-note\">{}</span>", escape(comment));
        }
        let number = row.number;
        let _ = writeln!(
            html,
            "<div class=\"explorer-row\"><span></span><i>{number}</i><span>{line}</span></div>",
        );
    }
    html
}

/// What a reader without scripts sees: the shortest way to something wrong, as a table.
fn plain(variants: &[Graph], toggles: &[(usize, &str)], rows: &[Row]) -> String {
    let first = &variants[0];
    if let Some(way) = shortest_failure(first) {
        return table(first, &way);
    }
    let mut html = format!(
        "<p>Every order was tried: {} states, {} interleavings, and nothing goes wrong.</p>",
        first.nodes.len(),
        escape(&first.interleavings),
    );
    for (i, (_, _, from, to)) in first.toggles.iter().enumerate() {
        let variant = &variants[1 << i];
        let line = rows[toggles[i].0].number;
        if let Some(way) = shortest_failure(variant) {
            let _ = write!(html, "<p>With {to} for {from} in line {line} it breaks:</p>");
            html.push_str(&table(variant, &way));
        }
    }
    html
}

/// The first of the shortest ways to something wrong, as state and step.
fn shortest_failure(graph: &Graph) -> Option<Vec<(usize, Edge)>> {
    let mut came_from = vec![None; graph.nodes.len()];
    let mut open = std::collections::VecDeque::from([0]);
    while let Some(state) = open.pop_front() {
        if graph.nodes[state].verdict().is_some() {
            let mut way = Vec::new();
            let mut here = state;
            while let Some((from, edge)) = came_from[here] {
                way.push((from, edge));
                here = from;
            }
            way.reverse();
            return Some(way);
        }
        for &edge in graph.nodes[state].edges() {
            let (.., to) = edge.parts();
            if to != 0 && came_from[to].is_none() {
                came_from[to] = Some((state, edge));
                open.push_back(to);
            }
        }
    }
    None
}

fn table(graph: &Graph, way: &[(usize, Edge)]) -> String {
    let mut html = "<table><thead><tr><th>step</th>".to_owned();
    for thread in 0..graph.threads {
        let _ = write!(html, "<th>thread {}</th>", name(thread));
    }
    for (word, _) in &graph.words {
        let _ = write!(html, "<th>{}</th>", escape(word));
    }
    html.push_str("</tr></thead><tbody>");
    for (i, (_, edge)) in way.iter().enumerate() {
        let (thread, label, word, to) = edge.parts();
        let _ = write!(html, "<tr><td>{}</td>", i + 1);
        for other in 0..graph.threads {
            let word = usize::try_from(word).ok().and_then(|word| graph.words.get(word));
            let word = word.map_or(String::new(), |(word, _)| format!("{word}."));
            let stale = if edge.is_stale() { " (old)" } else { "" };
            let text = if other == thread {
                format!("{word}{}{stale}", graph.labels[label])
            } else {
                String::new()
            };
            let _ = write!(html, "<td>{}</td>", escape(&text));
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
    html.push_str("</tbody></table>");
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
