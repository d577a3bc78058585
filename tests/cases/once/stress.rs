//! Many values that are set up once, by many threads at the same time.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use primitives::OnceLock;
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

#[test]
fn each_place_is_made_once_and_seen_whole_by_all() {
    const PLACES: usize = 2_000;
    watched(|test| {
        let places: &Vec<OnceLock<[usize; 3]>> =
            leak((0..PLACES).map(|_| OnceLock::new()).collect());
        let made: &AtomicUsize = leak(AtomicUsize::new(0));
        let crew = test.crew(THREADS, move |thread| {
            for (number, place) in places.iter().enumerate() {
                let value = match (thread + number) % 4 {
                    // At least two threads make each value, so that threads that only wait are not
                    // stranded.
                    0 | 1 => place.get_or_init(|| {
                        made.fetch_add(1, Relaxed);
                        std::thread::yield_now(); // long enough for the others to fall asleep
                        [number; 3]
                    }),
                    2 => place.wait(),
                    _ => loop {
                        if let Some(value) = place.wait_timeout(patience(number)) {
                            break value;
                        }
                    },
                };
                assert_eq!(*value, [number; 3]);
            }
        });
        crew.join();
        assert_eq!(made.load(Relaxed), PLACES);
    });
}

#[test]
fn after_attempts_that_fail_another_thread_makes_it() {
    const PLACES: usize = 1_000;
    watched(|test| {
        let places: &Vec<OnceLock<usize>> = leak((0..PLACES).map(|_| OnceLock::new()).collect());
        let attempts: &Vec<AtomicUsize> = leak((0..PLACES).map(|_| AtomicUsize::new(0)).collect());
        let crew = test.crew(THREADS, move |_| {
            let mut failures = 0;
            for (place, attempts) in places.iter().zip(attempts) {
                // One thread at a time is inside, and the next sees what it did.
                let made = place.get_or_try_init(|| {
                    let attempt = attempts.load(Relaxed);
                    attempts.store(attempt + 1, Relaxed);
                    std::thread::yield_now();
                    if attempt < THREADS - 1 { Err(attempt) } else { Ok(attempt) }
                });
                failures += usize::from(made.is_err());
            }
            failures
        });
        let failures: usize = crew.join().into_iter().sum();
        // Each of the threads tried once: all but the last one failed.
        assert_eq!(failures, PLACES * (THREADS - 1));
        assert!(places.iter().all(|place| place.get() == Some(&(THREADS - 1))));
    });
}
