//! Events with many waiters, with and without timeouts.

use std::cell::UnsafeCell;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use primitives::{Event, Lock};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

/// Waits in one of the forms of the call until it is set.
fn wait(event: &Event, form: usize, patience_of: usize) {
    match form % 3 {
        0 => event.wait(), // stranded, this one would never wake up
        1 => while !event.wait_timeout(patience(patience_of)) {},
        _ => while !event.wait_deadline(Instant::now() + patience(patience_of)) {},
    }
}

#[test]
fn who_passes_a_gate_sees_what_lies_behind() {
    const GATES: usize = 600;
    #[derive(Default)]
    struct Gate {
        open: Event,
        behind: UnsafeCell<usize>,
    }
    // SAFETY: written before the event is set, read after; ThreadSanitizer watches that it is so.
    unsafe impl Sync for Gate {}
    watched(|test| {
        let gates: &Vec<Gate> = leak((0..GATES).map(|_| Gate::default()).collect());
        let passed: &AtomicUsize = leak(AtomicUsize::new(0));
        let crew = test.crew(THREADS, move |thread| {
            for (number, gate) in gates.iter().enumerate() {
                wait(&gate.open, thread + number, number);
                // SAFETY: the gate is open, and no thread writes behind an open gate.
                assert_eq!(unsafe { *gate.behind.get() }, number);
                passed.fetch_add(1, Relaxed);
            }
        });
        for (number, gate) in gates.iter().enumerate() {
            // SAFETY: the gate is closed.
            unsafe { *gate.behind.get() = number };
            gate.open.set();
            // Some gates open before any thread comes, some after all have come.
            test.until(|| passed.load(Relaxed) >= THREADS * number.saturating_sub(number % 5));
        }
        crew.join();
    });
}

#[test]
fn in_a_storm_of_set_and_clear_nobody_is_stranded() {
    const EACH: usize = 150;
    watched(|test| {
        let event: &Event = leak(Event::new());
        let left: &AtomicUsize = leak(AtomicUsize::new(THREADS));
        let waiters = test.crew(THREADS, move |thread| {
            (0..EACH).for_each(|number| wait(event, thread, number));
            left.fetch_sub(1, Relaxed);
        });
        // Two, so that a `set` meets a `set`, and a `clear` comes between a `set` and the threads
        // that it wakes.
        let storm = test.crew(2, move |_| {
            while left.load(Relaxed) > 0 {
                event.set();
                event.clear();
                std::thread::yield_now();
            }
        });
        waiters.join();
        storm.join();
    });
}

#[test]
fn one_worker_clears_and_overlooks_nothing_under_the_lock() {
    const EACH: usize = 3_000;
    watched(|test| {
        #[derive(Default)]
        struct Work {
            items: Lock<usize>,
            some: Event,
        }
        let work: &Work = leak(Work::default());
        let makers = test.crew(THREADS, move |_| {
            for _ in 0..EACH {
                *work.items.lock() += 1;
                work.some.set();
            }
        });
        let worker = test.crew(1, move |_| {
            let mut done = 0;
            while done < THREADS * EACH {
                work.some.wait(); // an item that was overlooked would leave us here
                work.some.clear();
                done += mem::take(&mut *work.items.lock());
            }
            done
        });
        makers.join();
        assert_eq!(worker.join(), [THREADS * EACH]);
    });
}
