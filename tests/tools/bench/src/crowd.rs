//! Eight that wait, and one that calls them all.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;

use crate::run::Run;
use crate::sample::Sample;

/// How many wait.
const CROWD: u32 = 8;

/// An operation is a call, from before it until all eight have said that they heard it. They and the caller are nine
/// threads, on however many cores there are. `wait(n)` returns after the n-th `call(n)`, from 1.
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
                // Release and Acquire: so that the next call comes after this wait for everybody.
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
