//! The floors: the bare minimum that the hardware takes.

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

/// A compare-exchange, a change of a plain number, and a store: a lock that cannot sleep.
pub fn compare_exchange_and_store(run: &Run) -> Sample {
    let word = AtomicU32::new(0);
    let word = black_box(&word);
    let mut number = 0_u64;
    let number = black_box(&mut number);
    run.alone(50_000, || {
        // Acquire and Release would pair with each other if there were a second thread.
        let _ = black_box(word.compare_exchange(0, 1, Acquire, Relaxed));
        *number = number.wrapping_add(1);
        word.store(0, Release);
    })
}

/// Two threads that hand a word to and fro. This is the time of a cache line from one core to the
/// other; no lock that alternates can be faster. An operation is one hand-over.
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

/// One load whose value is not used, compared with a call that returns nothing.
pub fn one_load_unused(run: &Run) -> Sample {
    let word = AtomicU32::new(0);
    let word = black_box(&word);
    run.alone(100_000, || {
        if word.load(Relaxed) != 0 {
            black_box(());
        }
    })
}

/// Two threads that each write a word and wait until the other has, both on one cache line: the
/// minimum for two threads to learn that both have arrived. An operation is one such meeting.
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

/// Looks at every pause. Yields now and then, in case the other thread needs this core.
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
