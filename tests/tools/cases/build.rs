//! A new folder in `tests/cases` is a change of this crate, and so of every program that it lists cases for.

fn main() {
    println!("cargo::rerun-if-changed=../../cases");
}
