#!/usr/bin/env bash
# rayon: a task that waits for its own other half runs a third task meanwhile, with its lock held
#
# Guess that fails: between the two ends of a critical section a thread does what stands there, and nothing else.
# Version: rayon 1.12.0.
# Behaviour: `join` runs one half, and if another thread has taken the other half over, the thread does not sleep: it takes any
#   task of the pool and runs it on its own stack. That task sees the thread's locks as its own: a `lock` would wait for
#   its own thread, and a recursive lock or a thread-local would let it in. So no lock may be held across `join`, `scope` or a
#   parallel iterator, if another task of the pool may want it.
# Seen (rayon 1.12.0), with a pool of two threads:
#   another task runs; the lock is taken: true, by its own thread: true
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "helps"
version = "0.1.0"
edition = "2021"

[dependencies]
rayon = "=1.12.0"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::Duration;

thread_local!(static HOLDS: Cell<bool> = const { Cell::new(false) });
static LOCK: Mutex<()> = Mutex::new(());
static SEEN: AtomicBool = AtomicBool::new(false);

fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.scope(|scope| {
        scope.spawn(|scope| {
            let _guard = LOCK.lock().unwrap();
            HOLDS.set(true);
            let second = || {
                scope.spawn(|_| {
                    // Not `lock`, which would wait for its own thread.
                    let (taken, mine) = (LOCK.try_lock().is_err(), HOLDS.get());
                    println!("another task runs; the lock is taken: {taken}, by its own thread: {mine}");
                    SEEN.store(taken && mine, SeqCst);
                });
                sleep(Duration::from_millis(300));
            };
            // The other thread has time to take the second half over.
            rayon::join(|| sleep(Duration::from_millis(100)), second);
            HOLDS.set(false);
        });
    });
    assert!(SEEN.load(SeqCst), "the behaviour has changed: a waiting thread runs nothing else");
}
RUST
cd "$folder"
cargo run --quiet
