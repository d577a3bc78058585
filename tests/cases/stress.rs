//! Real threads, more than cores, under load: the models cannot contain that.
//!
//! Bounded in work, not in time, so that a slow machine checks as much as a fast one. Threads share
//! by `&'static` and are spawned and joined, so that ThreadSanitizer can run the same tests.

#![cfg_attr(tsan, feature(custom_test_frameworks, test), test_runner(tsan::run))]

use watchdog as _;

#[cfg(tsan)]
extern crate test;

cases::modules!(stress);

#[cfg(tsan)]
#[path = "../lib/stress/tsan.rs"]
mod tsan;
