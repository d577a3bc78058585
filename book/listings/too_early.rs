//! A thread asks for what another one is still at work on.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Relaxed;

// ANCHOR: threads
/// What the thread does that was started: it counts
/// the words of two texts.
pub fn count(words: &AtomicU32) {
    // Relaxed, here and below: only the number matters.
    words.fetch_add(3, Relaxed); // "to be or"
    words.fetch_add(3, Relaxed); // "not to be"
}

/// What the one that started it does next.
pub fn report(words: &AtomicU32) -> u32 {
    words.load(Relaxed)
}
// ANCHOR_END: threads
