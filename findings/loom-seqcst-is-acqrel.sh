#!/usr/bin/env bash
# loom: two SeqCst stores, two SeqCst loads, and both threads read the old value.
#
# Guess that fails: an execution that a model checker reports can happen. All threads agree on one order of `SeqCst` accesses.
#   So if two threads each store to their own flag and load the other's, at least one sees the other (Dekker's algorithm).
# Version: loom 0.7.2.
# Behaviour: loom treats a `SeqCst` load or store as `Acquire` or `Release`, as its README says. So it reports an execution
#   that the memory model forbids and no machine shows. Only `fence(SeqCst)` is modelled: with one between the
#   store and the load the report goes away. A correct algorithm of Dekker, Peterson or Lamport fails under loom until it has the fence.
# Seen:
#   SeqCst accesses: neither saw the other in 10 of 30 executions
#   with fence(SeqCst) between: in 0 of 15
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
use loom::sync::atomic::{fence, AtomicBool, Ordering::SeqCst};
use loom::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
static NEITHER_SAW: AtomicUsize = AtomicUsize::new(0);

/// The number of executions in which neither thread saw the other's store, and of all.
fn count(fenced: bool) -> (usize, usize) {
    EXECUTIONS.store(0, Relaxed);
    NEITHER_SAW.store(0, Relaxed);
    loom::model(move || {
        let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let side = move |flags: &[AtomicBool; 2], mine: usize| {
            flags[mine].store(true, SeqCst);
            if fenced {
                fence(SeqCst);
            }
            flags[1 - mine].load(SeqCst)
        };
        let other = flags.clone();
        let thread = loom::thread::spawn(move || side(&other, 1));
        let main_saw = side(&flags, 0);
        let thread_saw = thread.join().unwrap();
        EXECUTIONS.fetch_add(1, Relaxed);
        NEITHER_SAW.fetch_add(usize::from(!main_saw && !thread_saw), Relaxed);
    });
    (NEITHER_SAW.load(Relaxed), EXECUTIONS.load(Relaxed))
}

fn main() {
    let (plain, of_plain) = count(false);
    println!("SeqCst accesses: neither saw the other in {plain} of {of_plain} executions");
    let (fenced, of_fenced) = count(true);
    println!("with fence(SeqCst) between: in {fenced} of {of_fenced}");
    assert!(plain > 0 && fenced == 0, "the behaviour has changed");
}
RUST
CARGO_TARGET_DIR="$folder/target" cargo run -q --manifest-path "$folder/Cargo.toml"
