//! A cache that asks its slow source at a limited rate, filled by a few workers.
//!
//! Run it: `cargo run -p locksmith-queues --example cached_lookups`
//!
//! The lookups run on an [`Executor`], and their results are taken [as they come](as_completed).
//! Each entry is a [`OnceLock`]: of all workers that miss the same key, one asks the source. The
//! rate is a [`Ring`] of tickets: a question takes one out, and a periodic call puts new ones in. A
//! full ring takes no more, so unused tickets do not pile up.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use primitives::{Lock, OnceLock, Timers};
use queues::{Executor, Ring, TaskError, as_completed};

/// So many questions in each interval.
const BURST: usize = 3;
const INTERVAL: Duration = Duration::from_millis(20);
const KEYS: u64 = 10;
const LOOKUPS: u64 = 40;
const WORKERS: usize = 4;

/// What was asked once is never asked again.
struct Cache<V> {
    entries: Lock<HashMap<u64, Arc<OnceLock<V>>>>,
    tickets: Arc<Ring<()>>,
    _clock: Timers,
}

impl<V: Clone> Cache<V> {
    fn new(burst: usize, interval: Duration) -> Self {
        let (tickets, clock) = (Arc::new(Ring::bounded(burst)), Timers::new());
        let filled = Arc::clone(&tickets);
        clock.every(interval, move || while filled.try_put(()).is_ok() {});
        Self { entries: Lock::new(HashMap::new()), tickets, _clock: clock }
    }

    fn get(&self, key: u64, ask: impl FnOnce(u64) -> V) -> V {
        let entry = Arc::clone(self.entries.lock().entry(key).or_default());
        // The lock is free again: to ask takes long, and other keys need not wait for it.
        let value = entry.get_or_init(|| {
            self.tickets.get().expect("the ring is never shut down");
            ask(key)
        });
        value.clone()
    }
}

fn main() -> Result<(), TaskError> {
    let asked = Arc::new(AtomicUsize::new(0));
    let cache = Arc::new(Cache::new(BURST, INTERVAL));
    let executor = Executor::new(WORKERS);
    let lookups = (0..LOOKUPS).map(|number| {
        let (cache, asked) = (Arc::clone(&cache), Arc::clone(&asked));
        executor.submit(move || {
            cache.get(number % KEYS, |key| {
                asked.fetch_add(1, Relaxed);
                key * key
            })
        })
    });
    for (number, lookup) in as_completed(lookups) {
        let key = number as u64 % KEYS;
        assert_eq!(lookup.result()?, key * key);
    }
    let asked = asked.load(Relaxed);
    assert_eq!(asked as u64, KEYS, "each key once, however many workers missed it at once");
    println!("{LOOKUPS} lookups of {KEYS} keys; the source was asked {asked} times");
    Ok(())
}
