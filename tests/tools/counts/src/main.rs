//! `cargo counts`: how many instructions each uncontended operation takes.
//!
//! Time on a shared machine drifts by more than a careless change costs. The number of instructions
//! does not: it is the same in every run of the same program, so it can be recorded and checked. It
//! does not show what a cache miss costs, or that a compare-exchange takes twenty times as long as
//! an addition. The benches show that.
//!
//! How a count is made: the program `operations`, made of `tests/cases/*/counts.rs`, runs each
//! operation n times and then 2n times in a loop, under valgrind's callgrind, which counts every
//! instruction. The second loop's count less the first's, divided by n, is the cost of one
//! iteration; the cost of an empty iteration is subtracted. There is no rounding, and no average
//! unless a row says so.
//!
//! The table is `tests/tools/counts/COUNTS.md`, and its figures have no other copy: the check reads
//! them from there.
//!
//! | module    | idea                                                          |
//! | --------- | ------------------------------------------------------------- |
//! | `measure` | builds `operations`, runs it under callgrind, reads the counts |
//! | `goals`   | how many instructions an operation may take at most           |
//! | `table`   | the counts as Markdown, and back                              |
//! | `judge`   | what is worse than the table says, what is better             |
//!
//! (There are crates for this, such as gungraun. They need an extra program of exactly the crate's
//! version; the difference of two counts needs only valgrind.)

#[cfg(test)]
use watchdog as _;

mod figure;
mod goals;
mod judge;
mod measure;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use self::judge::Verdict;
use self::measure::{Detector, Measured, Setting, ValgrindIsMissing};
use self::table::Table;

/// Counts the instructions of each operation, and writes them to tests/tools/counts/COUNTS.md.
#[derive(Parser)]
#[command(bin_name = "cargo counts")]
struct Arguments {
    /// Writes nothing; fails if an operation takes more instructions than the table says.
    #[arg(long)]
    check: bool,
}

/// The exit status if valgrind is missing or the command line is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            match error.is::<ValgrindIsMissing>() {
                true => ExitCode::from(USAGE),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// The workspace's root.
fn root() -> PathBuf {
    // The path where the crate was built: cargo rebuilds it if the folder moves.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    root.expect("the crate lies two folders below the workspace's root").to_owned()
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = root();
    let file = root.join("tests/tools/counts/COUNTS.md");
    let setting = Setting::of_this_machine(&root)?;
    let off = Measured::with(Detector::Off, &root)?;
    let on = Measured::with(Detector::On, &root)?;
    let is = Table::new(setting, &off, &on)?;
    if !arguments.check {
        std::fs::write(&file, is.to_markdown())
            .with_context(|| format!("cannot write {}", file.display()))?;
        println!("{} operations, written to {}", is.rows.len(), file.display());
        return Ok(ExitCode::SUCCESS);
    }
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}: `cargo counts` makes it", file.display()))?;
    let was = Table::from_markdown(&text)
        .with_context(|| format!("{}: `cargo counts` makes it again", file.display()))?;
    let Verdict { notes, failures } = judge::compare(&was, &is);
    for note in &notes {
        println!("{note}");
    }
    for failure in &failures {
        println!("FAILED: {failure}");
    }
    println!("{} operations counted, {} failed", is.rows.len(), failures.len());
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
