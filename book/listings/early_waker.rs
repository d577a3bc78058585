//! As `late_waker`, but the coroutine leaves its waker first, and then looks.

use std::task::Poll;

use primitives::park;
use primitives::sync::atomic::Ordering::{Relaxed, SeqCst};
use primitives::sync::atomic::{AtomicU32, fence};
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
    /// The coroutine: leaves its waker, and looks for the letter.
    pub fn poll(&self) -> Poll<u32> {
        // Relaxed, here and below: the fences make the order.
        self.waker.store(SOME, Relaxed);
        // SeqCst: pairs with the fence in `deliver`.
        fence(SeqCst); // so that the waker is seen
        let letter = self.letter.load(Relaxed);
        if letter == NONE { Poll::Pending } else { Poll::Ready(letter) }
    }

    /// Another thread: puts the letter in, and calls the waker if there is one.
    pub fn deliver(&self, letter: u32) {
        self.letter.store(letter, Relaxed);
        // SeqCst: pairs with the fence in `poll`.
        fence(SeqCst); // so that the letter is seen
        if self.waker.load(Relaxed) == SOME {
            self.called.swap(SOME, Relaxed);
            park::wake_one(&raw const self.called);
        }
    }

    /// The executor: polls, and sleeps until the waker is called.
    pub fn run(&self) -> u32 {
        loop {
            if let Poll::Ready(letter) = self.poll() {
                return letter;
            }
            while self.called.swap(NONE, Relaxed) == NONE {
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
