//! Small programs, compiled once against the explorer and once against Shuttle.

use super::rt::{AtomicU32, wait, wake_one};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// What the threads share.
pub(super) struct Shared {
    word: AtomicU32,
    count: AtomicU32,
    ready: AtomicU32,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self { word: AtomicU32::new(0), count: AtomicU32::new(0), ready: AtomicU32::new(0) }
    }
}

type Body = fn(&Shared);

fn add(shared: &Shared) {
    let before = shared.count.load(Relaxed);
    shared.count.store(before + 1, Relaxed);
}

/// Looks and takes in two steps, once.
fn try_badly(shared: &Shared) {
    if shared.word.load(Acquire) == 0 {
        shared.word.store(1, Relaxed);
        add(shared);
        shared.word.store(0, Release);
    }
}

/// Looks and takes in one step, once.
fn try_well(shared: &Shared) {
    if shared.word.compare_exchange(0, 1, Acquire, Relaxed).is_ok() {
        add(shared);
        shared.word.store(0, Release);
    }
}

/// Looks, and then goes to sleep whatever has happened since: a call can be missed.
fn sleeps_badly(shared: &Shared) {
    if shared.ready.load(Acquire) == 0 {
        let now = shared.word.load(Relaxed);
        wait(&shared.word, now);
    }
}

fn calls(shared: &Shared) {
    shared.ready.store(1, Release);
    shared.word.fetch_add(1, Relaxed);
    wake_one(&shared.word);
}

/// By name, a body a thread.
pub(super) fn programs() -> Vec<(&'static str, Vec<Body>)> {
    vec![
        ("two add", vec![add, add]),
        ("three add", vec![add, add, add]),
        ("two try badly", vec![try_badly, try_badly]),
        ("two try well", vec![try_well, try_well]),
        ("a call that can be missed", vec![sleeps_badly, calls]),
    ]
}
