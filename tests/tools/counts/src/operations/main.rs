//! What `cargo counts` runs under callgrind: each operation in a loop, the loops one after the other.
//!
//! Prints a line for each contestant, `row<TAB>contestant`, before its loops run; the profile that callgrind
//! writes for each loop is numbered in the same order.

#[cfg(test)]
use watchdog as _;

mod locks;
mod queues;
mod run;
mod waiting;

use std::thread;

use run::Run;

fn main() {
    keep_a_second_thread();
    let mut run = Run::default();
    // What every loop costs beside what is in it: `cargo counts` takes it off all others.
    run.row("empty loop").of("bare", &(), |()| ());
    locks::rows(&mut run);
    waiting::rows(&mut run);
    queues::rows(&mut run);
}

/// In a process with one thread libc leaves out the atomics of its allocator and its locks, and what uses them
/// would look cheaper than it is.
fn keep_a_second_thread() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}
