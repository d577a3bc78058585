//! A small harness: the program starts itself again, so libtest cannot own its `main`.
//!
//! `cargo test -p locksmith-processes --test killing -- WORD` runs the tests whose names contain
//! the word.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// A test by its name.
pub(crate) type Test = (&'static str, fn());

/// A test that takes longer counts as hanging.
const PATIENCE: Duration = Duration::from_secs(300);

/// Names functions as tests.
macro_rules! tests {
    ($suite:literal: $($name:ident),+ $(,)?) => {
        &[$((concat!($suite, "::", stringify!($name)), $name as fn())),+]
    };
}
pub(crate) use tests;

/// Runs the tests whose names contain a word of the command line, prints what libtest would, and
/// ends the process.
pub(crate) fn run(suites: &[&[Test]]) -> ! {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let all: Vec<_> = suites.iter().flat_map(|suite| suite.iter()).collect();
    let chosen: Vec<_> = all
        .iter()
        .filter(|(name, _)| {
            words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
        })
        .collect();
    if arguments.iter().any(|word| word == "--list") {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        exit(0);
    }
    println!("\nrunning {} tests", chosen.len());
    let running = std::sync::Arc::new(Mutex::new(""));
    let (done, waiting) = channel();
    let watched = std::sync::Arc::clone(&running);
    thread::spawn(move || {
        while waiting.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {}
        let name = *watched.lock().expect("no owner panics");
        println!("test {name} ... hangs");
        exit(101);
    });
    let mut failed = Vec::new();
    for (name, test) in &chosen {
        *running.lock().expect("no owner panics") = name;
        let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        if !passed {
            failed.push(name);
        }
        done.send(()).expect("the watch never ends");
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out\n",
        if failed.is_empty() { "ok" } else { "FAILED" },
        chosen.len() - failed.len(),
        failed.len(),
        all.len() - chosen.len(),
    );
    exit(if failed.is_empty() { 0 } else { 101 });
}
