//! A mailbox as it should be: the letters inside the lock, a condition beside it, and a loop.

use primitives::sync::const_fn;
use primitives::{Condition, Lock};

// ANCHOR: mailbox
/// A number of letters.
pub struct Mailbox {
    letters: Lock<u32>,
    arrived: Condition,
}

impl Mailbox {
    /// Takes a letter out; waits until there is one.
    pub fn fetch(&self) {
        let mut letters = self.letters.lock();
        while *letters == 0 {
            self.arrived.wait(&mut letters);
        }
        *letters -= 1;
    }

    /// Puts a letter in, and wakes one waiter.
    pub fn deliver(&self) {
        *self.letters.lock() += 1; // the lock is free again at the end of this line
        self.arrived.notify_one();
    }
}
// ANCHOR_END: mailbox

// ANCHOR: wait-while
impl Mailbox {
    /// The same, and the loop cannot be forgotten.
    pub fn fetch_with_wait_while(&self) {
        let mut letters = self.letters.lock();
        self.arrived.wait_while(&mut letters, |letters| *letters == 0);
        *letters -= 1;
    }
}
// ANCHOR_END: wait-while

impl Mailbox {
    const_fn! {
        /// An empty mailbox.
        #[must_use]
        pub const fn new() -> Self {
            Self { letters: Lock::new(0), arrived: Condition::new() }
        }
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Mailbox;
    use std::thread;

    #[test]
    fn every_letter_is_fetched() {
        let mailbox = Mailbox::new();
        thread::scope(|s| {
            s.spawn(|| (0..100).for_each(|_| mailbox.fetch()));
            s.spawn(|| (0..100).for_each(|_| mailbox.fetch_with_wait_while()));
            (0..200).for_each(|_| mailbox.deliver());
        });
        assert_eq!(*mailbox.letters.lock(), 0);
    }
}
