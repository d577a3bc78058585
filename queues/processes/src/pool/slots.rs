//! The words of a worker's pending calls.
//!
//! | word of a call | meaning                                      | left by                                                    |
//! | -------------- | -------------------------------------------- | ---------------------------------------------------------- |
//! | `QUEUED`       | sent, and not begun                          | the worker: `BEGUN`; the pool: `WITHDRAWN`                 |
//! | `BEGUN`        | the worker runs it: it cannot be called back | its answer                                                 |
//! | `WITHDRAWN`    | cancelled, or given to another worker        | the worker passes it over                                  |
//!
//! One compare-exchange decides between the worker, which begins a call, and the pool, which takes
//! it back. When the worker is killed, the same words say which call died with it (`BEGUN`) and
//! which calls go to another worker (`QUEUED`).

use primitives::sync::atomic::AtomicU64;
use primitives::sync::atomic::Ordering::{AcqRel, Acquire, Release};

/// The most pending calls of a worker.
pub(super) const WINDOW: usize = if cfg!(model) { 4 } else { 256 };

const QUEUED: u64 = 1;
const BEGUN: u64 = 2;
const WITHDRAWN: u64 = 3;
const STATE_BITS: u32 = 2;

/// A word for each pending call, by the last digits of its number.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Slots {
    words: [AtomicU64; WINDOW],
}

impl Default for Slots {
    fn default() -> Self {
        Self { words: std::array::from_fn(|_| AtomicU64::new(0)) }
    }
}

impl Slots {
    fn word(&self, number: u64) -> &AtomicU64 {
        &self.words[number as usize % WINDOW]
    }

    /// The pool is about to send this call.
    pub(crate) fn queue(&self, number: u64) {
        // Release: this word belonged to another call, which has been answered.
        self.word(number).store(number << STATE_BITS | QUEUED, Release);
    }

    /// The worker wants to run the call; `false` if it was withdrawn.
    pub(crate) fn begin(&self, number: u64) -> bool {
        self.turn(number, BEGUN)
    }

    /// The pool wants the call back; `false` if the worker has begun it.
    pub(crate) fn withdraw(&self, number: u64) -> bool {
        self.turn(number, WITHDRAWN)
    }

    /// Whether the worker has begun the call.
    pub(crate) fn has_begun(&self, number: u64) -> bool {
        // Acquire: pairs with the exchange in `turn`.
        self.word(number).load(Acquire) == number << STATE_BITS | BEGUN
    }

    fn turn(&self, number: u64, state: u64) -> bool {
        let call = number << STATE_BITS;
        // AcqRel: pairs with the other side's.
        self.word(number).compare_exchange(call | QUEUED, call | state, AcqRel, Acquire).is_ok()
    }
}
