//! The contests of one bench, in this process.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::bench::Bench;
use crate::contest::{self, Effort};
use crate::measured::Measured;
use crate::row::Row;
use crate::system;
use crate::text;

/// How long the contests of a bench take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// One short round for each row, only to see that it runs.
    Quick,
    /// So long for each row.
    Each(Duration),
    /// So long for all rows together. What one takes longer than its share, all that follow have
    /// less.
    All(Duration),
}

/// The part of its share that a row is told: where a round takes long, it goes on for up to twice
/// that.
const TOLD: f64 = 0.7;

/// Less than this is no time for a row, whatever is left.
const LEAST: Duration = Duration::from_millis(300);

/// Holds the contests of these rows one after the other, and hands the figures of each to `report`.
pub(crate) fn hold(
    bench: Bench,
    pace: Pace,
    is_wanted: impl Fn(&Row) -> bool,
    mut report: impl FnMut(&Measured) -> Result<()>,
) -> Result<()> {
    if bench.keeps_to_one_core && !system::pin_process() {
        eprintln!("not pinned: this system does not let a program choose its core");
    }
    keep_a_second_thread();
    let quick = matches!(pace, Pace::Quick);
    if !quick {
        notes().iter().for_each(|note| eprintln!("{note}"));
    }
    let begin = Instant::now();
    let rows = Vec::from_iter((bench.rows)().into_iter().filter(is_wanted));
    let mut left = rows.len() as u32;
    for row in rows {
        let time = match pace {
            Pace::Quick => Duration::ZERO,
            Pace::Each(time) => time,
            Pace::All(time) => {
                (time.saturating_sub(begin.elapsed()) / left).mul_f64(TOLD).max(LEAST)
            }
        };
        left -= 1;
        if quick {
            println!("Testing {}", row.title());
        }
        let measured = contest::hold(row, Effort { quick, time });
        if quick {
            println!("Success");
        } else {
            report(&measured)?;
        }
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
