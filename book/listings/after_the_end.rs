//! A thread waits for the end of another one, and then asks for what that has done: a `join`, by
//! hand.

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::sync::thread;

// ANCHOR: threads
/// What the thread does that was started.
pub fn count(words: &AtomicU32, ended: &AtomicBool) {
    // Relaxed, here and below: `ended` hands it over.
    words.fetch_add(3, Relaxed); // "to be or"
    words.fetch_add(3, Relaxed); // "not to be"
    // Release: pairs with the Acquire in `report`.
    ended.store(true, Release);
}

/// What the one that started it does next.
pub fn report(words: &AtomicU32, ended: &AtomicBool) -> u32 {
    // Acquire: pairs with the Release in `count`.
    while !ended.load(Acquire) {
        thread::yield_now(); // let others run
    }
    words.load(Relaxed)
}
// ANCHOR_END: threads
