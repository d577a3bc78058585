//! A small book, whole and broken in every way.

#![cfg(feature = "builder")]

use watchdog as _;

mod common;

use book::builder::Faults;
use book::builder::site::{Book, Site};
use book::builder::watch::Watch;
use common::Repository;

fn render(book: &Book) -> Result<Site, String> {
    book.render(&mut Watch::default()).map_err(|error| format!("{error:#}"))
}

fn text<'a>(site: &'a Site, path: &str) -> &'a str {
    std::str::from_utf8(site.get(path).unwrap_or_else(|| panic!("no {path}"))).unwrap()
}

#[test]
fn a_book_is_rendered_with_its_sources() {
    let repository = Repository::new();
    let mut watch = Watch::default();
    let site = repository.book().render(&mut watch).unwrap();
    let page = text(&site, "lock.html");
    assert!(page.contains(r#"<span class="source-path">code/lock.rs</span> <span>line 2</span>"#));
    assert!(page.contains("const UNLOCKED: u32 = 0;"));
    assert!(!page.contains("{{#"));
    assert!(watch.paths().eq([repository.path("code/lock.rs")]));
    assert!(!repository.path("book/book").exists(), "rendering writes nothing into the repository");
}

#[test]
fn every_mistake_is_told_with_its_chapter_and_line() {
    let repository = Repository::new();
    repository.write("book/src/index.md", "# Start\n\n```rust\nfn main() {}\n```\n");
    repository
        .write("book/src/lock.md", "# Lock\n{{#source code/lock.rs:gone}}\n\n{{#model lock}}\n");
    let error = repository.book().render(&mut Watch::default()).unwrap_err();
    let Faults(faults) = error.downcast().unwrap();
    let places: Vec<_> =
        faults.iter().map(|fault| format!("{}:{}", fault.file.display(), fault.line)).collect();
    assert_eq!(places, ["book/src/index.md:3", "book/src/lock.md:2", "book/src/lock.md:4"]);
    assert!(faults[2].what.ends_with("`cargo model --book` writes it"), "{}", faults[2].what);
}

#[test]
fn a_dead_link_is_told_with_its_chapter_and_line() {
    let repository = Repository::new();
    for (link, why) in [
        ("look.md", "`look.html`: there is no such page or file"),
        ("lock.md#statues", "`lock.html#statues`: the page has no such anchor"),
        ("#nowhere", "`#nowhere`: the page has no such anchor"),
        ("picture.svg", "`picture.svg`: there is no such page or file"),
    ] {
        repository.write("book/src/index.md", &format!("# Start\n\nfine\n\n[x]({link})\n"));
        let error = render(&repository.book()).unwrap_err();
        assert_eq!(error, format!("book/src/index.md:5: dead link {why}"));
    }
}

#[test]
fn what_mdbook_only_warns_of_is_a_mistake_here() {
    let repository = Repository::new();
    repository.write("book/src/index.md", "# Start\n\n<div>never closed\n");
    let error = render(&repository.book()).unwrap_err();
    assert!(error.starts_with("mdBook warns: "), "{error}");
}

#[test]
fn a_chapter_that_is_listed_must_exist_and_is_not_made_up() {
    let repository = Repository::new();
    repository.write("book/src/SUMMARY.md", "# Summary\n\n- [Lock](lock.md)\n- [Gone](gone.md)\n");
    let error = render(&repository.book()).unwrap_err();
    assert!(error.contains("gone.md") && !error.contains('\n'), "{error}");
    assert!(!repository.path("book/src/gone.md").exists());
}
