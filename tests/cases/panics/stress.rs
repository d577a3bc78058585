//! Threads that panic while they hold a guard or a permit: it goes back, and no thread waits for it
//! without end.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use primitives::{Barrier, BoundedSemaphore, Lock, RLock, Semaphore};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 6;
const EACH: usize = 2_000;

fn panics(number: usize) -> bool {
    number.is_multiple_of(3)
}

/// Runs a body that panics every few times.
fn perhaps_panicking(number: usize, hold: impl FnOnce()) {
    let result = catch_unwind(AssertUnwindSafe(hold));
    assert_eq!(result.is_err(), panics(number));
}

fn panic_if(number: usize) {
    if panics(number) {
        resume_unwind(Box::new(())); // as a panic, but says nothing
    }
}

#[test]
fn a_panic_lets_go_of_locks_and_permits() {
    struct Shared {
        lock: Lock<usize>,
        rlock: RLock<Cell<usize>>,
        semaphore: Semaphore,
        bounded: BoundedSemaphore,
    }
    watched(|test| {
        let shared: &Shared = leak(Shared {
            lock: Lock::new(0),
            rlock: RLock::new(Cell::new(0)),
            semaphore: Semaphore::new(2),
            bounded: BoundedSemaphore::new(2),
        });
        let crew = test.crew(THREADS, move |_| {
            for number in 0..EACH {
                perhaps_panicking(number, || {
                    let _permit = shared.semaphore.acquire(); // stranded, this one would never wake up
                    let mut guard = shared.lock.lock();
                    *guard += 1;
                    panic_if(number);
                });
                perhaps_panicking(number, || {
                    let _permit = shared.bounded.acquire();
                    let outer = shared.rlock.lock();
                    let inner = shared.rlock.lock();
                    inner.set(outer.get() + 1);
                    panic_if(number);
                });
                // Others give up meanwhile.
                drop(shared.semaphore.acquire_timeout(patience(number)));
                drop(shared.rlock.lock_timeout(patience(number)));
            }
        });
        crew.join();
        assert_eq!(*shared.lock.lock(), THREADS * EACH);
        assert_eq!(shared.rlock.lock().get(), THREADS * EACH);
        assert_eq!((shared.semaphore.available(), shared.bounded.available()), (2, 2));
    });
}

#[test]
fn an_action_that_panics_fails_its_round_and_a_reset_mends_it() {
    const PARTIES: usize = 3;
    const ROUNDS: usize = 40;
    watched(|test| {
        let round: &Lock<usize> = leak(Lock::new(0));
        let action = move || panic_if(*round.lock());
        let barrier = leak(Barrier::new(PARTIES).with_action(action));
        let gate: &Barrier = leak(Barrier::new(PARTIES));
        let crew = test.crew(PARTIES, move |thread| {
            let mut panicked = 0;
            for number in 0..ROUNDS {
                let went = match catch_unwind(AssertUnwindSafe(|| barrier.wait())) {
                    Ok(result) => result.is_ok(),
                    Err(_) => {
                        panicked += 1;
                        false
                    }
                };
                assert_eq!(went, !panics(number));
                gate.wait().expect("no thread gives up");
                if thread == 0 {
                    barrier.reset();
                    *round.lock() += 1;
                }
                gate.wait().expect("no thread gives up");
            }
            panicked
        });
        let panicked: usize = crew.join().into_iter().sum();
        assert_eq!(panicked, ROUNDS.div_ceil(3), "in one thread a round");
    });
}
