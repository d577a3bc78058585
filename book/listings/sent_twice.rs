//! A message between machines: a worker claims it, and the server puts it back after a silence.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use primitives::sync::const_fn;

/// The message is in the queue.
const QUEUED: u32 = 0;
/// A worker has claimed it, and has not acknowledged it yet.
const CLAIMED: u32 = 1;
/// A worker has acknowledged it: the message is gone.
const DONE: u32 = 2;

/// A server with one message: "send this customer a letter".
pub struct Server {
    message: AtomicU32,
    letters: AtomicU32,
}

// ANCHOR: server
impl Server {
    /// A worker takes the message, if it is in the queue.
    pub fn claim(&self) -> bool {
        // AcqRel: one step of the server, as every step here.
        self.message.compare_exchange(QUEUED, CLAIMED, AcqRel, Acquire).is_ok()
    }

    /// The task is done, and the message can go.
    pub fn acknowledge(&self) {
        // AcqRel: as above. It fails if the message was given back meanwhile.
        let _ = self.message.compare_exchange(CLAIMED, DONE, AcqRel, Acquire);
    }
}
// ANCHOR_END: server

// ANCHOR: worker
/// Claims the message, sends the letter, acknowledges.
pub fn worker(server: &Server) {
    if server.claim() {
        server.letters.fetch_add(1, Relaxed); // a letter goes out. Relaxed: a count
        server.acknowledge();
    }
}
// ANCHOR_END: worker

// ANCHOR: clock
impl Server {
    /// The visibility timeout is over without an answer: the server takes the worker for dead.
    pub fn give_back(&self) {
        // AcqRel: as above.
        let _ = self.message.compare_exchange(CLAIMED, QUEUED, AcqRel, Acquire);
    }
}
// ANCHOR_END: clock

// ANCHOR: once
/// The same with a letter that has a number: the post takes each number once.
pub fn idempotent_worker(server: &Server) {
    if server.claim() {
        // Relaxed: only that one letter goes out matters.
        let _ = server.letters.compare_exchange(0, 1, Relaxed, Relaxed);
        server.acknowledge();
    }
}
// ANCHOR_END: once

impl Server {
    const_fn! {
        /// The message is in the queue, and no letter has gone out.
        #[must_use]
        pub const fn new() -> Self {
            Self { message: AtomicU32::new(QUEUED), letters: AtomicU32::new(0) }
        }
    }

    /// How many letters have gone out.
    #[must_use]
    pub fn letters(&self) -> u32 {
        self.letters.load(Relaxed) // Relaxed: a count, read when the threads have ended
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}
