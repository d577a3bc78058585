//! Finds what each primitive gives to a test program, by its folder.
//!
//! `tests/cases/lock/models.rs` belongs to the program `tests/cases/models.rs`, and
//! `tests/cases/lock/stress.rs` to `tests/cases/stress.rs`. No program lists the folders: it calls
//! [`modules!`] and [`each!`], and a new folder is found automatically.
//!
//! ```text
//! tests/cases/models.rs             modules!(models)      →  mod lock { pub(crate) mod models; } …
//!                                   each!(models::group)  →  [("lock", lock::models::group), …]
//! tests/cases/lock/models.rs        pub(crate) fn group() -> Group
//! tests/cases/lock/models/timed.rs  mod timed;
//! ```
//!
//! The modules are where rustc looks for them anyway, so a message, a stack trace and an editor
//! name the file from the workspace's root. A file that some build leaves out has its own
//! `#![cfg(…)]`, if its program does not call a function in it.

use std::fs;
use std::path::Path;

use proc_macro::{TokenStream, TokenTree};

/// Declares the module `CASE::PART` of each folder that has a file `PART.rs`: `modules!(models)`.
///
/// Call it in `tests/cases/PART.rs`.
#[proc_macro]
pub fn modules(part: TokenStream) -> TokenStream {
    match words(part).as_slice() {
        [part] => {
            let module = |case| format!("mod {case} {{ pub(crate) mod {part}; }}\n");
            with(part).into_iter().map(module).collect::<String>()
        }
        _ => error("`modules!` takes the name of a part: `modules!(models)`"),
    }
    .parse()
    .expect("modules are Rust")
}

/// The name of each folder that has a file `PART.rs`, and a function of that module, in order of
/// name: `each!(models::group)` is `[("barrier", barrier::models::group), …]`.
#[proc_macro]
pub fn each(path: TokenStream) -> TokenStream {
    match words(path).as_slice() {
        [part, function] => {
            let pair = |case| format!("(\"{case}\", {case}::{part}::{function}), ");
            format!("[{}]", with(part).into_iter().map(pair).collect::<String>())
        }
        _ => error("`each!` takes a part and a function of it: `each!(models::group)`"),
    }
    .parse()
    .expect("an array is Rust")
}

fn words(input: TokenStream) -> Vec<String> {
    let word = |token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    };
    input.into_iter().filter_map(word).collect()
}

fn error(what: &str) -> String {
    format!("compile_error!({what:?});")
}

/// The folders that have this part, in order of name.
fn with(part: &str) -> Vec<String> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
    let entries =
        fs::read_dir(&cases).unwrap_or_else(|error| panic!("{}: {error}", cases.display()));
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("a folder can be read to its end").path())
        .filter(|folder| folder.join(part).with_extension("rs").is_file())
        .filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}
