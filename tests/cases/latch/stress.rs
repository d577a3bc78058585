//! Latches with many threads, with and without timeouts.

use std::cell::UnsafeCell;
use std::time::Instant;

use primitives::Latch;
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

/// A latch, and each worker's work before it counted down.
struct Work {
    done: Latch,
    by: [UnsafeCell<usize>; THREADS],
}

// SAFETY: one worker writes each place before it counts down, and it is read after the latch is
// open; ThreadSanitizer checks that.
unsafe impl Sync for Work {}

#[test]
fn all_that_was_done_before_the_count_is_seen_after_the_wait() {
    const ROUNDS: usize = 1_000;
    watched(|test| {
        let rounds: &Vec<Work> = leak(
            (0..ROUNDS)
                .map(|_| Work { done: Latch::new(THREADS), by: Default::default() })
                .collect(),
        );
        let workers = test.crew(THREADS, move |thread| {
            for (number, work) in rounds.iter().enumerate() {
                // SAFETY: this thread's place, and the latch is not open without its count.
                unsafe { *work.by[thread].get() = number + 1 };
                if number % 8 == thread {
                    work.done.arrive_and_wait();
                } else {
                    work.done.count_down();
                }
            }
        });
        let waiters = test.crew(THREADS, move |thread| {
            for (number, work) in rounds.iter().enumerate() {
                match (thread + number) % 3 {
                    0 => work.done.wait(), // stranded, this one would sleep without end
                    1 => while !work.done.wait_timeout(patience(number)) {},
                    _ => while !work.done.wait_deadline(Instant::now() + patience(number)) {},
                }
                for place in &work.by {
                    // SAFETY: the latch is open, and no worker writes after its count.
                    assert_eq!(unsafe { *place.get() }, number + 1);
                }
            }
        });
        workers.join();
        waiters.join();
    });
}
