//! A mailbox for one coroutine, which looks for a letter and then leaves its waker. A letter that
//! comes in between calls no waker.

use std::task::Poll;

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Release};
use primitives::sync::const_fn;

/// No letter, no waker, no call.
const NONE: u32 = 0;
/// A waker was left, or called.
const SOME: u32 = 1;

/// Where a coroutine waits for one letter.
pub struct Mailbox {
    letter: AtomicU32,
    waker: AtomicU32,
    /// The executor sleeps on this word until the waker is called.
    called: AtomicU32,
}

// ANCHOR: mailbox
impl Mailbox {
    /// The coroutine: looks for the letter, and leaves its waker if it is not there.
    pub fn poll(&self) -> Poll<u32> {
        // Acquire: pairs with the Release in `deliver`.
        let letter = self.letter.load(Acquire);
        if letter != NONE {
            return Poll::Ready(letter);
        }
        self.waker.store(SOME, Release); // Release: pairs with the Acquire in `deliver`
        Poll::Pending
    }

    /// Another thread: puts the letter in, and calls the waker if there is one.
    pub fn deliver(&self, letter: u32) {
        // Release: pairs with the Acquire in `poll`.
        self.letter.store(letter, Release);
        // Acquire: pairs with the Release in `poll`.
        if self.waker.load(Acquire) == SOME {
            // Release: pairs with the Acquire in `run`.
            self.called.swap(SOME, Release);
            park::wake_one(&raw const self.called);
        }
    }

    /// The executor: polls, and sleeps until the waker is called.
    pub fn run(&self) -> u32 {
        loop {
            if let Poll::Ready(letter) = self.poll() {
                return letter;
            }
            // Acquire: pairs with the Release in `deliver`.
            while self.called.swap(NONE, Acquire) == NONE {
                park::wait(&self.called, NONE, None);
            }
        }
    }
}
// ANCHOR_END: mailbox

impl Mailbox {
    const_fn! {
        /// No letter is in it.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                letter: AtomicU32::new(NONE),
                waker: AtomicU32::new(NONE),
                called: AtomicU32::new(NONE),
            }
        }
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}
