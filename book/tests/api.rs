//! The appendix with Python's names and ours contains only existing names.
//!
//! Each name of its second column is a link in `listings/api.rs`, and rustdoc refuses a link that
//! leads nowhere (the step `docs` of `cargo verify`). This test ensures that the file has exactly
//! the names of the appendix.

use watchdog as _;

use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

#[test]
fn every_name_in_the_appendix_is_a_link_that_rustdoc_checks() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR"));
    let appendix = fs::read_to_string(book.join("src/api.md")).unwrap();
    let names = names(&appendix);
    assert!(names.len() > 100, "only {} names were found", names.len());
    let mut expected = String::from(
        "\
//! Every name of the appendix on Python's names and ours, as a link.\n\
//!\n\
//! rustdoc refuses a link that leads nowhere. This file is made from `src/api.md`:\n\
//! `UPDATE_SNAPSHOTS=1 cargo test -p book --test api` makes it again.\n\
//!\n",
    );
    for name in names {
        expected += &format!("//! - [`{name}`]\n");
    }
    let file = book.join("listings/api.rs");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &expected).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == expected,
        "the appendix has other names; `UPDATE_SNAPSHOTS=1 cargo test -p book --test api`"
    );
}

/// The code in the second columns, as full paths. A lower-case name is a call of the type that the
/// line before the table names; any other is in the same crate.
fn names(appendix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut of = "";
    for line in appendix.lines() {
        if let Some(whole) = line.strip_prefix('`').and_then(|line| line.strip_suffix('`')) {
            of = whole;
            names.insert(of.to_owned());
        }
        let Some(column) = line.strip_prefix('|').and_then(|row| row.split('|').nth(1)) else {
            continue;
        };
        let krate = of.split("::").next().unwrap_or_default();
        for name in column.split('`').skip(1).step_by(2) {
            let beside = name.contains("::") || name.starts_with(char::is_uppercase);
            names.insert(match name {
                _ if name.starts_with(&format!("{krate}::")) => name.to_owned(),
                _ if beside => format!("{krate}::{name}"),
                _ => format!("{of}::{name}"),
            });
        }
    }
    names
}
