//! The directives of one line each. A directive stands alone on its line, from the first column.
//!
//! | directive                           | what the chapter gets                                            |
//! | ----------------------------------- | ---------------------------------------------------------------- |
//! | `{{#source path:anchor}}`           | a part of a source file; the path counts from the repository     |
//! | `{{#both py:anchor rs:anchor}}`     | two such parts as tabs: the program in Python, and in Rust       |
//! | `{{#model group}}`                  | the model checker's numbers, from `generated/model.json`; `all`: |
//! |                                     | those of all groups together                                     |
//! | `{{#counterexample group/name}}`    | an execution that fails, as the model checker found it           |
//! | `{{#orderings module}}`             | each ordering there, and what happens with a weaker one, from    |
//! |                                     | `generated/orderings.json`; `all`: how many there are            |
//! | `{{#bugs group}}`                   | the seeded bugs in `tests/cases`, and who finds each; `all`: how  |
//! |                                     | many there are                                                   |
//! | `{{#coverage}}`                     | how much loom reaches, from `tests/tools/model-runtime/COVERAGE.md`            |
//! | `{{#bench group}}`                  | what was measured beside peers, from `generated/bench/`: a group,|
//! |                                     | a row (`Lock: uncontended`), or `about`: on what machine; with a |
//! |                                     | `?` at the end it may be missing                                 |
//! | `{{#speed question}}`               | the same as one picture and one sentence: `lock`, `waiting`,     |
//! |                                     | `busy`, `python`                                                 |
//! | `{{#figure name: caption}}`         | a drawing from `figures/`                                        |
//! | `{{#timeline name: caption}}`       | what the threads of a demo did, from `generated/timelines/`;     |
//! |                                     | `cargo run -p book -- timelines` makes those of `timelines.toml` |
//! | `{{#explore name: what to do}}`     | a program to step through, from `generated/explore/`             |
//! | `{{#shortest name}}`                | the shortest way to break that program, as a table               |
//! | `{{#exercise kind name: question}}` | the same, to `break`, to `prove`, or to find the `weakest`       |
//! |                                     | orderings of                                                     |
//! | `{{#editor}}`                       | a place to write a program in; it begins with those of           |
//! |                                     | `listings/own`                                                   |
//! | `{{#levels}}`                       | the list of all puzzles of the book                              |

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::explore::Task;
use super::places::Places;
use super::watch::Watch;
use super::{
    bench, bugs, counterexample, editor, escape, explore, levels, model, orderings, source, speed,
    timeline,
};

/// Carries out one directive, `name argument`.
pub(super) fn run(directive: &str, places: &Places, watch: &mut Watch) -> Result<String, String> {
    let (name, argument) = directive.split_once(' ').unwrap_or((directive, ""));
    let argument = argument.trim();
    let mut read = |path: PathBuf| {
        watch.add(path.clone());
        fs::read_to_string(path)
    };
    match name {
        "source" => {
            let (path, anchor) = match argument.split_once(':') {
                Some((path, anchor)) => (path, Some(anchor)),
                None => (argument, None),
            };
            inside(path)?;
            let file = read(places.repository.join(path))
                .map_err(|error| format!("cannot read `{path}`: {error}"))?;
            let part =
                source::excerpt(&file, anchor).map_err(|what| format!("`{path}`: {what}"))?;
            Ok(part.markdown(path))
        }
        "both" => {
            let (python, rust) = argument
                .split_once(' ')
                .ok_or("`both` needs two parts: `path.py:anchor path.rs:anchor`")?;
            let mut part = |part| run(&format!("source {part}"), places, watch);
            Ok(tabs(rust, &part(python)?, &part(rust)?))
        }
        "model" | "counterexample" => {
            let path = "generated/model.json";
            let json = read(places.book.join(path)).map_err(|error| {
                format!("cannot read `{path}`: {error}; `cargo model --book` writes it")
            })?;
            let show = if name == "model" { model::report } else { counterexample::table };
            show(&json, argument).map_err(|what| format!("`{path}`: {what}"))
        }
        "orderings" => {
            let path = "generated/orderings.json";
            let json = read(places.book.join(path)).map_err(|error| {
                format!("cannot read `{path}`: {error}; `cargo orderings --book` writes it")
            })?;
            let mut source = |path: &str| {
                inside(path)?;
                read(places.repository.join(path))
                    .map_err(|error| format!("cannot read `{path}`: {error}"))
            };
            orderings::report(&json, argument, &mut source)
                .map_err(|what| format!("`{path}`: {what}"))
        }
        "bugs" => {
            let folder = places.repository.join("tests/cases");
            watch.add(folder.clone());
            bugs::report(&folder, argument).map_err(|what| format!("`tests/cases`: {what}"))
        }
        "coverage" => {
            let path = "tests/tools/model-runtime/COVERAGE.md";
            let text = read(places.repository.join(path))
                .map_err(|error| format!("cannot read `{path}`: {error}"))?;
            coverage(&text).map_err(|what| format!("`{path}`: {what}"))
        }
        "bench" => {
            let folder = "generated/bench";
            let results = read(places.book.join(folder).join("results.md")).map_err(|error| {
                format!("cannot read `{folder}/results.md`: {error}; `cargo results` writes it")
            })?;
            let (part, is_optional) = match argument.strip_suffix('?') {
                Some(part) => (part, true),
                None => (argument, false),
            };
            if is_optional && !bench::is_there(&results, part) {
                return Ok("\n*Not measured yet; `cargo results` measures all.*\n\n".into());
            }
            bench::part(&results, part, |file, caption| {
                inside(file)?;
                let svg = read(places.book.join(folder).join(file))
                    .map_err(|error| format!("cannot read `{folder}/{file}`: {error}"))?;
                figure(&svg, caption)
            })
        }
        "speed" => {
            let path = "generated/bench/results.json";
            let json = read(places.book.join(path)).map_err(|error| {
                format!("cannot read `{path}`: {error}; `cargo results` writes it")
            })?;
            speed::figure(&json, argument).map_err(|what| format!("`{path}`: {what}"))
        }
        "figure" | "timeline" => {
            let (name, caption) = argument
                .split_once(": ")
                .ok_or(format!("a {name} needs a caption: `name: caption`"))
                .map(|(of, caption)| ((name, of), caption))?;
            let (path, advice) = match name {
                ("figure", of) => (format!("figures/{of}.svg"), ""),
                (_, of) => (
                    format!("generated/timelines/{of}.svg"),
                    "; `cargo run -p book -- timelines` makes those that `timelines.toml` lists",
                ),
            };
            inside(&path)?;
            let svg = read(places.book.join(&path))
                .map_err(|error| format!("cannot read `{path}`: {error}{advice}"))?;
            let drawn = match name {
                ("figure", _) => figure(&svg, caption),
                _ => timeline::figure(&svg, caption),
            };
            drawn.map_err(|what| format!("`{path}`: {what}"))
        }
        "explore" | "exercise" => {
            let (what, goal) = argument.split_once(": ").ok_or(format!(
                "`{name}` needs a sentence that says what to do: `{}scenario: sentence`",
                if name == "exercise" { "kind " } else { "" },
            ))?;
            let (task, scenario) = match name {
                "exercise" => Task::read(what).map(|(task, scenario)| (Some(task), scenario))?,
                _ => (None, what),
            };
            inside(scenario)?;
            explore::figure(scenario, goal, task, &mut |path, from_book| {
                inside(path)?;
                let folder = if from_book { &places.book } else { &places.repository };
                read(folder.join(path)).map_err(|error| format!("cannot read `{path}`: {error}"))
            })
        }
        "shortest" => {
            inside(argument)?;
            explore::shortest(argument, &mut |path, _| {
                read(places.book.join(path))
                    .map_err(|error| format!("cannot read `{path}`: {error}"))
            })
        }
        "editor" => editor::figure(&places.book, &mut read),
        "levels" => Ok(format!("\n{}\n\n", levels::PLACE)),
        "end" => Err("`end` closes nothing: no `predict` is open".into()),
        "predict" => Err("a `predict` cannot stand in another one".into()),
        _ => Err(format!(
            "no directive `{name}`; there are `source`, `both`, `model`, `counterexample`, `orderings`, `bugs`, \
             `coverage`, `bench`, `speed`, `figure`, `timeline`, `explore`, `shortest`, `exercise`, `editor`, `levels` and `predict`"
        )),
    }
}

/// A program twice, in Python and in Rust, and a choice of one of them. It needs no script.
fn tabs(id: &str, python: &str, rust: &str) -> String {
    let id = id.replace(['/', ':', '.'], "-");
    let choice = |language: &str, checked: &str| {
        format!(
            "<label><input type=\"radio\" name=\"{id}\" value=\"{language}\"{checked}> {language}</label>"
        )
    };
    format!(
        "\n<div class=\"both\">\n<div class=\"both-choice\" role=\"group\" aria-label=\"Language\">{}{}</div>\n\
         <div class=\"both-python\">\n{python}</div>\n<div class=\"both-rust\">\n{rust}</div>\n</div>\n\n",
        choice("Python", ""),
        choice("Rust", " checked"),
    )
}

/// Refuses a path that leads out of its base folder.
fn inside(path: &str) -> Result<(), String> {
    let mut components = Path::new(path).components();
    if path.is_empty() || !components.all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("`{path}` is not a path down from the folder"));
    }
    Ok(())
}

/// The table of a document that `cargo model --coverage` wrote.
fn coverage(document: &str) -> Result<String, String> {
    let rows = document.lines().filter(|line| line.starts_with('|'));
    // All are in the group that is counted.
    let rows = Vec::from_iter(rows).join("\n").replace("`counted/", "`");
    if rows.is_empty() {
        return Err("no table; `cargo model --coverage` writes it".into());
    }
    Ok(format!(
        "\n<figure class=\"model coverage\">\n<figcaption><code>cargo model --coverage</code></figcaption>\n\n{rows}\n\n\
         </figure>\n\n"
    ))
}

/// A drawing, written into the page itself: only then does it take the colours of the theme.
fn figure(svg: &str, caption: &str) -> Result<String, String> {
    let start = svg.find("<svg").ok_or("not an SVG drawing")?;
    if !svg.contains("<title") {
        return Err("a drawing needs a `<title>` for those who cannot see it".into());
    }
    // A blank line would end the block of HTML.
    let lines = svg[start..].lines().filter(|line| !line.trim().is_empty());
    let svg = Vec::from_iter(lines).join("\n");
    Ok(format!(
        "\n<figure class=\"drawing\">\n{svg}\n<figcaption>{}</figcaption>\n</figure>\n\n",
        escape(caption)
    ))
}
