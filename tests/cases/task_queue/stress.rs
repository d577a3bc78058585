//! Tasks from many threads: all of them run or come back, and `join` sees what they did.

// It shares by `Arc`, and a fence orders the last drop, which ThreadSanitizer does not know.
#![cfg(not(tsan))]

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use queues::{PutError, TaskQueue};
use tests::{Ledger, leak, watched};

const ADDERS: usize = 4;
const WORKERS: usize = 4;

#[test]
fn every_join_sees_all_that_was_added_before_it() {
    const ROUNDS: usize = 100;
    const BATCH: usize = 25;
    watched(|test| {
        let tasks = leak(TaskQueue::new(WORKERS));
        let ran: &[AtomicUsize; ADDERS] = leak(Default::default());
        let adders = test.crew(ADDERS, move |adder| {
            for round in 1..=ROUNDS {
                for number in 0..BATCH {
                    // Relaxed: the test is whether `join` sees it.
                    let task = move || {
                        ran[adder].fetch_add(1, Relaxed);
                        if number == 0 {
                            resume_unwind(Box::new("on purpose")); // past the hook, which would print it
                        }
                    };
                    assert!(tasks.add_task(task).is_ok());
                }
                assert!(tasks.join().ran >= (round * BATCH) as u64);
                assert_eq!(ran[adder].load(Relaxed), round * BATCH);
            }
        });
        adders.join();
        let counts = tasks.join();
        assert_eq!(counts.ran, (ADDERS * ROUNDS * BATCH) as u64);
        assert_eq!(counts.failed, (ADDERS * ROUNDS) as u64);
        tasks.shutdown();
    });
}

#[test]
fn against_a_shutdown_every_task_runs_comes_back_or_is_discarded() {
    const EACH: usize = 500;
    watched(|test| {
        for round in 0..20 {
            let tasks = leak(TaskQueue::new(WORKERS));
            let ledger = Ledger::new(ADDERS, EACH);
            let adders = test.crew(ADDERS, move |adder| {
                let mut refused = 0;
                for number in 0..EACH {
                    let item = ledger.item(adder, number);
                    if let Err(PutError::Shutdown(_)) = tasks.add_task(move || item.take()) {
                        refused += 1;
                    }
                }
                refused
            });
            let shutdown = test.crew(1, move |_| {
                test.until(|| tasks.counts().ran > round * 20);
                if round % 2 == 0 { tasks.shutdown_now() } else { 0 }
            });
            let discarded: usize = shutdown.join().into_iter().sum();
            let refused: usize = adders.join().into_iter().sum();
            let ran = tasks.join().ran as usize;
            assert_eq!(ran + discarded + refused, ADDERS * EACH);
            assert_eq!(ledger.close(), (ran, discarded + refused));
            tasks.shutdown();
        }
    });
}
