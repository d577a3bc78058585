#!/usr/bin/env bash
# sched_yield beside one busy thread
#
# Guess that fails: `sched_yield` is the cheap way to wait: it costs less than a microsecond, and at worst lets another
#   thread run for a moment. A spin that yields a few times before it sleeps loses nothing.
# Version: Linux 6.6 and later, whose scheduler is EEVDF, on any processor; nothing is installed but rustc's own std.
# Behaviour: on a core that no other thread wants, a yield returns in less than a microsecond. Beside a busy thread, a yield
#   gives up the core for a whole slice of that thread: one to four milliseconds on average. That is thousands of times as
#   long, and more than a sleep on a futex and a wake-up cost (30-50 µs). `cargo results busy` measures
#   the effect on locks and channels that yield before they sleep.
# Seen (Linux 6.18, two cores of a virtual machine):
#   yield, alone: 0.2 µs on average
#   yield, beside a busy thread: 2203.0 µs on average
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/yields.rs" <<'RUST'
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// The mean of the yields of a quarter of a second, or of 20,000.
fn mean() -> f64 {
    let start = Instant::now();
    let mut yields = 0_u32;
    while start.elapsed() < Duration::from_millis(250) && yields < 20_000 {
        thread::yield_now();
        yields += 1;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(yields)
}

fn main() {
    // The best of several, should other programs want the core now and then.
    let alone = (0..8).map(|_| mean()).fold(f64::INFINITY, f64::min);
    println!("yield, alone: {alone:.1} µs on average");
    let over = Arc::new(AtomicBool::new(false));
    let hog = thread::spawn({
        let over = over.clone();
        move || while !over.load(Relaxed) {}
    });
    thread::sleep(Duration::from_millis(50));
    let beside = (0..4).map(|_| mean()).sum::<f64>() / 4.0;
    over.store(true, Relaxed);
    hog.join().unwrap();
    println!("yield, beside a busy thread: {beside:.1} µs on average");
    // A hundred microseconds is a few times what a sleep and a wake-up cost.
    assert!(beside > 100.0 && beside > 50.0 * alone, "the behaviour has changed");
}
RUST
rustc --edition 2021 -O -o "$folder/yields" "$folder/yields.rs"
# Both threads on the first core that this shell may use.
core=$(taskset -cp $$ | sed 's/.*: *//; s/[,-].*//')
taskset -c "$core" "$folder/yields"
