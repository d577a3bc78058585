//! What the explorer found, and what its pages weigh.

#![cfg(feature = "builder")]

use watchdog as _;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use book::builder::site::{Book, Site};
use book::builder::watch::Watch;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// The folder of this book.
const BOOK: &str = env!("CARGO_MANIFEST_DIR");

/// Listings that no scenario plays, and why.
const NOT_EXPLORED: &[(&str, &str)] = &[
    ("api.rs", "links, for rustdoc to check"),
    ("overdrawn.rs", "most of it is the shipped condition; `cargo model listings` breaks it"),
    ("small_pool.rs", "a queue; `cargo model listings` breaks it"),
    ("batches.rs", "threads, batches and timeouts are too many states for a page"),
    ("ending.rs", "three threads are too many states for a page"),
    ("kept_panic.rs", "starts threads itself"),
    ("mini_executor.rs", "an executor; its tests run it"),
    ("late_batch.rs", "goes wrong in every order: there is nothing to find"),
    ("sentinel_left.rs", "goes wrong in every order: there is nothing to find"),
    ("own.rs", "programs that the page explores itself: tests/browser/own.rs"),
    ("rust_for_python.rs", "starts no thread"),
    ("start_all_join_all.rs", "starts threads itself"),
    ("start_then_join.rs", "starts threads itself"),
    ("vanished_panic.rs", "starts threads itself; its test shows what is missing"),
    ("two_gets.rs", "one thread: there is nothing to choose"),
];

/// Listings that no model runs, and why.
const NOT_MODELLED: &[(&str, &str)] = &[
    ("api.rs", "links, for rustdoc to check"),
    ("kept_panic.rs", "one thread; its test runs it"),
    ("mini_executor.rs", "an executor; its tests run it"),
    ("own.rs", "programs that the page explores itself: tests/browser/own.rs"),
    ("rust_for_python.rs", "starts no thread; its test runs it"),
    ("vanished_panic.rs", "one thread; its test shows what is missing"),
];

/// The graphs that `cargo explore` wrote, by file name.
fn graphs() -> Vec<(String, Value)> {
    let entries = fs::read_dir(Path::new(BOOK).join("generated/explore")).unwrap();
    let graphs = entries.map(|entry| {
        let entry = entry.unwrap();
        let graph = serde_json::from_str(&fs::read_to_string(entry.path()).unwrap()).unwrap();
        (entry.file_name().to_string_lossy().into_owned(), graph)
    });
    graphs.collect()
}

/// The names of the listings that are Rust.
fn listings() -> Vec<String> {
    let entries = fs::read_dir(Path::new(BOOK).join("listings")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".rs")).collect()
}

fn render() -> Site {
    let site = Book::new(Path::new(BOOK)).render(&mut Watch::default());
    site.unwrap_or_else(|error| panic!("\n{error:#}\n"))
}

fn compressed(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

/// The titles of the mistakes at the states of a graph.
fn verdicts(graph: &Value) -> BTreeSet<&str> {
    let broken = graph["nodes"].as_array().unwrap().iter().filter_map(|node| node[3].as_u64());
    broken.map(|verdict| graph["verdicts"][verdict as usize][0].as_str().unwrap()).collect()
}

#[test]
fn what_is_broken_has_a_counterexample_and_what_is_right_has_none() {
    let (mut right, mut broken) = (0, 0);
    for (file, graph) in graphs() {
        let found = verdicts(&graph);
        match graph["expected"].as_str().unwrap() {
            "right" => {
                assert!(found.is_empty(), "{file}: {found:?}");
                right += 1;
            }
            mistake => {
                assert!(found.contains(mistake), "{file} should have `{mistake}`: {found:?}");
                broken += 1;
            }
        }
    }
    assert!(right > 0 && broken > 0);
}

#[test]
fn every_listing_is_explored() {
    let graphs = graphs();
    let parts = graphs.iter().flat_map(|(_, graph)| graph["parts"].as_array().unwrap());
    let shown = Vec::from_iter(parts.map(|part| part[0].as_str().unwrap()));
    for name in listings() {
        if NOT_EXPLORED.iter().all(|(file, _)| *file != name) {
            assert!(
                shown.contains(&&*format!("book/listings/{name}")),
                "{name}: no scenario plays it"
            );
        }
    }
}

/// Each listing has a scenario of its name, and where the explorer has one too, they say the same.
#[test]
fn every_listing_is_modelled_and_the_explorer_agrees() {
    let models = fs::read_to_string(Path::new(BOOK).join("generated/model.json")).unwrap();
    let models: Value = serde_json::from_str(&models).unwrap();
    let models = models["listings"]["scenarios"].as_array().unwrap();
    let graphs = graphs();
    for name in listings() {
        if NOT_MODELLED.iter().any(|(file, _)| *file == name) {
            continue;
        }
        let scenario = name.trim_end_matches(".rs").replace('_', "-");
        let model = models.iter().find(|model| model["name"] == *scenario);
        let model = model.unwrap_or_else(|| panic!("{name}: no model `listings/{scenario}`"));
        let broken = model.get("counterexample").is_some();
        assert!(broken || model["complete"] == true, "{name}: neither broken nor proved");
        if let Some((_, graph)) =
            graphs.iter().find(|(file, _)| *file == format!("{scenario}.0.json"))
        {
            assert_eq!(
                broken,
                graph["expected"] != "right",
                "{name}: loom's word, and the explorer's"
            );
        }
    }
}

#[test]
fn all_scripts_and_each_graph_are_small() {
    let site = render();
    let ours = site.files().filter(|(path, _)| path.starts_with("theme/") && path.ends_with(".js"));
    let sizes = Vec::from_iter(ours.map(|(_, script)| compressed(script)));
    println!("our script: {sizes:?} bytes compressed");
    assert!(sizes.len() == 1 && sizes[0] <= 12 * 1024, "{sizes:?} bytes compressed");
    for (file, _) in graphs() {
        let path = Path::new(BOOK).join("generated/explore").join(&file);
        let graph = compressed(&fs::read(path).unwrap());
        // 30 KiB for the states, and 2 for the calls in each of them.
        assert!(graph <= 32 * 1024, "{file}: {graph} bytes compressed");
    }
}

/// The page, and the scripts and style sheets that it loads; not the fonts, which come after the
/// text.
#[test]
fn the_first_load_is_light() {
    let site = render();
    let pages = site.files().filter(|(path, _)| path.ends_with(".html") && *path != "print.html");
    for (page, html) in pages {
        let text = String::from_utf8_lossy(html);
        let named = text.split(['"', '\'']).filter(|name| {
            let kind = Path::new(name).extension().and_then(|kind| kind.to_str());
            // The search index is asked for by the first search.
            matches!(kind, Some("css" | "js")) && !name.contains("searchindex")
        });
        let named: BTreeSet<&str> = named.collect();
        let files = named.iter().filter_map(|name| site.get(name)).map(compressed);
        let sum: usize = compressed(html) + files.sum::<usize>();
        println!("{page}: {sum} bytes compressed");
        assert!(sum <= 130 * 1024, "{page}: {sum} bytes compressed, with {named:?}");
    }
}

#[test]
fn the_editor_is_small_and_only_its_page_asks_for_it() {
    let site = render();
    let weight: usize =
        ["editor.js", "editor.css"].map(|file| compressed(site.get(file).unwrap())).iter().sum();
    assert!((1..=25 * 1024).contains(&weight), "{weight} bytes compressed");
    let asks = |page: &[u8]| String::from_utf8_lossy(page).contains("editor.js");
    let pages = site.files().filter(|(path, page)| path.ends_with(".html") && asks(page));
    // The one for printers has all chapters.
    assert_eq!(Vec::from_iter(pages.map(|(path, _)| path)), ["print.html", "write.html"]);
}
