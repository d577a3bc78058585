//! The page in which readers write programs: what it makes of the listings is what `cargo explore`
//! makes of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::{browser, in_order, start};

/// What a listing needs to be a program; see `own_programs.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Program {
    files: Vec<String>,
    main: String,
    inside: Option<String>,
    #[serde(default = "weak")]
    weak: bool,
    #[serde(default)]
    asleep: usize,
}

fn weak() -> bool {
    true
}

/// A graph of `cargo explore`, as far as it is compared.
#[derive(Deserialize)]
struct Graph {
    parts: Vec<(String, String)>,
    toggles: Vec<(usize, usize, String, String)>,
    #[serde(default)]
    asleep: Vec<(usize, usize)>,
    interleavings: String,
    words: Value,
    places: Vec<(usize, usize)>,
    labels: Vec<String>,
    verdicts: Value,
    nodes: Vec<Vec<Value>>,
}

fn book() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of a part of the text, as the explorer shows them: from the anchor to its end without
/// other anchors, and without empty ones at both ends.
fn rows(lines: &[String], from: usize, anchor: &str) -> Vec<usize> {
    let find = |what: &str| {
        let wanted = format!("// {what}: {anchor}");
        from + lines[from..].iter().position(|line| line.trim() == wanted).expect("the anchor")
    };
    let between = find("ANCHOR") + 1..find("ANCHOR_END");
    let mut rows =
        Vec::from_iter(between.filter(|&line| !lines[line].trim_start().starts_with("// ANCHOR")));
    let is_written = |&line: &usize| !lines[line].trim().is_empty();
    rows.truncate(rows.iter().rposition(is_written).map_or(0, |last| last + 1));
    rows.drain(..rows.iter().position(is_written).unwrap_or(0));
    rows
}

/// A listing as a program, with the orderings of this variant; and the graph that it must have.
fn program(name: &str, program: &Program, variant: usize) -> Option<(String, Graph)> {
    let graph = book().join(format!("generated/explore/{name}.{variant}.json"));
    let graph = fs::read_to_string(graph).ok()?;
    let mut graph: Graph = serde_json::from_str(&graph).unwrap();
    let mut lines: Vec<String> = Vec::new();
    let mut starts = BTreeMap::new();
    for file in &program.files {
        let path = format!("book/listings/{file}.rs");
        let text = fs::read_to_string(book().join(format!("listings/{file}.rs"))).unwrap();
        starts.insert(path, lines.len());
        lines.extend(text.lines().map(str::to_owned));
    }
    // A part of another file only calls the listing: no thread stands in it.
    let parts = Vec::from_iter(graph.parts.iter().map(|(path, anchor)| {
        starts.get(path.as_str()).map(|&start| rows(&lines, start, anchor)).unwrap_or_default()
    }));
    let toggles = graph.toggles.iter().enumerate().filter(|(i, _)| variant >> i & 1 == 1);
    for (_, (part, row, from, to)) in toggles {
        let line = &mut lines[parts[*part][*row]];
        *line = line.replacen(from.as_str(), to, 1);
    }
    if let Some(anchor) = &program.inside {
        for line in &mut lines {
            match line.trim() {
                text if text == format!("// ANCHOR: {anchor}") => *line = "// critical".into(),
                text if text == format!("// ANCHOR_END: {anchor}") => *line = "// end".into(),
                _ => {}
            }
        }
    }
    let text = format!("{}\nfn main() {{{}}}\n", lines.join("\n"), program.main);
    // The page says where a thread stands by the line, and the file by the place.
    for node in &mut graph.nodes {
        for stand in node[1].as_array_mut().unwrap() {
            if let Some(number) = stand.as_u64() {
                let (part, row) = graph.places[number as usize / 3];
                *stand = json!(3 * parts[part][row] + number as usize % 3);
            }
        }
        // The compiled explorer knows a word by its address, and nothing of one that was not used
        // yet.
        for step in node[2].as_array_mut().unwrap() {
            let label = step[1].as_u64().map(|label| &*graph.labels[label as usize]);
            if step[2] == -1 && label.is_some_and(|label| label.starts_with("wake")) {
                step[2] = Value::Null;
            }
        }
    }
    Some((text, graph))
}

/// What the page makes of a program.
fn explored(browser: &mut Chromium, text: &str, weak: bool, asleep: usize) -> Value {
    let rules = json!({ "weak": weak, "asleep": asleep });
    browser.value(&format!("locksmith.own({}, {rules})", json!(text)))
}

/// The states of a graph, without the word of a step where the other graph does not know it.
fn compared(mut nodes: Value, other: &[Vec<Value>]) -> Value {
    for (node, other) in nodes.as_array_mut().into_iter().flatten().zip(other) {
        let steps = node[2].as_array_mut().into_iter().flatten();
        for (step, other) in steps.zip(other[2].as_array().into_iter().flatten()) {
            if other[2].is_null() {
                step[2] = Value::Null;
            }
        }
    }
    nodes
}

#[test]
fn a_listing_has_the_same_graph_in_the_page_as_compiled() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.open(&format!("{root}write.html"));
    browser.wait_until("!!window.locksmith?.own");
    let programs = fs::read_to_string(book().join("tests/browser/own_programs.toml")).unwrap();
    let programs: BTreeMap<String, Program> = toml::from_str(&programs).unwrap();
    let mut compared_graphs = 0;
    for (name, it) in &programs {
        for variant in 0.. {
            let Some((text, graph)) = program(name, it, variant) else {
                assert!(variant > 0, "`cargo explore` has made no graph of `{name}`");
                break;
            };
            let found = explored(&mut browser, &text, it.weak, it.asleep);
            let what = format!("{name}.{variant}");
            assert!(found["refused"].is_null(), "{what}: {found}");
            let here = &found["variants"][0];
            assert_eq!(here["ways"], json!(graph.interleavings), "{what}: interleavings");
            assert_eq!(found["words"], graph.words, "{what}: words");
            assert_eq!(found["asleep"], json!(graph.asleep), "{what}: who sleeps");
            assert_eq!(here["labels"], json!(graph.labels), "{what}: labels");
            assert_eq!(here["verdicts"], graph.verdicts, "{what}: verdicts");
            let nodes = compared(here["nodes"].clone(), &graph.nodes);
            for (state, (a, b)) in nodes.as_array().unwrap().iter().zip(&graph.nodes).enumerate() {
                assert_eq!(*a, json!(b), "{what}: state {state}");
            }
            assert_eq!(nodes.as_array().unwrap().len(), graph.nodes.len(), "{what}: states");
            compared_graphs += 1;
        }
    }
    println!("{compared_graphs} graphs are the same");
    assert!(compared_graphs >= programs.len());
}

/// Writes a program into the page and has it explored. Returns what the page says.
fn explore(browser: &mut Chromium, text: &str) -> String {
    browser.value(&format!(
        "(() => {{ const it = document.querySelector('.own-text'); it.value = {}; it.oninput();\
         document.querySelector('.own-go').click(); }})()",
        json!(text),
    ));
    browser.wait_until("document.querySelector('.own-go').textContent !== 'Stop'");
    let said = browser.value("document.querySelector('.own-said').textContent");
    said.as_str().unwrap().to_owned()
}

/// The example of this title.
fn example(browser: &mut Chromium, title: &str) -> String {
    let all = browser.value("document.querySelector('.own script').textContent");
    let all: Vec<(String, String)> = serde_json::from_str(all.as_str().unwrap()).unwrap();
    all.into_iter().find(|(name, _)| name == title).expect("an example").1
}

#[test]
fn a_lock_is_written_into_the_page_and_proved_or_broken() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for width in [1300, 360] {
        browser.resize(width, 800);
        browser.open(&format!("{root}write.html"));
        browser.wait_until("!!document.querySelector('.own-live')");
        let lock = example(&mut browser, "A spin lock");
        let said = explore(&mut browser, &lock);
        assert!(said.starts_with("Proved: 33 states, 8 interleavings"), "{said}");

        let said = explore(&mut browser, &lock.replace("false, Release", "false, Relaxed"));
        assert!(said.starts_with("It breaks: of ") && said.ends_with("Wrong result."), "{said}");
        let broken = example(&mut browser, "A lock that looks, and then takes");
        let said = explore(&mut browser, &broken);
        assert!(said.starts_with("It breaks: of ") && said.ends_with("Two inside."), "{said}");

        // The same map and steps as in the chapters, with the reader's own lines.
        let rows = "document.querySelectorAll('#explore-own .explorer-row').length";
        assert_eq!(browser.value(rows), broken.split('\n').count(), "a row for each line");
        browser.wait_until("!!document.querySelector('#explore-own .explorer-map svg')");
        let step = "document.querySelector('#explore-own .explorer-A').textContent";
        let step = browser.value(step);
        assert!(step.as_str().unwrap().contains("taken.load"), "{step}");

        let said = explore(&mut browser, &format!("use std::fs;\n{lock}"));
        assert!(said.starts_with("Line 1: `std::fs` is outside of the subset"), "{said}");
        let marked = "(() => { const it = document.querySelector('.own-text'); \
                      return it.value.slice(it.selectionStart, it.selectionEnd); })()";
        assert_eq!(browser.value(marked), "use std::fs;", "the line is marked");

        let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
        assert!(overflow.as_i64().unwrap() <= 0, "{width} px: {overflow} px too wide");
    }
    in_order(&browser, &root);
}

#[test]
fn a_link_brings_the_program_and_its_rules() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.open(&format!("{root}write.html"));
    browser.wait_until("!!document.querySelector('.own-live')");
    let program =
        example(&mut browser, "Two flags, and a fence between").replace("SeqCst", "AcqRel");
    assert!(explore(&mut browser, &program).starts_with("It breaks"));
    browser.value("document.querySelector('.own-bar input').checked = false");
    browser.value("document.querySelector('.own-go + button').click()");
    browser.wait_until("location.hash.startsWith('#own=')");
    let link = browser.value("location.href");
    browser.value("localStorage.clear()");
    browser.open(link.as_str().unwrap());
    browser.wait_until("document.querySelector('.own-said').textContent.startsWith('Proved')");
    assert_eq!(browser.value("document.querySelector('.own-text').value"), json!(program));
    browser.open(&format!("{root}write.html#own=10AAAA"));
    browser.wait_until(
        "document.querySelector('.own-said').textContent.startsWith('This link is damaged')",
    );
    in_order(&browser, &root);
}

#[test]
fn a_search_without_an_end_is_stopped() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.open(&format!("{root}write.html"));
    browser.wait_until("!!document.querySelector('.own-live')");
    let endless = "fn main() { let n = AtomicU32::new(0); thread::scope(|s| { for _ in 0..3 { s.spawn(|| {\n\
                   for _ in 0..20 { let m = n.load(Relaxed); n.store(m + 1, Relaxed); } }); } }); }";
    let said = explore(&mut browser, endless);
    assert!(said.starts_with("More than 30,000 states"), "{said}");
    browser.value(
        "(() => { const it = document.querySelector('.own-go'); it.click(); it.click(); })()",
    );
    let said = browser.value("document.querySelector('.own-said').textContent");
    assert!(said.as_str().unwrap().starts_with("Stopped after "), "{said}");
    in_order(&browser, &root);
}

/// Programs, and what is said of them: each in one line that names the line of the mistake.
#[test]
fn what_is_outside_of_the_subset_is_named_with_its_line() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.open(&format!("{root}write.html"));
    browser.wait_until("!!window.locksmith?.own");
    let main = "fn main() { let n = AtomicU32::new(0); thread::scope(|s| { s.spawn(|| { n.load(Relaxed); }); }); }";
    for (text, line, said) in [
        ("", 1, "there is no `fn main`"),
        ("fn main() {}", 1, "`main` starts no thread"),
        ("fn main() {\n  f();", 1, "has no `}`"),
        ("use std::sync::Mutex;\nfn main() {}", 1, "`std::sync::Mutex` is outside"),
        ("struct A<T> { a: T }", 1, "generic"),
        ("enum E { A }", 1, "`enum` begins nothing"),
        ("fn f() {\n  let s: String;\n}", 2, "the type `String`"),
        ("fn f() {\n  println!(\"a\");\n}", 2, "`println!`"),
        ("fn f(n: &AtomicU32) {\n  n.load(Release);\n}", 2, "a load cannot be Release"),
        ("fn f(n: &AtomicU32) {\n  n.store(true, Release);\n}", 2, "expected u32, found bool"),
        ("fn f(n: &AtomicU32) -> u32 {\n  n.store(1, Release);\n}", 1, "expected u32, found ()"),
        ("fn f(n: &AtomicU32) {\n  n.lock();\n}", 2, "an atomic has no `lock`"),
        ("fn f() {\n  let a = 1;\n  a = 2;\n}\nfn main() { f(); }", 3, "`a` is not `mut`"),
        ("fn f() {\n  b + 1;\n}", 2, "there is no `b`"),
        ("fn f() {\n  std::fs::read(1);\n}", 2, "`std::fs::read` is outside"),
        ("// critical\nfn f() {}", 1, "no `// end`"),
        ("fn f() { let a = \"é\u{1F980}\"; ~ }", 1, "`~` has no meaning"),
    ] {
        let found = explored(&mut browser, text, true, 0);
        assert_eq!(found["line"], line, "{text}: {found}");
        let refused = found["refused"].as_str().unwrap();
        assert!(refused.contains(said) && !refused.contains('\n'), "{text}: {refused}");
    }
    assert!(explored(&mut browser, main, true, 0)["refused"].is_null());
    let spins = main.replace("n.load(Relaxed);", "while n.load(Relaxed) == 0 {}");
    let refused = explored(&mut browser, &spins, true, 0)["refused"].to_string();
    assert!(refused.contains("yield_now"), "{refused}");
    in_order(&browser, &root);
}
