//! Thousands of timers on one thread, set and cancelled by many.

// It shares by `Arc`, and a fence orders the last drop, which ThreadSanitizer does not know.
#![cfg(not(tsan))]

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};

use primitives::{TimerHandle, Timers};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 4;

/// Together with those of `timer`, a hundred thousand.
const RACES: usize = 100_000 - crate::timer::stress::RACES;

#[test]
fn each_of_thousands_fires_or_says_that_it_was_cancelled() {
    /// How many a thread sets before it cancels the first of them.
    const AHEAD: usize = 40;
    watched(|test| {
        let timers: &Timers = leak(Timers::new());
        let fired: &Vec<AtomicU8> = leak((0..RACES).map(|_| AtomicU8::new(0)).collect());
        let crew = test.crew(THREADS, move |thread| {
            let mut cancelled = Vec::new();
            let mut ahead: Vec<(usize, TimerHandle)> = Vec::new();
            for number in (thread..RACES).step_by(THREADS) {
                let fired = &fired[number];
                let handle = timers.after(patience(number), || _ = fired.fetch_add(1, Relaxed));
                ahead.push((number, handle));
                if ahead.len() == AHEAD {
                    // In random order, and each twice.
                    let (number, handle) = ahead.swap_remove(number * 31 % AHEAD);
                    if handle.cancel() {
                        cancelled.push(number);
                    }
                    assert!(!handle.cancel());
                }
            }
            cancelled
        });
        let mut was_cancelled = vec![false; RACES];
        for number in crew.join().into_iter().flatten() {
            was_cancelled[number] = true;
        }
        test.until(|| timers.pending() == 0);
        // A timer that is no longer pending may still be about to be called.
        let done: &AtomicUsize = leak(AtomicUsize::new(0));
        timers.after(patience(0), || done.store(1, Relaxed));
        test.until(|| done.load(Relaxed) == 1);
        for (number, cancelled) in was_cancelled.into_iter().enumerate() {
            let expected = u8::from(!cancelled);
            assert_eq!(fired[number].load(Relaxed), expected, "number {number}: {cancelled}");
        }
    });
}

#[test]
fn callbacks_that_panic_stop_nobody_else() {
    const EACH: usize = 2_000;
    watched(|test| {
        let timers: &Timers = leak(Timers::new());
        let called: &AtomicUsize = leak(AtomicUsize::new(0));
        let crew = test.crew(THREADS, move |_| {
            for number in 0..EACH {
                timers.after(patience(number), move || {
                    called.fetch_add(1, Relaxed);
                    if number % 3 == 0 {
                        resume_unwind(Box::new(())); // as a panic, but says nothing
                    }
                });
            }
        });
        crew.join();
        test.until(|| called.load(Relaxed) == THREADS * EACH);
        assert!(timers.thread().is_alive());
    });
}

/// Timers are started, set and dropped again and again, with timers due at the moment of the
/// shutdown.
#[test]
fn what_is_pending_at_a_shutdown_is_called_or_discarded() {
    const ROUNDS: usize = 100;
    const TIMERS: usize = 50;
    watched(|test| {
        let called: &AtomicUsize = leak(AtomicUsize::new(0));
        for round in 0..ROUNDS {
            called.store(0, Relaxed);
            let timers = Timers::new();
            for number in 0..TIMERS {
                timers.after(patience(number), || _ = called.fetch_add(1, Relaxed));
            }
            let some = round % TIMERS;
            test.until(|| called.load(Relaxed) >= some);
            let discarded = timers.shutdown();
            assert_eq!(called.load(Relaxed) + discarded, TIMERS);
        }
    });
}
