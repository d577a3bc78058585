//! A new folder in `tests/cases` changes this crate, and so every program that uses its lists.

fn main() {
    println!("cargo::rerun-if-changed=../../cases");
}
