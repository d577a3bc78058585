//! Timers, each on its own thread, cancelled when they are about to fire.

// It shares by `Arc`, and a fence orders the last drop, which ThreadSanitizer does not know.
#![cfg(not(tsan))]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use primitives::Timer;
use primitives::timer::JoinError;
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 4;

/// The rest of the hundred thousand races is in `timers`, where a race does not need a thread.
pub(crate) const RACES: usize = 2_000;

#[test]
fn each_fires_or_says_that_it_was_cancelled() {
    watched(|test| {
        let fired: &Vec<AtomicUsize> = leak((0..RACES).map(|_| AtomicUsize::new(0)).collect());
        let crew = test.crew(THREADS, move |thread| {
            for number in (thread..RACES).step_by(THREADS) {
                let fired = &fired[number];
                // Leaked, because the sanitizer cannot see how the last owner synchronises with the
                // others.
                let timer: &Timer = leak(Timer::new(patience(number), || {
                    fired.fetch_add(1, Relaxed);
                }));
                timer.start().expect("the system has a thread to give");
                for _ in 0..patience(number / 3).as_micros() * 50 {
                    std::hint::spin_loop();
                }
                let cancelled = timer.cancel();
                assert!(!timer.cancel());
                timer.join().expect("it was started, and nothing panics");
                assert_ne!(fired.load(Relaxed) == 1, cancelled, "number {number}");
            }
        });
        crew.join();
    });
}

#[test]
fn many_join_one_timer_whose_function_panics_and_all_are_told() {
    const ROUNDS: usize = 100;
    watched(|test| {
        let timers: &Vec<Timer> = leak(
            (0..ROUNDS)
                .map(|number| {
                    Timer::new(patience(number), || std::panic::resume_unwind(Box::new("boom")))
                })
                .collect(),
        );
        let crew = test.crew(THREADS, move |thread| {
            for (number, timer) in timers.iter().enumerate() {
                if number % THREADS == thread {
                    timer.start().expect("the system has a thread to give");
                }
                test.until(|| !matches!(timer.join(), Err(JoinError::NotStarted)));
                match timer.join() {
                    Err(JoinError::Panicked(panic)) => assert_eq!(panic.message(), "boom"),
                    other => panic!("it panicked, but join said {other:?}"),
                }
            }
        });
        crew.join();
    });
}
