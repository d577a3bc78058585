//! The lock with many threads, with and without timeouts.

use std::time::Instant;

use primitives::Lock;
use primitives::raw::RawLock;
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

/// Three numbers that are equal whenever no thread holds the lock.
type Triple = [usize; 3];

fn step(triple: &mut Triple) {
    for number in triple {
        *number += 1;
    }
}

#[test]
fn a_counter_under_contention_is_exact() {
    const EACH: usize = 150_000;
    watched(|test| {
        let lock: &Lock<Triple> = leak(Lock::default());
        let crew = test.crew(THREADS, move |_| {
            for _ in 0..EACH {
                let mut triple = lock.lock();
                assert!(triple[0] == triple[1] && triple[1] == triple[2], "{triple:?}");
                step(&mut triple);
            }
        });
        crew.join();
        assert!(!lock.is_locked());
        assert_eq!(*lock.lock(), [THREADS * EACH; 3]);
    });
}

#[test]
fn a_counter_is_exact_where_some_give_up_and_nobody_is_stranded() {
    const EACH: usize = 40_000;
    watched(|test| {
        let lock: &Lock<Triple> = leak(Lock::default());
        let crew = test.crew(THREADS, move |thread| {
            let mut successes = 0;
            for number in 0..EACH {
                let guard = match (thread + number) % 4 {
                    0 => Some(lock.lock()), // stranded, this one would never wake up
                    1 => lock.lock_timeout(patience(number)),
                    2 => lock.lock_deadline(Instant::now() + patience(number)),
                    _ => lock.try_lock(),
                };
                let Some(mut triple) = guard else { continue };
                step(&mut triple);
                successes += 1;
                if number % 64 == 0 {
                    // Long enough for the others to fall asleep and to time out.
                    std::thread::yield_now();
                }
            }
            successes
        });
        let successes: usize = crew.join().into_iter().sum();
        assert!(successes >= THREADS * EACH / 4, "the patient calls came through every time");
        assert!(!lock.is_locked());
        assert_eq!(*lock.lock(), [successes; 3]);
    });
}

#[test]
fn a_raw_lock_goes_from_hand_to_hand_round_a_ring() {
    const LAPS: usize = 2_000;
    const RING: usize = 4;
    watched(|test| {
        // All are locked except the one whose turn it is, which its neighbour released.
        let turns: &[RawLock; RING] = leak(Default::default());
        let laps: &Lock<usize> = leak(Lock::default());
        turns.iter().for_each(RawLock::acquire);
        let crew = test.crew(RING, move |place| {
            for lap in 0..LAPS {
                if place % 2 == 0 {
                    turns[place].acquire();
                } else {
                    while !turns[place].acquire_timeout(patience(lap)) {}
                }
                *laps.lock() += 1;
                assert_eq!(*laps.lock(), lap * RING + place + 1, "a thread ran out of turn");
                turns[(place + 1) % RING].release();
            }
        });
        turns[0].release();
        crew.join();
        assert_eq!(turns.iter().filter(|turn| turn.is_locked()).count(), RING - 1);
        assert!(turns[0].try_acquire(), "the last lap came round to the first");
    });
}
