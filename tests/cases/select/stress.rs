//! Selects, getters and putters in many threads: each item comes out once, and all of them end.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use queues::{GetTimeoutError, Queue, Ring, Select, Stack};
use tests::{leak, patience, watched};

const PUTTERS: usize = 3;
const SELECTS: usize = 3;
const ITEMS: usize = 600;

struct Sources {
    queue: Queue<usize>,
    ring: Ring<usize>,
    stack: Stack<usize>,
    /// How often each item has come out. Relaxed, all: they are read when the threads have ended.
    seen: Vec<AtomicUsize>,
}

impl Sources {
    fn new(capacity: usize) -> Self {
        Self {
            queue: Queue::bounded(capacity),
            ring: Ring::bounded(capacity),
            stack: Stack::bounded(capacity),
            seen: (0..PUTTERS * ITEMS).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    fn put(&self, item: usize) {
        let put = match item % 4 {
            0 => self.queue.put(item),
            1 => self.ring.put(item),
            2 => self.stack.put(item),
            _ => {
                self.ring.put_many(vec![item]).expect("not shut down");
                Ok(())
            }
        };
        put.expect("not shut down");
    }

    fn see(&self, item: usize) {
        self.seen[item].fetch_add(1, Relaxed);
    }

    fn select_all(&self, thread: usize) {
        let mut select = if thread == 0 { Select::biased() } else { Select::new() };
        select.queue(&self.queue, |item| item).queue(&self.ring, |item| item);
        select.queue(&self.stack, |item| item);
        for round in 0.. {
            let outcome = match round % 3 {
                0 => select.select_timeout(patience(round)),
                _ => select.select().map_err(|_| GetTimeoutError::Shutdown),
            };
            match outcome {
                Ok(item) => self.see(item),
                Err(GetTimeoutError::Timeout) => {}
                Err(GetTimeoutError::Shutdown) => return,
            }
        }
    }
}

#[test]
fn each_item_comes_out_once_and_every_select_ends() {
    for capacity in [1, 4, 64] {
        watched(|test| {
            let sources: &Sources = leak(Sources::new(capacity));
            let putters = test.crew(PUTTERS, move |thread| {
                (0..ITEMS).for_each(|item| sources.put(thread * ITEMS + item));
            });
            let selects = test.crew(SELECTS, move |thread| sources.select_all(thread));
            // A getter on each that competes with the selects.
            let getters = test.crew(2, move |thread| match thread {
                0 => sources.queue.iter().for_each(|item| sources.see(item)),
                _ => sources.ring.iter().for_each(|item| sources.see(item)),
            });
            putters.join();
            sources.queue.shutdown();
            sources.ring.shutdown();
            sources.stack.shutdown();
            selects.join();
            getters.join();
            assert!(sources.seen.iter().all(|seen| seen.load(Relaxed) == 1));
        });
    }
}
