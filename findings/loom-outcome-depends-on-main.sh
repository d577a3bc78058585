#!/usr/bin/env bash
# loom finds a plain data race or passes it, depending on which of the two threads is the main one.
#
# Guess that fails: loom tries every execution of a small model, so it does not matter which side runs in the main thread
#   and which one is spawned.
# Version: loom 0.7.2.
# Behaviour: a lazy cell with a relaxed flag and a relaxed store is a data race: the reader may see the flag and read the
#   value, but the two are unordered. One side looks at the flag, writes the value, and sets the flag. The other side looks
#   at the flag and reads the value if it is set. If the reader is the main thread, loom stops after one execution, in which
#   the reader did not see the flag, and passes. If the reader is spawned, loom finds the race.
#   loom remembers one last access for each atomic, and the writer's own look at the flag hides the reader's.
# Seen:
#   main thread is the reader: passes (executions: 1, flag seen: 0)
#   main thread is the writer: data race found (executions: 2, flag seen: 1)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"

[dependencies]
loom = "=0.7.2"

[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
use loom::sync::Arc;
use std::panic::{catch_unwind, set_hook};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
static FLAG_SEEN: AtomicUsize = AtomicUsize::new(0);

struct Lazy {
    ready: AtomicBool,
    value: UnsafeCell<u32>,
}

fn write(lazy: &Lazy) {
    if !lazy.ready.load(Relaxed) {
        // SAFETY: none; that is the mistake which loom is asked to find.
        lazy.value.with_mut(|value| unsafe { *value = 7 });
        lazy.ready.store(true, Relaxed);
    }
}

fn read(lazy: &Lazy) {
    if lazy.ready.load(Relaxed) {
        FLAG_SEEN.fetch_add(1, SeqCst);
        // SAFETY: none, as above.
        lazy.value.with(|value| unsafe { *value });
    }
}

/// Whether loom finds the race.
fn judge(main: fn(&Lazy), spawned: fn(&Lazy)) -> bool {
    EXECUTIONS.store(0, SeqCst);
    FLAG_SEEN.store(0, SeqCst);
    let judged = catch_unwind(|| {
        loom::model(move || {
            EXECUTIONS.fetch_add(1, SeqCst);
            let lazy = Arc::new(Lazy { ready: AtomicBool::new(false), value: UnsafeCell::new(0) });
            let other = lazy.clone();
            let thread = loom::thread::spawn(move || spawned(&other));
            main(&lazy);
            thread.join().unwrap();
        })
    });
    judged.is_err()
}

fn main() {
    set_hook(Box::new(|_| ()));
    let mut found = Vec::new();
    for (name, main, spawned) in [("reader", read as fn(&Lazy), write as fn(&Lazy)), ("writer", write, read)] {
        let race = judge(main, spawned);
        println!(
            "main thread is the {name}: {} (executions: {}, flag seen: {})",
            if race { "data race found" } else { "passes" },
            EXECUTIONS.load(SeqCst),
            FLAG_SEEN.load(SeqCst)
        );
        found.push(race);
    }
    assert_eq!(found, [false, true], "the behaviour has changed");
}
RUST
CARGO_TARGET_DIR="$folder/target" cargo run -q --manifest-path "$folder/Cargo.toml"
