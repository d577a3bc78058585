//! Real threads, more of them than cores, under load: what the models cannot hold.
//!
//! Bounded in work, not in time, so that a slow machine checks as much as a fast one. Threads share by
//! `&'static` and are spawned and joined, so that ThreadSanitizer can run the same tests.

#![cfg_attr(tsan, feature(custom_test_frameworks, test), test_runner(tsan::run))]

#[cfg(tsan)]
extern crate test;

mod barrier;
mod comparisons;
mod condition;
mod countdown;
mod event;
// Where a crate itself shares by `Arc`, its last drop is ordered by a fence, which the sanitizer does not know:
// this file, and those below that say `not(tsan)`.
#[cfg(not(tsan))]
mod executor;
mod lock;
mod panics;
mod queue;
mod rlock;
mod semaphore;
mod shutdown;
// ThreadSanitizer keeps a signal back while its thread is in the kernel, where these wait to see it handled.
#[cfg(all(target_os = "linux", not(tsan)))]
mod signals;
#[cfg(not(tsan))]
mod task_queue;
#[cfg(not(tsan))]
mod thread;
#[cfg(not(tsan))]
mod timer;
#[cfg(not(tsan))]
mod timers;
#[cfg(tsan)]
mod tsan;

use std::time::Duration;

/// Time-outs of 0 to 49 µs, in no order: some come before, some during, some after a hand-over.
fn patience(number: usize) -> Duration {
    Duration::from_micros((number * 37 % 50) as u64)
}
