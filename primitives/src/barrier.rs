//! The barrier: no thread goes on before all have come.
//!
//! A fixed number of threads, the _parties_, work in rounds. At the end of a round each waits at the
//! barrier; the last one to arrive _trips_ it, and all go on into the next round. Between two trips
//! every thread has arrived exactly once, so what all of them did before is seen by all of them after.
//!
//! There are two ways out, and that is the difficulty. A round may end well, or it may be given up:
//! a thread waited too long, the program breaks it off ([`abort`](Barrier::abort)) or starts again
//! ([`reset`](Barrier::reset)). A sleeper takes 30 µs to wake up, and meanwhile the others may be rounds
//! ahead. It must still learn how _its_ round ended. A number of rounds, which is all that a barrier
//! without `reset` needs, cannot tell it: the round is over, but was it tripped or given up?
//!
//! So the two are told apart in two ways. A round that is tripped is over at once: the number of rounds goes
//! up, and a thread that finds a higher number than it came with may go. A round that is given up _keeps its
//! number_. It goes into another state, and is not over before all that were inside have left:
//!
//! ```text
//!        the last arrives: the next round
//!          ┌───────────┐
//!          ▼           │
//!        ┌───────────────┐   abort, time-out, a panic in the action   ┌──────────┐
//!        │    FILLING    │ ──────────────────────────────────────────▶│  BROKEN  │
//!        │               │◀────────────────────────────────────────── │          │
//!        └───────────────┘   reset, nobody inside                     └──────────┘
//!          │           ▲                                                │      ▲
//!          │           │ the last one inside leaves                     │      │
//!          │           │                                                │      │
//!          │         ┌─────────────┐  reset, threads inside             │      │
//!          └────────▶│  RESETTING  │◀───────────────────────────────────┘      │
//!    reset, threads  │             │───────────────────────────────────────────┘
//!            inside  └─────────────┘  abort
//! ```
//!
//! | state       | who is inside        | who arrives             | the round number                  |
//! | ----------- | -------------------- | ----------------------- | --------------------------------- |
//! | `FILLING`   | waits for the others | goes in                 | goes up when the last one arrives |
//! | `RESETTING` | leaves with an error | waits till all are out  | stays                             |
//! | `BROKEN`    | leaves with an error | gets an error at once   | stays                             |
//!
//! (CPython has a fourth state, draining: there a tripped round is not over either before all have left, and
//! a fast thread that comes again waits for the slow ones. The round number does without: half as many
//! steps a round, and no thread waits for one that is merely late. A `reset` or an `abort` does not
//! touch the late ones, for their round was tripped.)
//!
//! State, number of rounds and how many are inside stand in one word, so each step is one compare-exchange
//! that decides everything at once: which of two arrivals is the last, and whether a time-out comes before
//! or after it. The word has 64 bits, and threads can sleep on 32 only, so there is a second word for
//! that, the _bell_. A waiter reads the bell first and then leaves a note in the word, as with
//! the [lock](crate::lock). The thread that ends the wait takes the note away, changes the bell and wakes all.
//! So a sleeper either finds the wait over when it leaves its note, or the bell changed when it
//! falls asleep, or is woken. Without a note the bell is not touched, and the kernel not called.
//!
//! With an action there is one moment more. The last one goes in, and the barrier is full but still
//! filling: no thread can go in, and none can give up. It runs the action, and then trips the barrier.
//!
//! A waiter would miss that its round is over only if exactly 4,294,967,296 rounds (or a multiple) were
//! tripped without it between two of its looks.
//!
//! Source: the states are those of CPython's `threading.Barrier`, which keeps them under a lock; the round
//! number is the "sense" of the barrier in Mellor-Crummey and Scott,
//! [_Algorithms for Scalable Synchronization_](https://doi.org/10.1145/103727.103729), with more than one bit.

mod outcome;
#[cfg(all(test, not(model)))]
mod tests;
mod wait;

use std::fmt;
use std::panic::RefUnwindSafe;
use std::time::Duration;

pub use self::outcome::{BarrierWaitResult, BrokenBarrierError};
use crate::deadlock::{Identity, Kind};
use crate::park;
use crate::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use crate::sync::atomic::{AtomicU32, AtomicU64};
use crate::sync::cell::UnsafeCell;
use crate::sync::const_fn;

// ANCHOR: states
/// Threads arrive, and wait for the rest of them.
const FILLING: u64 = 0 << 30;
/// The round was given up; when those that are inside have left, it begins again.
const RESETTING: u64 = 1 << 30;
/// The round was given up, and no thread can go in until one calls `reset`.
const BROKEN: u64 = 2 << 30;
/// The two bits of the state.
const STATE: u64 = 3 << 30;
/// The note: threads may sleep, inside or at the door. The thread that ends their wait must wake them.
const SLEEPERS: u64 = 1 << 29;
/// The bits below the note: how many threads are inside.
const INSIDE: u64 = SLEEPERS - 1;
/// One round, in the bits above the state.
const ROUND: u64 = 1 << 32;
// ANCHOR_END: states

/// A place where a fixed number of threads wait for each other, again and again.
///
/// _Python_: `threading.Barrier(parties, action, timeout)`. What differs: `abort` and `reset` do not wait
/// for an action that is running, but end its round without success; and the action may call every
/// method but `wait`.
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
    identity: Identity,
    /// `rounds * ROUND | state | note | threads inside`; the table above says what the states mean.
    word: AtomicU64,
    /// What threads sleep on: goes up whenever they are woken.
    bell: AtomicU32,
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
        /// A barrier for `parties` threads, without a time-out, which does nothing when it trips.
        ///
        /// _Python_: `Barrier(parties)`.
        ///
        /// # Panics
        ///
        /// If `parties` is zero, or more than 536,870,911.
        #[must_use]
        pub const fn new(parties: usize) -> Self {
            Self::named("", parties)
        }
    }

    const_fn! {
        /// As [`new`](Self::new), with a name for [reports of deadlocks](crate::deadlock). Without the feature
        /// `deadlock-detection`, the name is not kept.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new).
        #[must_use]
        pub const fn named(name: &'static str, parties: usize) -> Self {
            assert!(parties > 0, "a barrier for zero parties: there must be one or more");
            assert!(
                parties <= INSIDE as usize,
                "too many parties for a barrier: at most 536870911 are allowed",
            );
            Self {
                identity: Identity::new(Kind::Barrier, name),
                word: AtomicU64::new(FILLING),
                bell: AtomicU32::new(0),
                parties: parties as u32,
                timeout: None,
                action: None,
            }
        }
    }

    /// The same barrier with an action: in each round the last thread to arrive calls it, when all are
    /// there and before any may go.
    ///
    /// The action sees what every thread did before it arrived, and every thread sees what the action
    /// did. It may ask the barrier anything; a call of `wait` would never return. If it panics the barrier is
    /// broken, and the panic goes on in the thread that ran it.
    ///
    /// _Python_: `Barrier(parties, action)`.
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
    pub fn with_action<A: FnMut() + Send>(self, action: A) -> Barrier<A> {
        Barrier {
            identity: self.identity,
            word: self.word,
            bell: self.bell,
            parties: self.parties,
            timeout: self.timeout,
            action: Some(UnsafeCell::new(action)),
        }
    }
}

impl<A> Barrier<A> {
    /// The same barrier with a time-out for every [`wait`](Self::wait) that has none of its own.
    ///
    /// _Python_: `Barrier(parties, timeout=t)`.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How many threads it takes to trip the barrier.
    ///
    /// _Python_: `parties`.
    #[inline]
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parties as usize
    }

    /// How many threads have arrived and wait for the rest, at this moment: out of date before you look at the
    /// answer. Good for messages and tests, never for deciding. One load.
    ///
    /// _Python_: `n_waiting`.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        // Relaxed: for people to read.
        let word = self.word.load(Relaxed);
        if word & STATE == FILLING { (word & INSIDE) as usize } else { 0 }
    }

    /// Whether the barrier is broken: every `wait` fails until a thread calls [`reset`](Self::reset). One
    /// load.
    ///
    /// _Python_: `broken`.
    #[must_use]
    #[doc(alias = "broken")]
    pub fn is_broken(&self) -> bool {
        // Relaxed: for people to read.
        self.word.load(Relaxed) & STATE == BROKEN
    }

    /// Breaks the barrier: every waiter fails, and so does every later `wait`, until
    /// [`reset`](Self::reset). Never blocks.
    ///
    /// For when a thread cannot come any more, so that the others do not wait for it in vain. Threads that
    /// the barrier has let go, but that have not woken up yet, do not fail.
    ///
    /// One load and one compare-exchange; with sleepers a call to the kernel.
    ///
    /// _Python_: `abort()`, which fails those as well, and waits for an action that is running.
    pub fn abort(&self) {
        // Relaxed: a first guess.
        self.update(self.word.load(Relaxed), |word| Some(turned(word, BROKEN)));
    }

    /// Starts again: every waiter fails, and when they are out the barrier is as at first. Never blocks.
    ///
    /// Threads that the barrier has let go, but that have not woken up yet, do not fail.
    ///
    /// One load if there is nothing to do; otherwise one compare-exchange more, and with sleepers a call to
    /// the kernel.
    ///
    /// _Python_: `reset()`, which waits for an action that is running.
    pub fn reset(&self) {
        // Relaxed: a first guess.
        self.update(self.word.load(Relaxed), |word| match (word & STATE, word & INSIDE) {
            (FILLING, 0) | (RESETTING, _) => None,
            (_, 0) => Some(turned(word, FILLING)),
            _ => Some(turned(word, RESETTING)),
        });
    }

    // ANCHOR: update
    /// The one step that everything is made of: makes `next(word)` of the word, and wakes all sleepers if that
    /// takes the note away. Does nothing where `next` says `None`. `word` is the first guess. Returns the word
    /// that `next` was given last.
    #[inline]
    fn update(&self, mut word: u64, next: impl Fn(u64) -> Option<u64>) -> u64 {
        while let Some(new) = next(word) {
            // Acquire: pairs with the Release in this place. Every thread passes on what it did to all who
            // change the word after it, so the last to arrive, and its action, see what all did
            // before they arrived. No thread ever stores to the word, so no such chain is cut.
            // Release: pairs also with the Acquire in `wait_inside`: who is let go sees the same.
            // Relaxed on failure: nothing was changed, and nothing but the word may be looked at.
            match self.word.compare_exchange_weak(word, new, AcqRel, Relaxed) {
                Ok(_) => {
                    if word & !new & SLEEPERS != 0 {
                        self.ring();
                    }
                    break;
                }
                Err(now) => word = now,
            }
        }
        word
    }
    // ANCHOR_END: update

    // ANCHOR: ring
    #[cold]
    fn ring(&self) {
        // Release: pairs with the Acquire in `sleep_while`: who hears this ring before it leaves its note also
        // sees what it is for. (Others may go on by now, but the borrow of this call keeps the bell alive.)
        self.bell.fetch_add(1, Release);
        park::wake_all(&raw const self.bell);
    }
    // ANCHOR_END: ring
}

// ANCHOR: steps
/// How many rounds were tripped.
const fn round(word: u64) -> u64 {
    word / ROUND
}

/// The word when its round has been tripped: the next one, filling, with no thread inside yet.
const fn tripped(word: u64) -> u64 {
    (word & !(ROUND - 1)).wrapping_add(ROUND)
}

/// The word in another state; all sleepers are to be woken.
const fn turned(word: u64, state: u64) -> u64 {
    word & !(STATE | SLEEPERS) | state
}

/// The word when one of those inside has left. A thread that was still waiting breaks the barrier; the last one
/// to leave a round that is being reset lets it begin again.
const fn left(word: u64) -> u64 {
    let failed = if word & STATE == FILLING { turned(word, BROKEN) } else { word };
    let word = failed - 1;
    if word & STATE == RESETTING && word & INSIDE == 0 { turned(word, FILLING) } else { word }
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
