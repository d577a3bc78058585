#!/usr/bin/env bash
# loom: a spin lock that is freed by a store has endless executions; freed by a swap, it passes.
#
# Guess that fails: `lock.store(false, Release)` frees a spin lock, which every textbook shows, and loom passes a spin loop
#   that calls `loom::thread::yield_now`, as its documentation advises.
# Version: loom 0.7.2.
# Behaviour: two threads take the lock once each, by `swap(true, Acquire)` in a loop with `yield_now`, and free it. The
#   lock is correct in both versions. If `swap(false, AcqRel)` frees it, loom passes. If a plain store frees it, loom stops
#   with "Model exceeded maximum number of branches", which reads as a livelock of the program under test.
# Seen:
#   freed by a swap: passes
#   freed by a store: Model exceeded maximum number of branches. This is often caused by an algorithm requiring the processor to make progress, e.g. spin locks.
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
use loom::sync::atomic::{AtomicBool, Ordering::{AcqRel, Acquire, Release}};
use loom::sync::Arc;
use std::panic::{catch_unwind, set_hook};

fn section(lock: &AtomicBool, free: fn(&AtomicBool)) {
    while lock.swap(true, Acquire) {
        loom::thread::yield_now();
    }
    free(lock);
}

/// "passes", or what loom says.
fn judge(free: fn(&AtomicBool)) -> String {
    let judged = catch_unwind(|| {
        loom::model(move || {
            let lock = Arc::new(AtomicBool::new(false));
            let other = lock.clone();
            let thread = loom::thread::spawn(move || section(&other, free));
            section(&lock, free);
            thread.join().unwrap();
        })
    });
    match judged {
        Ok(()) => "passes".to_string(),
        Err(error) => match error.downcast::<&str>() {
            Ok(text) => text.to_string(),
            Err(error) => *error.downcast::<String>().unwrap(),
        },
    }
}

fn main() {
    set_hook(Box::new(|_| ()));
    let swap = judge(|lock| {
        lock.swap(false, AcqRel);
    });
    println!("freed by a swap: {swap}");
    let store = judge(|lock| lock.store(false, Release));
    println!("freed by a store: {store}");
    assert!(swap == "passes" && store.contains("maximum number of branches"), "the behaviour has changed");
}
RUST
CARGO_TARGET_DIR="$folder/target" cargo run -q --manifest-path "$folder/Cargo.toml"
