//! Threads that end while others wait for them, or drop their handles.

// It shares by `Arc`, and a fence orders the last drop, which ThreadSanitizer does not know.
#![cfg(not(tsan))]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use primitives::threads::{self, Builder};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 4;

#[test]
fn a_join_that_gives_up_and_an_end_at_once_agree_in_the_end() {
    const EACH: usize = 300;
    watched(|test| {
        let crew = test.crew(THREADS, move |thread| {
            for number in 0..EACH {
                let handle = threads::spawn(move || {
                    for _ in 0..patience(number).as_micros() * 50 {
                        std::hint::spin_loop();
                    }
                    number
                });
                let mut tries = 0;
                while !match (thread + tries) % 2 {
                    0 => handle.join_timeout(patience(number + tries)),
                    _ => handle.join_deadline(Instant::now() + patience(number + tries)),
                } {
                    tries += 1;
                }
                // A thread that learned of its end does not find it running.
                assert!(handle.is_finished() && !handle.thread().is_alive());
                assert_eq!(handle.join().expect("it does not panic"), number);
            }
        });
        crew.join();
    });
}

#[test]
fn threads_that_nobody_joins_leave_the_list() {
    const EACH: usize = 200;
    watched(|test| {
        let ended: &AtomicUsize = leak(AtomicUsize::new(0));
        let crew = test.crew(THREADS, move |_| {
            for _ in 0..EACH {
                let detached = Builder::new().name("detached").spawn(|| {
                    assert!(threads::enumerate().contains(&threads::current()));
                    ended.fetch_add(1, Relaxed);
                });
                drop(detached.expect("the system has a thread to give"));
                assert!(threads::active_count() > 0);
            }
        });
        crew.join();
        let left = || threads::enumerate().iter().any(|thread| thread.name() == "detached");
        test.until(|| ended.load(Relaxed) == THREADS * EACH && !left());
    });
}
