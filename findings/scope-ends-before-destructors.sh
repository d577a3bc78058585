#!/usr/bin/env bash
# std::thread::scope returns while thread-locals of its threads are still being destroyed
#
# Guess that fails: when a scope has returned, its threads are gone, with all that they still had to do.
# Version: std of Rust 1.95.0; nothing is installed.
# Behaviour: a scope waits until the closures have returned. The destructors of a thread's thread-locals run after that, and may
#   still run when the scope is over: a buffer that is flushed there is not flushed yet. `join` on the handle, inside the
#   same scope, waits for the thread's real end.
# Seen (Rust 1.95.0, Linux 6.18), with a destructor that takes 300 ms:
#   left to the scope: destroyed when the scope is over? false
#   joined by hand: destroyed when the scope is over? true
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "ends"
version = "0.1.0"
edition = "2021"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

static DESTROYED: AtomicBool = AtomicBool::new(false);

struct Buffer;

impl Drop for Buffer {
    fn drop(&mut self) {
        thread::sleep(Duration::from_millis(300));
        DESTROYED.store(true, SeqCst);
    }
}

thread_local!(static BUFFER: Cell<Option<Buffer>> = const { Cell::new(None) });

fn is_destroyed_after_a_scope(join: bool) -> bool {
    DESTROYED.store(false, SeqCst);
    thread::scope(|scope| {
        let thread = scope.spawn(|| BUFFER.set(Some(Buffer)));
        if join {
            thread.join().unwrap();
        }
    });
    DESTROYED.load(SeqCst)
}

fn main() {
    let (left, joined) = (is_destroyed_after_a_scope(false), is_destroyed_after_a_scope(true));
    println!("left to the scope: destroyed when the scope is over? {left}");
    println!("joined by hand: destroyed when the scope is over? {joined}");
    assert!(!left, "the behaviour has changed: the scope waits for the destructors");
    assert!(joined, "the behaviour has changed: join does not wait for the destructors");
}
RUST
cd "$folder"
cargo run --quiet
