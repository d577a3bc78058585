//! A cache that many read, and that asks its slow source at a limited rate.
//!
//! Run it: `cargo run -p locksmith-primitives --example cache`
//!
//! Entries lie under an [`RwLock`], so readers do not wait for each other. Each entry is a
//! [`OnceLock`]: of all threads that miss the same key, one asks the source, and the others wait
//! for its answer. The rate is a [`BoundedSemaphore`] whose permits are used up by the questions.
//! One periodic call of [`Timers`] puts back what fits, so that unused permits do not pile up.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use primitives::{BoundedSemaphore, OnceLock, RwLock, Timers};

/// So many questions in each interval.
const BURST: usize = 3;
const INTERVAL: Duration = Duration::from_millis(20);
const KEYS: u64 = 10;
const READERS: usize = 8;

/// Permits that are used up, and come back with time.
struct RateLimit {
    permits: Arc<BoundedSemaphore>,
    _clock: Timers,
}

impl RateLimit {
    fn new(burst: usize, interval: Duration) -> Self {
        let (permits, clock) = (Arc::new(BoundedSemaphore::new(burst)), Timers::new());
        let renewed = Arc::clone(&permits);
        clock.every(interval, move || while renewed.release(1).is_ok() {});
        Self { permits, _clock: clock }
    }

    /// Waits for its turn.
    fn pass(&self) {
        self.permits.acquire().forget();
    }
}

/// What was asked once is never asked again.
struct Cache<V> {
    entries: RwLock<HashMap<u64, Arc<OnceLock<V>>>>,
    limit: RateLimit,
}

impl<V: Clone> Cache<V> {
    fn get(&self, key: u64, ask: impl FnOnce(u64) -> V) -> V {
        let known = self.entries.read().get(&key).cloned();
        // Not under the write lock: to ask takes long, and other keys need not wait for it.
        let entry =
            known.unwrap_or_else(|| Arc::clone(self.entries.write().entry(key).or_default()));
        entry
            .get_or_init(|| {
                self.limit.pass();
                ask(key)
            })
            .clone()
    }
}

fn main() {
    let asked = AtomicUsize::new(0);
    let cache =
        Cache { entries: RwLock::new(HashMap::new()), limit: RateLimit::new(BURST, INTERVAL) };
    let slow_square = |key: u64| {
        asked.fetch_add(1, Relaxed);
        key * key
    };
    thread::scope(|s| {
        for _ in 0..READERS {
            s.spawn(|| {
                (0..KEYS).for_each(|key| assert_eq!(cache.get(key, slow_square), key * key))
            });
        }
    });
    let asked = asked.into_inner();
    assert_eq!(asked as u64, KEYS, "each key once, however many threads missed it at once");
    println!("{READERS} threads read {KEYS} keys; the source was asked {asked} times");
}
