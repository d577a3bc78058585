//! A message, with orderings that are too weak

use std::thread;

use primitives::sync::atomic::Ordering::Relaxed;
use primitives::sync::atomic::{AtomicBool, AtomicU32};

/// Writes a number, and says that it is there.
pub fn send(data: &AtomicU32, ready: &AtomicBool) {
    // Relaxed, all four: they pair with nothing, and that is the mistake.
    data.store(42, Relaxed);
    ready.store(true, Relaxed);
}

/// Waits for the number.
pub fn receive(data: &AtomicU32, ready: &AtomicBool) -> u32 {
    // Relaxed: see `send`.
    while !ready.load(Relaxed) {
        thread::yield_now();
    }
    data.load(Relaxed)
}

/// Makes what the threads share, starts them, and checks the result.
pub fn main() {
    let data = AtomicU32::new(0);
    let ready = AtomicBool::new(false);
    let received = thread::scope(|s| {
        s.spawn(|| send(&data, &ready));
        let receiver = s.spawn(|| receive(&data, &ready));
        receiver.join().unwrap()
    });
    assert_eq!(received, 42, "the receiver has read an old value");
}
