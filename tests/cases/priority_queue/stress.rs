//! Comparisons that panic while several threads put and get.

use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use queues::PriorityQueue;
use tests::{Item, Ledger, leak, watched};

const PRODUCERS: usize = 2;
const CONSUMERS: usize = 2;
const EACH: usize = 2_000;

static COMPARISONS: AtomicUsize = AtomicUsize::new(0);

/// An item whose comparison may panic.
struct Touchy(Item);

impl Ord for Touchy {
    fn cmp(&self, other: &Self) -> Ordering {
        if COMPARISONS.fetch_add(1, Relaxed) % 37 == 36 {
            resume_unwind(Box::new("cannot compare")); // as a panic, but says nothing
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Touchy {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Touchy {}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

#[test]
fn comparisons_that_panic_lose_and_double_nothing_and_leave_nobody_asleep() {
    watched(|test| {
        for capacity in [2, 16] {
            let queue: &PriorityQueue<Touchy> = leak(PriorityQueue::bounded(capacity));
            let ledger = Ledger::new(PRODUCERS, EACH);
            // A put that panics drops its item, and has no other effect.
            let producers = test.crew(PRODUCERS, move |producer| {
                let put = |number| queue.put(Touchy(ledger.item(producer, number)));
                let is_put =
                    |&number: &usize| catch_unwind(AssertUnwindSafe(|| put(number))).is_ok();
                (0..EACH).filter(is_put).count()
            });
            // A get that panics has no effect.
            let consumers = test.crew(CONSUMERS, move |_| {
                let mut got = 0;
                loop {
                    match catch_unwind(AssertUnwindSafe(|| queue.get())) {
                        Ok(Ok(Touchy(item))) => item.take(),
                        Ok(Err(_)) => return got,
                        Err(_) => continue,
                    }
                    got += 1;
                    queue.task_done().unwrap();
                }
            });
            let accepted: usize = producers.join().into_iter().sum();
            queue.join();
            queue.shutdown();
            let got: usize = consumers.join().into_iter().sum();
            assert!(accepted < PRODUCERS * EACH, "some comparison of a put panicked");
            assert_eq!(got, accepted);
            assert_eq!(ledger.close(), (got, PRODUCERS * EACH - got));
        }
    });
}
