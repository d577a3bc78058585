//! A count that each thread raises in one step: none gets lost.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;

// ANCHOR: increment
/// Counts one more.
pub fn increment(count: &AtomicU32) {
    // Relaxed: only the count itself matters.
    count.fetch_add(1, Relaxed);
}
// ANCHOR_END: increment

#[cfg(all(test, not(model)))]
mod tests {
    use super::increment;
    use primitives::sync::atomic::{AtomicU32, Ordering::Relaxed};
    use std::thread;

    #[test]
    fn none_is_lost() {
        let count = AtomicU32::new(0);
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| (0..1000).for_each(|_| increment(&count)));
            }
        });
        assert_eq!(count.load(Relaxed), 2000);
    }
}
