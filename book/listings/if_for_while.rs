//! A wait that trusts the wake-up: `if` where `while` belongs.

use primitives::{Condition, Lock};

// ANCHOR: fetch
/// Takes a letter out; waits until there is one. Or so it seems.
pub fn fetch(letters: &Lock<u32>, arrived: &Condition) {
    let mut letters = letters.lock();
    if *letters == 0 {
        arrived.wait(&mut letters);
    }
    *letters = letters.checked_sub(1).expect("there is a letter");
}
// ANCHOR_END: fetch

// ANCHOR: others
/// Takes a letter out if there is one.
pub fn fetch_now(letters: &Lock<u32>) {
    let mut letters = letters.lock();
    if *letters > 0 {
        *letters -= 1;
    }
}

/// Puts a letter in, and wakes one waiter.
pub fn deliver(letters: &Lock<u32>, arrived: &Condition) {
    *letters.lock() += 1;
    arrived.notify_one();
}
// ANCHOR_END: others
