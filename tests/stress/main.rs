//! Real threads, more of them than cores, under load: what the models cannot hold.
//!
//! Bounded in work, not in time, so that a slow machine checks as much as a fast one. Threads share by
//! `&'static` and are spawned and joined, so that ThreadSanitizer can run the same tests.

#![cfg_attr(tsan, feature(custom_test_frameworks, test), test_runner(tsan::run))]

#[cfg(tsan)]
extern crate test;

mod condition;
mod lock;
mod queue;
mod shutdown;
#[cfg(tsan)]
mod tsan;

use std::time::Duration;

/// Time-outs of 0 to 49 µs, in no order: some come before, some during, some after a hand-over.
fn patience(number: usize) -> Duration {
    Duration::from_micros((number * 37 % 50) as u64)
}
