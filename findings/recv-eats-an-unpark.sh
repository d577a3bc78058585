#!/usr/bin/env bash
# std::thread::park: a channel's recv, or a scope's end, eats the unpark that was meant for the thread's own park
#
# Guess that fails: an `unpark` that comes early is kept until the thread parks: what it does in between does not matter.
# Version: std of Rust 1.95.0, crossbeam-channel 0.5.17, flume 0.11.1.
# Behaviour: each thread has one token for all. The channels of std, crossbeam and flume sleep by `park` as well, and so does the end
#   of `thread::scope`: a `recv` that has to wait takes the token, sees that no message is there, and parks again. The
#   thread's own `park` then sleeps although it was unparked before. Joining a thread and waiting for a Mutex leave the
#   token, because they sleep elsewhere. So `park` must stand in a loop that looks at a flag of its own.
# Seen (Rust 1.95.0, Linux 6.18), of a thread that was unparked, then did this, and then parked for a second:
#   nothing: does not sleep
#   std's recv: sleeps
#   crossbeam's recv: sleeps
#   flume's recv: sleeps
#   a scope: sleeps
#   join: does not sleep
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "parks"
version = "0.1.0"
edition = "2021"

[dependencies]
crossbeam-channel = "=0.5.17"
flume = "=0.11.1"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Whether a thread that was unparked sleeps in its next `park`, if it does this in between.
fn sleeps(between: impl FnOnce() + Send + 'static) -> bool {
    let (unparked, is_unparked) = mpsc::channel();
    let thread = thread::spawn(move || {
        while is_unparked.try_recv().is_err() {
            thread::yield_now();
        }
        between();
        let started = Instant::now();
        thread::park_timeout(SECOND);
        started.elapsed() >= SECOND
    });
    thread.thread().unpark();
    unparked.send(()).unwrap();
    thread.join().unwrap()
}

fn soon(f: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        thread::sleep(SECOND / 10);
        f();
    })
}

fn main() {
    let mut changed = false;
    let mut row = |name: &str, expected: bool, between: Box<dyn FnOnce() + Send>| {
        let sleeps = sleeps(between);
        println!("{name}: {}", if sleeps { "sleeps" } else { "does not sleep" });
        changed |= sleeps != expected;
    };
    row("nothing", false, Box::new(|| ()));
    row("std's recv", true, Box::new(|| {
        let (sender, receiver) = mpsc::channel();
        soon(move || sender.send(1).unwrap());
        receiver.recv().unwrap();
    }));
    row("crossbeam's recv", true, Box::new(|| {
        let (sender, receiver) = crossbeam_channel::unbounded();
        soon(move || sender.send(1).unwrap());
        receiver.recv().unwrap();
    }));
    row("flume's recv", true, Box::new(|| {
        let (sender, receiver) = flume::unbounded();
        soon(move || sender.send(1).unwrap());
        receiver.recv().unwrap();
    }));
    row("a scope", true, Box::new(|| {
        thread::scope(|scope| {
            scope.spawn(|| thread::sleep(SECOND / 10));
        });
    }));
    row("join", false, Box::new(|| soon(|| ()).join().unwrap()));
    assert!(!changed, "the behaviour has changed");
}
RUST
cd "$folder"
cargo run --quiet
