//! A count that two threads raise in two steps each, so that one of them can get lost.
//!
//! With a plain number Rust does not compile it, because two threads would write to the same
//! memory:
//!
//! ```compile_fail,E0499
//! let mut count = 0;
//! std::thread::scope(|s| {
//!     s.spawn(|| count += 1);
//!     s.spawn(|| count += 1);
//! });
//! ```

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;

// ANCHOR: increment
/// Counts one more.
pub fn increment(count: &AtomicU32) {
    // Relaxed: only the count itself matters.
    let before = count.load(Relaxed);
    count.store(before + 1, Relaxed);
}
// ANCHOR_END: increment

// ANCHOR: three-times
/// What each of two threads does.
pub fn three_times(count: &AtomicU32) {
    for _ in 0..3 {
        increment(count);
    }
}
// ANCHOR_END: three-times
