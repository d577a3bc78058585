//! The barrier: nobody goes on before everybody has come.
//!
//! A fixed number of threads, the _parties_, work in rounds. At the end of a round each waits at the
//! barrier; the last one to arrive _trips_ it, and all go on into the next round. Between two trips
//! every thread has arrived exactly once, so what all of them did before is seen by all of them after.
//!
//! There are two ways out, and that is the difficulty. A round may end well, or it may break: somebody
//! waited too long, the program gave up ([`abort`](Barrier::abort)), or starts anew
//! ([`reset`](Barrier::reset)). A sleeper takes 30 µs to wake up, and meanwhile the others may be rounds
//! ahead. It must still learn how _its_ round ended. A counter of rounds, which is all that a barrier
//! without `reset` needs, cannot tell it: the round is over, but was it tripped or broken?
//!
//! So a round is not over before everybody has left. One word holds how many threads are inside and which
//! of four states they are in:
//!
//! ```text
//!                the last arrives               the last leaves
//!  ┌─────────┐ ───────────────────▶ ┌──────────┐ ───────────────────▶ (filling)
//!  │ FILLING │                      │ DRAINING │
//!  └─────────┘                      └──────────┘
//!    │     │                             │ abort
//!    │     │  abort, time-out,           ▼
//!    │     │  a panic in the action ┌──────────┐  reset, nobody inside
//!    │     └───────────────────────▶│  BROKEN  │ ───────────────────▶ (filling)
//!    │                              └──────────┘
//!    │                                ▲     │ reset, threads inside
//!    │                          abort │     ▼
//!    │  reset, threads inside       ┌───────────┐  the last leaves
//!    └─────────────────────────────▶│ RESETTING │ ──────────────────▶ (filling)
//!                                   └───────────┘
//! ```
//!
//! | state       | who is inside                  | who arrives            | who leaves gets |
//! | ----------- | ------------------------------ | ---------------------- | --------------- |
//! | `FILLING`   | waits for the others           | goes in                | (nobody leaves) |
//! | `DRAINING`  | may go                         | waits till all are out | its index       |
//! | `RESETTING` | fails                          | waits till all are out | an error        |
//! | `BROKEN`    | fails                          | fails at once          | an error        |
//!
//! A fast thread that arrives again while a slow one is still on its way out waits at the door; that takes
//! no longer than the slow one takes to wake up. A `reset` while the barrier drains changes nothing: that
//! round was tripped, and the slow one gets its index.
//!
//! Each step is one compare-exchange on the word, which decides everything at once: which of two arrivals is
//! the last, and whether a time-out comes before or after it. The note that somebody sleeps stands in the
//! word too, as in the [lock](crate::lock), so that no step calls the kernel for nobody.
//!
//! With an action there is one moment more. The last one goes in, and the barrier is full but still
//! filling: nobody can go in or time out any more. It runs the action, and then trips the barrier.
//!
//! Source: the states are those of CPython's `threading.Barrier`, which keeps them under a lock.

mod outcome;
#[cfg(all(test, not(model)))]
mod tests;
mod wait;

use std::fmt;
use std::panic::RefUnwindSafe;
use std::time::Duration;

pub use self::outcome::{BarrierWaitResult, BrokenBarrierError};
use crate::park;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{AcqRel, Relaxed};
use crate::sync::cell::UnsafeCell;
use crate::sync::const_fn;

// ANCHOR: states
/// Threads arrive, and wait for the rest of them.
const FILLING: u32 = 0 << 30;
/// All have arrived; those who are still inside may go.
const DRAINING: u32 = 1 << 30;
/// The round was given up; when those who are inside have left, a new one begins.
const RESETTING: u32 = 2 << 30;
/// The round was given up, and so will be every other one until somebody calls `reset`.
const BROKEN: u32 = 3 << 30;
/// The two bits of the state.
const STATE: u32 = 3 << 30;
/// The note: threads may sleep, inside or at the door. Whoever changes the state must wake them.
const SLEEPERS: u32 = 1 << 29;
/// The remaining bits: how many threads are inside.
const INSIDE: u32 = SLEEPERS - 1;
// ANCHOR_END: states

/// A place where a fixed number of threads wait for each other, again and again.
///
/// _Python_: `threading.Barrier(parties, action, timeout)`. What differs: a wait returns not only its
/// index but also whether it was the last; `abort` and `reset` do not wait for an action that is
/// running, and end that round without success; the action may call every method but `wait`.
///
/// ```
/// use primitives::Barrier;
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// let (barrier, arrived) = (Barrier::new(3), AtomicUsize::new(0));
/// std::thread::scope(|s| {
///     for _ in 0..3 {
///         s.spawn(|| {
///             arrived.fetch_add(1, Relaxed);
///             barrier.wait().unwrap();
///             assert_eq!(arrived.load(Relaxed), 3); // nobody went on before all had come
///         });
///     }
/// });
/// ```
// ANCHOR: type
pub struct Barrier<A = fn()> {
    /// `state | note | threads inside`; the table above says what the states mean.
    word: AtomicU32,
    parties: u32,
    timeout: Option<Duration>,
    /// Run by the last thread to arrive, while the others are inside: by one thread at a time.
    action: Option<UnsafeCell<A>>,
}
// ANCHOR_END: type

// SAFETY: all but the action is shared by atomics or never changes. The action is called by the last to
// arrive only, who is inside until it returns; until that thread has left no other round can fill, and
// the word orders one round after the other. So it moves from thread to thread, which `Send` allows.
unsafe impl<A: Send> Sync for Barrier<A> {}

// A panic in the action leaves the barrier broken, which is what every later call then says.
impl<A> RefUnwindSafe for Barrier<A> {}

impl Barrier {
    const_fn! {
        /// A barrier for `parties` threads, which waits for ever and does nothing when it trips.
        ///
        /// # Panics
        ///
        /// If `parties` is zero, or more than 536,870,911.
        #[must_use]
        pub const fn new(parties: usize) -> Self {
            assert!(parties > 0, "a barrier for zero parties: there must be one or more");
            assert!(
                parties <= INSIDE as usize,
                "too many parties for a barrier: at most 536870911 are allowed",
            );
            Self {
                word: AtomicU32::new(FILLING),
                parties: parties as u32,
                timeout: None,
                action: None,
            }
        }
    }

    const_fn! {
        /// The same barrier with an action: in each round the last thread to arrive calls it, when all are
        /// there and before any may go.
        ///
        /// The action sees what every thread did before it arrived, and every thread sees what the action
        /// did. It may ask the barrier anything; to call `wait` would wait for ever. If it panics the barrier is
        /// broken, and the panic goes on in the thread that ran it.
        ///
        /// ```
        /// use primitives::Barrier;
        ///
        /// let mut rounds = 0;
        /// let barrier = Barrier::new(2).with_action(|| rounds += 1);
        /// std::thread::scope(|s| {
        ///     for _ in 0..2 {
        ///         s.spawn(|| {
        ///             for _ in 0..10 {
        ///                 barrier.wait().unwrap();
        ///             }
        ///         });
        ///     }
        /// });
        /// assert_eq!(rounds, 10);
        /// ```
        #[must_use]
        pub const fn with_action<A: FnMut() + Send>(self, action: A) -> Barrier<A> {
            Barrier {
                word: self.word,
                parties: self.parties,
                timeout: self.timeout,
                action: Some(UnsafeCell::new(action)),
            }
        }
    }
}

impl<A> Barrier<A> {
    const_fn! {
        /// The same barrier with a time-out for every [`wait`](Self::wait) that has none of its own.
        #[must_use]
        pub const fn with_timeout(mut self, timeout: Duration) -> Self {
            self.timeout = Some(timeout);
            self
        }
    }

    /// How many threads it takes to trip the barrier.
    #[inline]
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parties as usize
    }

    /// How many threads have arrived and wait for the rest, at this moment. One load.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        // Relaxed: for people to read.
        let word = self.word.load(Relaxed);
        if word & STATE == FILLING { (word & INSIDE) as usize } else { 0 }
    }

    /// Whether the barrier is broken: every `wait` fails until somebody calls [`reset`](Self::reset). One
    /// load.
    #[must_use]
    #[doc(alias = "broken")]
    pub fn is_broken(&self) -> bool {
        // Relaxed: for people to read.
        self.word.load(Relaxed) & STATE == BROKEN
    }

    /// Breaks the barrier: whoever waits fails, and so does every later `wait`, until
    /// [`reset`](Self::reset). Never blocks.
    ///
    /// For when a thread cannot come any more, so that the others do not wait for it for ever. A thread that
    /// the barrier has let go, but that has not woken up yet, fails too.
    pub fn abort(&self) {
        // Relaxed: a first guess.
        self.update(self.word.load(Relaxed), |word| Some(BROKEN | word & INSIDE));
    }

    /// Starts anew: whoever waits fails, and when they are out the barrier is as at first. Never blocks.
    ///
    /// Threads that the barrier has let go, but that have not woken up yet, do not fail.
    pub fn reset(&self) {
        // Relaxed: a first guess.
        self.update(self.word.load(Relaxed), |word| match (word & STATE, word & INSIDE) {
            (FILLING, 0) | (DRAINING | RESETTING, _) => None,
            (_, 0) => Some(FILLING),
            (_, inside) => Some(RESETTING | inside),
        });
    }

    // ANCHOR: update
    /// The one step that everything is made of: makes `next(word)` of the word, and wakes everybody if that
    /// takes the note away. Does nothing where `next` says `None`. `word` is the first guess. Returns the word
    /// that `next` was given last.
    #[inline]
    fn update(&self, mut word: u32, next: impl Fn(u32) -> Option<u32>) -> u32 {
        while let Some(new) = next(word) {
            // Release and Acquire: each pairs with the other in this place. Every thread passes on what it
            // did to all who change the word after it. So the last one to arrive, and its action, see
            // what all did before they arrived; and those who leave after that see it too. Nobody
            // ever stores to the word, so no such chain is cut.
            // Relaxed on failure: nothing was changed, and nothing but the word may be looked at.
            match self.word.compare_exchange_weak(word, new, AcqRel, Relaxed) {
                Ok(_) => {
                    if word & !new & SLEEPERS != 0 {
                        Self::wake(&raw const self.word);
                    }
                    break;
                }
                Err(now) => word = now,
            }
        }
        word
    }
    // ANCHOR_END: update

    #[cold]
    fn wake(word: *const AtomicU32) {
        park::wake_all(word);
    }
}

// ANCHOR: steps
/// The word when its round has ended in the state `state`, unless it has ended already: then that stands.
const fn ended(word: u32, state: u32) -> u32 {
    if word & STATE == FILLING { state | word & INSIDE } else { word }
}

/// The word when one of those inside has left. The last one lets a new round begin, unless the barrier is
/// broken.
const fn left(word: u32) -> u32 {
    let word = word - 1;
    if word & INSIDE == 0 && word & STATE != BROKEN { FILLING } else { word }
}
// ANCHOR_END: steps

impl<A> fmt::Debug for Barrier<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties)
            .field("n_waiting", &self.n_waiting())
            .field("broken", &self.is_broken())
            .finish()
    }
}
