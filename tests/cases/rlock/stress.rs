//! The reentrant lock with many threads, nested and not, with and without timeouts.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use primitives::raw::RawRLock;
use primitives::{Condition, RLock};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

#[test]
fn a_counter_is_exact_however_often_its_lock_is_taken() {
    const EACH: usize = 3_000;
    watched(|test| {
        let lock: &RLock<Cell<usize>> = leak(RLock::default());
        let crew = test.crew(THREADS, move |thread| {
            let mut successes = 0;
            for number in 0..EACH {
                let outer = match (thread + number) % 4 {
                    0 => Some(lock.lock()), // stranded, this one would never wake up
                    1 => lock.lock_timeout(patience(number)),
                    2 => lock.lock_deadline(Instant::now() + patience(number)),
                    _ => lock.try_lock(),
                };
                let Some(outer) = outer else { continue };
                let inner = lock.lock();
                let innermost = lock.try_lock().expect("this thread has it");
                assert_eq!(lock.recursion_count(), 3);
                let before = outer.get();
                drop(outer); // the order makes no difference
                drop(innermost);
                if number % 64 == 0 {
                    // Long enough for the others to fall asleep and to time out.
                    std::thread::yield_now();
                }
                inner.set(before + 1);
                successes += 1;
            }
            successes
        });
        let successes: usize = crew.join().into_iter().sum();
        assert!(successes >= THREADS * EACH / 4, "the patient calls came through every time");
        assert!(!lock.is_locked());
        assert_eq!(lock.lock().get(), successes);
    });
}

#[test]
fn a_nested_lock_can_be_waited_with_by_many() {
    const TAKERS: usize = 4;
    const EACH: usize = 400;
    /// The thread that gives tickets waits while there are too many.
    const FEW: usize = 3;
    #[derive(Default)]
    struct Tickets {
        lock: RawRLock,
        changed: Condition,
        number: AtomicUsize, // Relaxed: only changed by who has the lock
    }
    watched(|test| {
        let tickets: &Tickets = leak(Tickets::default());
        let number = move || tickets.number.load(Relaxed);
        let takers = test.crew(TAKERS, move |taker| {
            for ticket in 0..EACH {
                let depth = 1 + ticket % 3;
                (0..depth).for_each(|_| tickets.lock.acquire());
                if taker % 2 == 0 {
                    tickets.changed.wait_raw_while(&tickets.lock, || number() == 0);
                } else {
                    while number() == 0 {
                        tickets.changed.wait_raw_timeout(&tickets.lock, patience(ticket));
                        assert_eq!(tickets.lock.recursion_count(), depth);
                    }
                }
                tickets.number.store(number() - 1, Relaxed);
                (0..depth).for_each(|_| tickets.lock.release());
                assert!(!tickets.lock.is_owned());
            }
        });
        for _ in 0..TAKERS * EACH {
            test.until(|| number() < FEW);
            tickets.lock.acquire();
            tickets.number.store(number() + 1, Relaxed);
            tickets.lock.release();
            tickets.changed.notify_one();
        }
        takers.join();
        assert_eq!(number(), 0);
        assert!(!tickets.lock.is_locked());
    });
}
