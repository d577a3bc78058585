//! The floors: the least that the hardware asks of anybody, bare.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread;

use crate::run::Run;
use crate::sample::Sample;

/// One load.
pub fn one_load(run: &Run) -> Sample {
    let word = AtomicU32::new(0);
    let word = black_box(&word);
    run.alone(100_000, || _ = black_box(word.load(Acquire) != 0))
}

/// A compare-exchange, a change of a plain number, a store: a lock that cannot sleep.
pub fn compare_exchange_and_store(run: &Run) -> Sample {
    let word = AtomicU32::new(0);
    let word = black_box(&word);
    let mut number = 0_u64;
    let number = black_box(&mut number);
    run.alone(50_000, || {
        // Acquire and Release pair with each other, were there a second thread.
        let _ = black_box(word.compare_exchange(0, 1, Acquire, Relaxed));
        *number = number.wrapping_add(1);
        word.store(0, Release);
    })
}

/// Two threads that hand a word to and fro: what a cache line takes from one core to the other, and no lock to
/// be had in turns can be faster. An operation is one hand-over.
pub fn hand_over(run: &Run) -> Sample {
    let hand_overs = run.scaled(20_000) as u32 / 2 * 2;
    let word = AtomicU32::new(0);
    run.until_done(2, u64::from(hand_overs), |thread| {
        for turn in (thread as u32..hand_overs).step_by(2) {
            // Acquire: pairs with the Release below, as if there were data to hand over.
            wait_for(|| word.load(Acquire) == turn);
            word.store(turn + 1, Release);
        }
    })
}

/// One load whose value nobody asks for: beside a call that returns nothing.
pub fn one_load_unused(run: &Run) -> Sample {
    let word = AtomicU32::new(0);
    let word = black_box(&word);
    run.alone(100_000, || {
        if word.load(Relaxed) != 0 {
            black_box(());
        }
    })
}

/// Two threads that each write a word and wait until the other has, both on one cache line: the least that
/// two threads need to know that both are there. An operation is one such meeting.
pub fn exchange(run: &Run) -> Sample {
    #[repr(align(64))]
    struct Line([AtomicU32; 2]);
    let line = Line([const { AtomicU32::new(0) }; 2]);
    let meetings = run.scaled(20_000) as u32;
    run.until_done(2, u64::from(meetings), |thread| {
        for meeting in 1..=meetings {
            // Release: pairs with the Acquire in the other thread's `wait_for`.
            line.0[thread].store(meeting, Release);
            wait_for(|| line.0[1 - thread].load(Acquire) >= meeting);
        }
    })
}

/// Looks at every pause. Now and then yields, should the other thread need this very core.
fn wait_for(ready: impl Fn() -> bool) {
    let mut looks = 0_u32;
    while !ready() {
        looks += 1;
        if looks.is_multiple_of(1000) {
            thread::yield_now();
        }
        spin_loop();
    }
}
