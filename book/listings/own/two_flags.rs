//! Two flags, and a fence between

use std::thread;

use primitives::sync::atomic::Ordering::{Relaxed, SeqCst};
use primitives::sync::atomic::{AtomicBool, fence};

/// Raises one's own flag, and looks at the other.
pub fn raise_and_look(mine: &AtomicBool, other: &AtomicBool) -> bool {
    // Relaxed, both: the fence makes the order.
    mine.store(true, Relaxed);
    // SeqCst: pairs with the same fence in the other thread. Try it without, or with AcqRel.
    fence(SeqCst);
    other.load(Relaxed)
}

/// Makes what the threads share, starts them, and checks the result.
pub fn main() {
    let a = AtomicBool::new(false);
    let b = AtomicBool::new(false);
    let (a_saw, b_saw) = thread::scope(|s| {
        let first = s.spawn(|| raise_and_look(&a, &b));
        let second = s.spawn(|| raise_and_look(&b, &a));
        (first.join().unwrap(), second.join().unwrap())
    });
    assert!(a_saw || b_saw, "neither has seen the other's flag");
}
