//! One thread writes a number and says so; another one waits for that and reads it.

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::sync::thread;

// The orderings are an exercise in the book, so what they are for stands outside of what it shows.

// Relaxed: `ready` hands it over. Release: pairs with the Acquire in `receive`.
// ANCHOR: send
/// Leaves a number, and says that it is there.
pub fn send(data: &AtomicU32, ready: &AtomicBool) {
    data.store(42, Relaxed);
    ready.store(true, Release);
}
// ANCHOR_END: send

// Acquire: pairs with the Release in `send`. Relaxed: `ready` has handed it over.
// ANCHOR: receive
/// Waits for the number.
pub fn receive(data: &AtomicU32, ready: &AtomicBool) -> u32 {
    while !ready.load(Acquire) {
        thread::yield_now(); // let others run
    }
    data.load(Relaxed)
}
// ANCHOR_END: receive
