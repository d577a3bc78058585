//! The program that `cargo counts` runs under callgrind: each operation in a loop, one loop after
//! the other.
//!
//! Each primitive has the file `counts.rs` in its folder, with a function `rows`. How a count is
//! made, and what comes of it: `tests/tools/counts`.
//!
//! Prints a line for each contestant, `row<TAB>contestant<TAB>goal`, before its loops run. The
//! profile that callgrind writes for each loop is numbered in the same order.

#[cfg(test)]
use watchdog as _;

#[path = "../lib/counts/bare.rs"]
mod bare;
#[path = "../lib/counts/channels.rs"]
mod channels;
#[path = "../lib/counts/run.rs"]
mod run;

cases::modules!(counts);

use std::thread;

use run::Run;

/// The name of a folder, and what runs its rows.
type Case = (&'static str, fn(&mut Run));

fn main() {
    keep_a_second_thread();
    let mut run = Run::default();
    // The cost of an empty loop: `cargo counts` subtracts it from all others.
    run.row("empty loop").of("bare", &(), |()| ());
    let cases: &[Case] = &cases::each!(counts::rows);
    cases.iter().for_each(|(_, rows)| rows(&mut run));
}

/// In a process with one thread, libc leaves out the atomics of its allocator and locks, and an
/// operation that uses them would look cheaper than it is.
fn keep_a_second_thread() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}
