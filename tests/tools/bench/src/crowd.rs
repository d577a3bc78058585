//! Eight waiters, and one thread that wakes them all.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;

use crate::run::Run;
use crate::sample::Sample;

/// How many wait.
const CROWD: u32 = 8;

/// An operation is a call, from its start until all eight have confirmed it. With the caller there
/// are nine threads, on any number of cores. `wait(n)` returns after the n-th `call(n)`, from 1.
pub fn calls_to_eight(
    run: &Run,
    calls: u64,
    wait: impl Fn(u32) + Sync,
    call: impl Fn(u32) + Sync,
) -> Sample {
    let calls = run.scaled(calls) as u32;
    let heard = AtomicU32::new(0);
    run.until_done(CROWD as usize + 1, u64::from(calls), |thread| {
        for n in 1..=calls {
            if thread > 0 {
                wait(n);
                // Release and Acquire: so that for all threads the next call comes after this wait.
                heard.fetch_add(1, Release);
            } else {
                call(n);
                while heard.load(Acquire) < n * CROWD {
                    thread::yield_now();
                }
            }
        }
    })
}
