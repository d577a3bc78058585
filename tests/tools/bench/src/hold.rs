//! The contests of one bench, in this process.

use std::fs;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};

use crate::bench::Bench;
use crate::contest::{self, Effort};
use crate::system;
use crate::text;

/// Holds the contests of the rows whose name has one of `parts` in it, of all where there are none,
/// and writes the figures to `file`.
pub(crate) fn hold(
    bench: Bench,
    effort: Effort,
    parts: &[String],
    file: Option<&Path>,
) -> Result<()> {
    if bench.keeps_to_one_core && !system::pin_process() {
        println!("not pinned: this system does not let a program choose its core");
    }
    keep_a_second_thread();
    if !effort.quick {
        notes().iter().for_each(|note| println!("{note}"));
    }
    let mut measured = Vec::new();
    for row in (bench.rows)() {
        if !parts.is_empty() && !parts.iter().any(|part| row.is_called(part)) {
            continue;
        }
        if effort.quick {
            println!("Testing {}", row.name);
            let _ = contest::hold(row, effort);
            println!("Success");
        } else {
            let row = contest::hold(row, effort);
            print!("{row}");
            measured.push(row);
        }
    }
    if let Some(file) = file {
        fs::write(file, serde_json::to_string(&measured)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// What makes the figures less reliable than on a private machine.
fn notes() -> Vec<String> {
    let mut notes = Vec::new();
    let cores = system::cores();
    if cores < 2 {
        notes.push("one core: nothing runs at the same time, and nothing is pinned".to_owned());
    }
    if let Some(others) = system::taken_by_others().filter(|&others| others > 0.05) {
        notes.push(format!(
            "not quiet: other programs have {} of the cores",
            text::per_cent(others)
        ));
    }
    if system::processor_time().is_none() {
        notes.push(
            "this system tells no processor time, and lets no program choose a core".to_owned(),
        );
    }
    notes
}

/// Keeps a second thread alive as long as the process. With a single thread, libc leaves out the
/// atomics of its allocator, and a contestant that allocates would look faster than it is.
fn keep_a_second_thread() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}
