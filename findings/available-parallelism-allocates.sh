#!/usr/bin/env bash
# std::thread::available_parallelism in a program whose allocator takes a lock
#
# Guess that fails: how many cores there are is a constant, or one system call: a lock that is about to spin may ask, wherever
#   it stands, also inside the program's allocator.
# Version: std of Rust 1.95.0 on Linux, num_cpus 1.17.0; nothing else is installed.
# Behaviour: each call of std's function reads the files of the process's control group again, and allocates memory for their
#   text. It keeps nothing: the hundredth call costs what the first did. num_cpus allocates at its first call only. So a lock
#   that asks std while it waits comes back to the allocator; if that one waits for a lock, each waits inside the other
#   until the stack is full. A lock asks once, and has an answer for the time of the asking.
# Seen (Rust 1.95.0, Linux 6.18), allocations of four calls in a row:
#   std::thread::available_parallelism: [4, 4, 4, 4]
#   num_cpus::get: [31, 0, 0, 0]
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "asks"
version = "0.1.0"
edition = "2021"

[dependencies]
num_cpus = "=1.17.0"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does all that this one promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(ask: impl Fn() -> usize) -> [usize; 4] {
    [(); 4].map(|()| {
        let before = ALLOCATIONS.load(Relaxed);
        assert!(ask() >= 1);
        ALLOCATIONS.load(Relaxed) - before
    })
}

fn main() {
    let std = allocations(|| std::thread::available_parallelism().unwrap().get());
    let num_cpus = allocations(num_cpus::get);
    println!("std::thread::available_parallelism: {std:?}");
    println!("num_cpus::get: {num_cpus:?}");
    assert!(std.iter().all(|n| *n > 0), "the behaviour has changed: std no longer allocates");
    assert_eq!(num_cpus[1..], [0; 3], "the behaviour has changed: num_cpus allocates again");
}
RUST
cd "$folder"
cargo run --quiet
