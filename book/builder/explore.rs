//! A program to step through: the graphs of a scenario, and the source that it runs, as a figure.
//!
//! `cargo explore` has played the program through in every order and written
//! `generated/explore/NAME.VARIANT.json`, a file for each choice of orderings; its format is told
//! in `explorer/src/graph.rs`. The page's script (`theme/explorer.js`) finds in the figure the
//! source, a row a line, and the graphs. A reader without scripts finds the shortest way to break
//! it as a table.
//!
//! An exercise is the same figure with a [`Task`].

mod fold;
mod graph;
mod paint;
mod plain;
mod task;

use std::fmt::Write;

use serde_json::{Value, json};

use self::fold::Folded;
use self::graph::{Graph, KINDS};
use self::paint::paint;
use self::plain::asleep;
pub use self::task::Task;
use super::{escape, source};

/// A line of source in the figure.
struct Row {
    file: usize,
    part: usize,
    number: usize,
    text: String,
    /// It begins a part.
    first: bool,
    /// It belongs to something finished: hidden while the calls are single steps.
    deep: bool,
}

/// Gives a file: from the folder of the book if it is told so, otherwise from the repository.
pub type Read<'a> = dyn FnMut(&str, bool) -> Result<String, String> + 'a;

fn graph(name: &str, variant: usize, read: &mut Read) -> Result<Graph, String> {
    let path = format!("generated/explore/{name}.{variant}.json");
    let text =
        read(&path, true).map_err(|error| format!("{error}; `cargo explore {name}` writes it"))?;
    let graph =
        serde_json::from_str::<Graph>(&text).map_err(|error| format!("`{path}`: {error}"))?;
    Ok(graph.with_whole_labels())
}

/// The graph as the page first shows it: with whole calls as steps, if it has some.
fn shown(name: &str, graph: &Graph) -> Result<Graph, String> {
    let folded = graph.folded().map_err(|error| format!("`{name}`: {error}"))?;
    Ok(folded.map_or_else(|| graph.clone(), |folded| folded.graph))
}

/// The shortest way to break scenario `name`, as a table.
///
/// # Errors
///
/// It cannot be broken, or its graph is missing.
pub fn shortest(name: &str, read: &mut Read) -> Result<String, String> {
    let graph = shown(name, &graph(name, 0, read)?)?;
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

/// The figure of scenario `name`, under the sentence that says what to do; with a task it is an
/// exercise.
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
    let folded = variants.iter().map(Graph::folded).collect::<Result<Vec<_>, _>>();
    let folded = folded.map_err(|error| format!("`{name}`: {error}"))?;
    let mut files: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    // Where each part begins.
    let mut starts = vec![0; first.parts.len() + 1];
    for part in first.in_order() {
        let (path, anchor) = &first.parts[part];
        let text = read(path, false)?;
        let excerpt = source::excerpt(&text, Some(anchor)).map_err(|e| format!("`{path}`: {e}"))?;
        let file = files.iter().position(|file| file == path).unwrap_or_else(|| {
            files.push(path.clone());
            files.len() - 1
        });
        starts[part] = rows.len();
        let deep = first.folds.get(part).is_some_and(Option::is_some);
        for (i, (number, text)) in excerpt.rows().enumerate() {
            let text = text.to_owned();
            rows.push(Row { file, part, number, text, first: i == 0, deep });
        }
    }
    let find = |part: usize, row: usize| {
        let start = starts.get(part).copied().unwrap_or(rows.len());
        match rows.get(start + row) {
            Some(found) if found.part == part => Ok(start + row),
            _ => Err(format!(
                "`{name}` has other source than when it was explored; run `cargo explore {name}`"
            )),
        }
    };
    let inside =
        first.inside.iter().map(|&(part, from, to)| Ok([find(part, from)?, find(part, to)?]));
    let inside = inside.collect::<Result<Vec<_>, String>>()?;
    let words = first.words.iter().enumerate().map(|(i, (name, shape))| {
        match first.named.get(&i.to_string()) {
            Some(names) => json!([name, shape, names]),
            None => json!([name, shape]),
        }
    });
    let data = json!({
        "threads": first.threads,
        "words": words.collect::<Value>(),
        "inside": inside,
        "asleep": first.asleep,
        "weak": first.weak,
        "toggles": first.toggles.iter().map(|(_, _, from, to)| [from, to]).collect::<Vec<_>>(),
        "variants": variants
            .iter()
            .zip(&folded)
            .map(|(graph, folded)| page_graph(graph, folded.as_ref(), &find))
            .collect::<Result<Vec<_>, _>>()?,
    });
    let toggles = first
        .toggles
        .iter()
        .map(|(part, row, from, _)| Ok((find(*part, *row)?, from.as_str())))
        .collect::<Result<Vec<_>, String>>()?;
    let brief = variants.iter().zip(&folded).map(|(graph, folded)| match folded {
        Some(folded) => folded.graph.clone(),
        None => graph.clone(),
    });
    let brief = Vec::from_iter(brief);
    let (kind, attributes, heading, plain) = match task {
        None => ("explore", String::new(), String::new(), plain::plain(&brief, &toggles, &rows)),
        Some(task) => {
            let lines = Vec::from_iter(toggles.iter().map(|(row, _)| rows[*row].number));
            let answer = task.answer(name, &brief, &lines)?;
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
    let level = level(task, &brief);
    let data = data.to_string().replace("</", "<\\/");
    let memory = if first.weak {
        "A load may see an older value where the orderings permit it"
    } else {
        "Every load sees the newest value"
    };
    Ok(format!(
        "\n<figure class=\"explorer\" id=\"{kind}-{id}\"{level}{attributes}>\n\
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
         {states} states, {ways} interleavings (<code>cargo explore {id}</code>). {folds}{asleep}{memory}. \
         Keys, once you have clicked into the figure: A and B step, with Shift for an older value; U undoes, R \
         goes back to the start, M shows a way to break it and pauses, F sets its speed, P asks for the proof, H unfolds the history on a narrow page; \
         the arrows look around on the map, and Enter goes there. It is a model to teach with. No load sees what is stored later, stores to one \
         word take effect in the order in which they are made, a compare-exchange never fails spuriously, \
         and no thread looks a second time before it goes to sleep. What ships is judged by loom and by tests.</p>\n\
         </details>\n\
         <script type=\"application/json\">{data}</script>\n</figure>\n\n",
        id = escape(name),
        goal = escape(goal),
        orders = orders(&rows, &toggles),
        code = code(&rows, &files, &toggles),
        states = first.nodes.len(),
        ways = escape(&first.interleavings),
        asleep = asleep(first),
        folds = match &folded[0] {
            Some(folded) => format!(
                "Calls of what an earlier chapter has built are one step on the map, which so has {} states; \
                 “Look inside” (L) shows each of their operations. ",
                folded.graph.nodes.len()
            ),
            None => String::new(),
        },
    ))
}

/// What the figure is as a level: what there is to do, and in how many steps it can be broken.
fn level(task: Option<Task>, variants: &[Graph]) -> String {
    let way = variants.iter().find_map(Graph::shortest_failure);
    let task = match task {
        Some(task) => task,
        None if variants[0].is_broken() => Task::Break,
        None => Task::Prove,
    };
    match way {
        Some(way) if task == Task::Break => {
            format!(" data-level=\"{}\" data-par=\"{}\"", task.name(), way.len())
        }
        _ => format!(" data-level=\"{}\"", task.name()),
    }
}

/// A graph as the page wants it: where threads stand as rows of the figure.
fn page_graph(
    graph: &Graph,
    folded: Option<&Folded>,
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
            match edge.mark() {
                Some(mark) => json!([thread, label, word, to, mark]),
                None => json!([thread, label, word, to]),
            }
        });
        let edges = edges.collect::<Value>();
        let stands = node.stands().iter().map(stand);
        let mut node_entry = vec![json!(node.values()), stands.collect::<Value>(), edges];
        node_entry.extend(node.verdict().map(|verdict| json!(verdict)));
        Value::from(node_entry)
    });
    let nodes = nodes.collect::<Value>();
    let calls = graph.calls.iter().map(|calls| {
        calls.iter().map(|&(part, row)| find(part, row)).collect::<Result<Vec<_>, _>>()
    });
    let stacks = Vec::from_iter(graph.stacks.chunks(graph.threads));
    let mut page = json!({
        "ways": graph.interleavings,
        "labels": graph.labels,
        "verdicts": graph.verdicts,
        "nodes": nodes,
        "calls": calls.collect::<Result<Vec<_>, _>>()?,
        "stacks": stacks,
    });
    if let Some(folded) = folded {
        page["folded"] = page_graph(&folded.graph, None, find)?;
        page["folded"]["full"] = json!(folded.full);
        page["folded"]["hidden"] = json!(folded.hidden);
    }
    Ok(page)
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
        let deep = if row.deep { " explorer-deep" } else { "" };
        if row.first && i > 0 && rows[i - 1].file == row.file {
            let _ = writeln!(html, "<div class=\"explorer-path{deep}\">⋯</div>");
        } else if row.first {
            let _ = writeln!(
                html,
                "<div class=\"explorer-path{deep}\">{}</div>",
                escape(&files[row.file])
            );
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
            "<div class=\"explorer-row{class}{deep}\"{first}><span></span><i>{number}</i>\
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
