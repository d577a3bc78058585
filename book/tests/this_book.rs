//! The Locksmith book itself.

#![cfg(feature = "builder")]

use watchdog as _;

use std::fs;
use std::path::Path;
use std::process::Command;

use book::builder::site::{Book, Site};
use book::builder::watch::Watch;

/// The folder of this book.
const BOOK: &str = env!("CARGO_MANIFEST_DIR");

fn render() -> Site {
    let site = Book::new(Path::new(BOOK)).render(&mut Watch::default());
    site.unwrap_or_else(|error| panic!("\n{error:#}\n"))
}

#[test]
fn the_real_book_has_no_mistake() {
    let site = render();
    let page = String::from_utf8_lossy(site.get("lock.html").unwrap());
    for shown in ["book/listings/with_lock.rs", "primitives/src/lock.rs"] {
        assert!(page.contains(&format!("<span class=\"source-path\">{shown}</span>")), "{shown}");
    }
    assert!(page.contains("<figcaption><code>cargo model lock</code></figcaption>"));
}

/// The `id` of each puzzle in a page, without those that are there a second time.
fn puzzles(page: &str) -> impl Iterator<Item = &str> {
    let figures = page.split("<figure class=\"explorer\" id=\"").skip(1);
    figures.filter_map(|figure| figure.split('"').next())
}

#[test]
fn every_puzzle_is_a_level_in_the_list_of_links() {
    let site = render();
    let list = String::from_utf8_lossy(site.get("levels.html").unwrap()).into_owned();
    let mut levels = 0;
    for (path, contents) in site.files().filter(|(path, _)| path.ends_with(".html")) {
        if path == "print.html" {
            continue;
        }
        for id in puzzles(&String::from_utf8_lossy(contents)) {
            let link = format!("<li data-id=\"{id}\"><a href=\"{path}#{id}\">");
            assert_eq!(list.matches(&link).count(), 1, "{link}");
            levels += 1;
        }
    }
    assert!(levels > 50, "{levels}");
    let deadlock = String::from_utf8_lossy(site.get("deadlock.html").unwrap());
    assert!(deadlock.contains("data-same=\"explore-two-accounts\" id=\"exercise-two-accounts\""));
    assert_eq!(list.matches("<li data-id=").count(), levels, "each puzzle has an id of its own");
}

#[test]
fn pages_ask_no_other_machine_for_anything() {
    let site = render();
    for (path, contents) in site.files().filter(|(path, _)| path.ends_with(".html")) {
        let page = String::from_utf8_lossy(contents);
        assert!(!page.contains("src=\"http"), "{path}");
        assert!(!page.contains("<link rel=\"stylesheet\" href=\"http"), "{path}");
        assert!(!page.contains("class=\"playground"), "{path} would ask the Rust playground");
    }
}

#[test]
fn every_listing_is_a_module_so_it_is_compiled() {
    let folder = Path::new(BOOK).join("listings");
    let modules = fs::read_to_string(Path::new(BOOK).join("listings.rs")).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "rs") {
            assert!(modules.lines().any(|line| line == format!("pub mod {name};")), "{name}");
        }
    }
}

#[test]
fn the_python_in_the_book_runs() {
    for entry in fs::read_dir(Path::new(BOOK).join("listings")).unwrap() {
        let listing = entry.unwrap().path();
        if listing.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        match Command::new("python3").arg(&listing).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}: {said}", listing.display());
            }
            Err(error) => println!("skipped: python3: {error}"),
        }
    }
}
