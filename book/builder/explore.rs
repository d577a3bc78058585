//! A program to step through: the graphs of a scenario, and the source that it runs, as a figure.
//!
//! `cargo explore` has played the program through in every order and written
//! `generated/explore/NAME.VARIANT.json`, a file for each choice of orderings; its format is told in
//! `explorer/src/graph.rs`. The page's script (`theme/explorer.js`) finds in the figure the source, a row a
//! line, and the graphs. A reader without scripts finds the shortest way to break it as a table.
//!
//! An exercise is the same figure with a [`Task`].

mod graph;
mod paint;
mod plain;
mod task;

use std::fmt::Write;

use serde_json::{Value, json};

use self::graph::Graph;
use self::paint::paint;
use self::plain::asleep;
pub use self::task::Task;
use super::{escape, source};

/// What is done in a place, as a number: `KINDS * place + kind`.
const KINDS: usize = 3;

/// A line of source in the figure.
struct Row {
    file: usize,
    number: usize,
    text: String,
    /// It begins a part.
    first: bool,
}

/// Gives a file: from the folder of the book if it is told so, otherwise from the repository.
pub type Read<'a> = dyn FnMut(&str, bool) -> Result<String, String> + 'a;

fn graph(name: &str, variant: usize, read: &mut Read) -> Result<Graph, String> {
    let path = format!("generated/explore/{name}.{variant}.json");
    let text =
        read(&path, true).map_err(|error| format!("{error}; `cargo explore {name}` writes it"))?;
    serde_json::from_str(&text).map_err(|error| format!("`{path}`: {error}"))
}

/// The shortest way to break scenario `name`, as a table.
///
/// # Errors
///
/// It cannot be broken, or its graph is missing.
pub fn shortest(name: &str, read: &mut Read) -> Result<String, String> {
    let graph = graph(name, 0, read)?;
    let way = graph
        .shortest_failure()
        .ok_or(format!("`{name}` cannot be broken: it has no red state"))?;
    let table = plain::table(&graph, &way).replace("</table>", "</table></div>");
    Ok(format!(
        "\n<figure class=\"model counterexample\">\n\
         <figcaption><span>the shortest way, found by the explorer</span> \
         <code>cargo explore {}</code></figcaption>\n\
         <div class=\"table-wrapper\">{table}\n</figure>\n\n",
        escape(name),
    ))
}

/// The figure of scenario `name`, under the sentence that says what to do; with a task it is an exercise.
///
/// # Errors
///
/// What is missing or does not fit.
pub fn figure(
    name: &str,
    goal: &str,
    task: Option<Task>,
    read: &mut Read,
) -> Result<String, String> {
    let first = graph(name, 0, read)?;
    let mut variants = vec![first];
    for variant in 1..1_usize << variants[0].toggles.len() {
        variants.push(graph(name, variant, read)?);
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
        "asleep": first.asleep,
        "weak": first.weak,
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
    let (kind, attributes, heading, plain) = match task {
        None => ("explore", String::new(), String::new(), plain::plain(&variants, &toggles, &rows)),
        Some(task) => {
            let lines = Vec::from_iter(toggles.iter().map(|(row, _)| rows[*row].number));
            let answer = task.answer(name, &variants, &lines)?;
            let attributes = format!(
                " data-task=\"{}\" data-start=\"{}\" data-right=\"{}\"",
                task.name(),
                answer.start,
                Vec::from_iter(answer.right.iter().map(usize::to_string)).join(" "),
            );
            let heading = format!("<span class=\"explorer-task\">{}.</span>\n", task.title());
            let plain = format!("<details><summary>The answer</summary>{}</details>", answer.html);
            ("exercise", attributes, heading, plain)
        }
    };
    let data = data.to_string().replace("</", "<\\/");
    let memory = if first.weak {
        "A load may see an older value where the orderings permit it"
    } else {
        "Every load sees the newest value"
    };
    Ok(format!(
        "\n<figure class=\"explorer\" id=\"{kind}-{id}\"{attributes}>\n\
         <figcaption class=\"explorer-goal\">{heading}<strong>{goal}</strong></figcaption>\n\
         <div class=\"explorer-bar\" role=\"toolbar\" aria-label=\"Steps\"></div>\n{orders}\
         <div class=\"explorer-map\"></div>\n\
         <div class=\"explorer-verdict\"></div>\n\
         <div class=\"explorer-body\">\n\
         <div class=\"explorer-code\" tabindex=\"0\" role=\"region\" aria-label=\"The source\">\n{code}</div>\n\
         <div class=\"explorer-side\"></div>\n</div>\n\
         <div class=\"explorer-foot\" hidden></div>\n\
         <noscript>{plain}</noscript>\n\
         <details class=\"explorer-about\"><summary>What this is, and what it leaves out</summary>\n\
         <p>The code above was compiled and run, one atomic operation at a time, in every order there is: \
         {states} states, {ways} interleavings (<code>cargo explore {id}</code>). {asleep}{memory}. \
         Keys, once you have clicked into the figure: A and B step, with Shift for an older value; U undoes, R \
         goes back to the start, M shows a way to break it and pauses, F sets its speed, P asks for the proof; \
         the arrows look around on the map, and Enter goes there. It is a model to teach with. No load sees what is stored later, stores to one \
         word take effect in the order in which they are made, a compare-exchange never fails for no reason, \
         and nobody looks a second time before going to sleep. What ships is judged by loom and by tests.</p>\n\
         </details>\n\
         <script type=\"application/json\">{data}</script>\n</figure>\n\n",
        id = escape(name),
        goal = escape(goal),
        orders = orders(&rows, &toggles),
        code = code(&rows, &files, &toggles),
        states = first.nodes.len(),
        ways = escape(&first.interleavings),
        asleep = asleep(first),
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
    let mut labels = Vec::new();
    let nodes = graph.nodes.iter().map(|node| {
        let edges = node.edges().iter().map(|&edge| {
            let (thread, _, word, to) = edge.parts();
            let label = entry(&mut labels, graph.label(edge));
            if edge.is_stale() {
                json!([thread, label, word, to, 1])
            } else {
                json!([thread, label, word, to])
            }
        });
        let edges = edges.collect::<Value>();
        let stands = node.stands().iter().map(stand);
        let mut node_entry = vec![json!(node.values()), stands.collect::<Value>(), edges];
        node_entry.extend(node.verdict().map(|verdict| json!(verdict)));
        Value::from(node_entry)
    });
    let nodes = nodes.collect::<Value>();
    Ok(json!({
        "ways": graph.interleavings,
        "labels": labels,
        "verdicts": graph.verdicts,
        "nodes": nodes,
    }))
}

/// The number of an entry in a table, to which it is added if it is new.
fn entry(table: &mut Vec<String>, new: String) -> usize {
    table.iter().position(|old| *old == new).unwrap_or_else(|| {
        table.push(new);
        table.len() - 1
    })
}

/// An ordering to be changed. Without a script it is text.
fn toggle(number: usize, order: &str) -> String {
    format!(
        "<button type=\"button\" class=\"explorer-toggle\" data-i=\"{number}\" disabled>{order}</button>"
    )
}

/// All orderings to be changed, side by side: those in the source may be out of sight.
fn orders(rows: &[Row], toggles: &[(usize, &str)]) -> String {
    let order = |(number, (row, order)): (usize, &(usize, &str))| {
        format!("<span>line {} {}</span>", rows[*row].number, toggle(number, order))
    };
    let orders: String = toggles.iter().enumerate().map(order).collect();
    match toggles {
        [] => String::new(),
        _ => format!(
            "<div class=\"explorer-orders\" role=\"group\" aria-label=\"Orderings\">{orders}</div>\n"
        ),
    }
}

/// The rows of source: room for the threads' marks, the number, the text.
fn code(rows: &[Row], files: &[String], toggles: &[(usize, &str)]) -> String {
    let mut html = String::new();
    let mut noise = Noise::default();
    for (i, row) in rows.iter().enumerate() {
        if row.first && i > 0 && rows[i - 1].file == row.file {
            html.push_str("<div class=\"explorer-path\">⋯</div>\n");
        } else if row.first {
            let _ =
                writeln!(html, "<div class=\"explorer-path\">{}</div>", escape(&files[row.file]));
        }
        let buttons = toggles.iter().enumerate().filter(|(_, (at, _))| *at == i);
        let buttons = buttons.map(|(number, (_, order))| (*order, toggle(number, order)));
        let line = paint(&row.text, &Vec::from_iter(buttons));
        let indentation = row.text.len() - row.text.trim_start_matches(' ').len();
        let first = if row.first { " data-first=\"1\"" } else { "" };
        let class = if noise.is_noise(&row.text) { " explorer-noise" } else { "" };
        let number = row.number;
        let _ = writeln!(
            html,
            "<div class=\"explorer-row{class}\"{first}><span></span><i>{number}</i>\
             <span style=\"--in:{indentation}\">{line}</span></div>",
        );
    }
    html
}

/// Attributes say nothing of what a thread does: the page leaves them out.
#[derive(Default)]
struct Noise {
    /// Inside of one that goes on over several lines.
    open: bool,
}

impl Noise {
    fn is_noise(&mut self, line: &str) -> bool {
        let line = line.trim();
        let is_noise = self.open || line.starts_with("#[");
        self.open = is_noise && !line.ends_with(']');
        is_noise
    }
}
