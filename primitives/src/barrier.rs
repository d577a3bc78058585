//! The barrier: no thread goes on before all have arrived.
//!
//! A fixed number of threads, the _parties_, work in rounds. At the end of a round each waits at
//! the barrier; the last one to arrive _trips_ it, and all go on into the next round. Between two
//! trips every thread has arrived exactly once, so what all of them did before is seen by all of
//! them after.
//!
//! There are two ways out, and that is the difficulty. A round may succeed, or it may be given up:
//! a thread waited too long, or the program breaks it ([`abort`](Barrier::abort)) or restarts it
//! ([`reset`](Barrier::reset)). A sleeper takes 30 µs to wake up, and meanwhile the others may be
//! rounds ahead. It must still learn how _its_ round ended. A barrier without `reset` needs only a
//! count of rounds. Here the count is not enough: it tells the sleeper that its round is over, but
//! not whether the round was tripped or given up.
//!
//! So the word tells the two apart. A round that is tripped is over at once: the number of rounds
//! goes up, and a thread that finds a higher number than at its arrival may go on. A round that is
//! given up _keeps its number_. It enters another state, and is over only when all threads inside
//! have left:
//!
//! ```text
//!        the last arrives: the next round
//!          ┌───────────┐
//!          ▼           │
//!        ┌───────────────┐   abort, timeout, a panic in the action    ┌──────────┐
//!        │    FILLING    │ ──────────────────────────────────────────▶│  BROKEN  │
//!        │               │◀────────────────────────────────────────── │          │
//!        └───────────────┘   reset, no thread inside                   └──────────┘
//!          │           ▲                                                │      ▲
//!          │           │ the last one inside leaves                     │      │
//!          │           │                                                │      │
//!          │         ┌─────────────┐  reset, threads inside             │      │
//!          └────────▶│  RESETTING  │◀───────────────────────────────────┘      │
//!    reset, threads  │             │───────────────────────────────────────────┘
//!            inside  └─────────────┘  abort
//! ```
//!
//! | state       | a thread inside      | a thread that arrives   | the round number                  |
//! | ----------- | -------------------- | ----------------------- | --------------------------------- |
//! | `FILLING`   | waits for the others | goes in                 | goes up when the last one arrives |
//! | `RESETTING` | leaves with an error | waits till all are out  | stays                             |
//! | `BROKEN`    | leaves with an error | gets an error at once   | stays                             |
//!
//! (CPython has a fourth state, draining. There a tripped round, too, is over only when all have
//! left, and a fast thread that comes again waits for the slow ones. The round number makes that
//! state unnecessary: a round takes half as many steps, and no thread waits for a late one. A
//! `reset` or an `abort` does not affect the late ones, because their round was tripped.)
//!
//! One word holds the state, the number of rounds and the number of threads inside. So each step is
//! one compare-exchange, which decides everything at once: which of two arrivals is the last, and
//! whether a timeout comes before or after it. The word has 64 bits, but a thread can sleep only on
//! 32 bits, so there is a second word for that, the _bell_. A waiter reads the bell first and then
//! leaves a note in the word, as with the [lock](crate::lock). The thread that ends the wait
//! removes the note, changes the bell and wakes all. So a sleeper finds the wait over when it
//! leaves its note, or finds the bell changed when it falls asleep, or is woken. Without a note, no
//! thread touches the bell or calls the kernel.
//!
//! With an action there is one more step. When the last thread goes in, the barrier is full but
//! still filling: no other thread can go in, and none can give up. The last thread runs the action,
//! and then trips the barrier.
//!
//! A waiter would miss the end of its round only if exactly 4,294,967,296 rounds (or a multiple)
//! were tripped without it between two of its loads.
//!
//! Source: the states are those of CPython's `threading.Barrier`, which keeps them under a lock;
//! the round number is the "sense" of the barrier in Mellor-Crummey and Scott, [_Algorithms for
//! Scalable Synchronization_](https://doi.org/10.1145/103727.103729), with more than one bit.

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
/// Threads arrive, and wait for the rest.
const FILLING: u64 = 0 << 30;
/// The round was given up; it begins again when the threads inside have left.
const RESETTING: u64 = 1 << 30;
/// The round was given up, and no thread can go in until one calls `reset`.
const BROKEN: u64 = 2 << 30;
/// The two bits of the state.
const STATE: u64 = 3 << 30;
/// The note: threads may sleep, inside or at the door. The thread that ends their wait must wake
/// them.
const SLEEPERS: u64 = 1 << 29;
/// The bits below the note: how many threads are inside.
const INSIDE: u64 = SLEEPERS - 1;
/// One round, in the bits above the state.
const ROUND: u64 = 1 << 32;
// ANCHOR_END: states

/// A place where a fixed number of threads wait for each other, again and again.
///
/// _Python_: `threading.Barrier(parties, action, timeout)`. Differences: `abort` and `reset` do not
/// wait for a running action, but make its round fail; and the action may call every method except
/// `wait`.
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
///             assert_eq!(arrived.load(Relaxed), 3); // no thread went on before all had come
///         });
///     }
/// });
/// ```
pub struct Barrier<A = fn()> {
    identity: Identity,
    /// `rounds * ROUND | state | note | threads inside`; the table above says what the states mean.
    word: AtomicU64,
    /// The word that threads sleep on; it goes up whenever they are woken.
    bell: AtomicU32,
    parties: u32,
    timeout: Option<Duration>,
    /// The last thread to arrive runs it while the others are inside, so one thread at a time runs
    /// it.
    action: Option<UnsafeCell<A>>,
}

// SAFETY: all but the action is shared by atomics or never changes. Only the last thread to arrive
// calls the action, and stays inside until it returns. Until that thread has left, no other round
// can fill, and the word orders the rounds. So the action moves from thread to thread, which `Send`
// allows.
unsafe impl<A: Send> Sync for Barrier<A> {}

// A panic in the action leaves the barrier broken, and every later call says so.
impl<A> RefUnwindSafe for Barrier<A> {}

impl Barrier {
    const_fn! {
        /// A barrier for `parties` threads, without a timeout and without an action.
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
        /// As [`new`](Self::new), with a name for [reports of deadlocks](crate::deadlock). Without
        /// the feature `deadlock-detection`, the name is not kept.
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

    /// The same barrier with an action. In each round the last thread to arrive calls it, before
    /// any thread may go on.
    ///
    /// The action sees what every thread did before it arrived, and every thread sees what the
    /// action did. The action may call the barrier's other methods; a call of `wait` would never
    /// return. If the action panics, the barrier is broken, and the panic continues in the thread
    /// that ran it.
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
    /// The same barrier with a default timeout for [`wait`](Self::wait).
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

    /// How many threads have arrived and wait for the others, at this moment. The answer may be out
    /// of date when you read it. Good for messages and tests, never for deciding. One load.
    ///
    /// _Python_: `n_waiting`.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        // Relaxed: for display only.
        let word = self.word.load(Relaxed);
        if word & STATE == FILLING { (word & INSIDE) as usize } else { 0 }
    }

    /// Whether the barrier is broken: every `wait` fails until a thread calls
    /// [`reset`](Self::reset). One load.
    ///
    /// _Python_: `broken`.
    #[must_use]
    #[doc(alias = "broken")]
    pub fn is_broken(&self) -> bool {
        // Relaxed: for display only.
        self.word.load(Relaxed) & STATE == BROKEN
    }

    /// Breaks the barrier: every waiter fails, and so does every later `wait`, until
    /// [`reset`](Self::reset). Never blocks.
    ///
    /// Use it when a thread can no longer come, so that the others do not wait in vain. Threads
    /// whose round was tripped, but which have not woken up yet, do not fail.
    ///
    /// One load and one compare-exchange; with sleepers a call to the kernel.
    ///
    /// _Python_: `abort()`, which makes those fail too, and waits for a running action.
    pub fn abort(&self) {
        // Relaxed: a first guess.
        self.update(self.word.load(Relaxed), |word| Some(turned(word, BROKEN)));
    }

    /// Starts again: every waiter fails, and the barrier is as new when they have left. Never
    /// blocks.
    ///
    /// Threads whose round was tripped, but which have not woken up yet, do not fail.
    ///
    /// It costs one load if there is nothing to do. Otherwise it costs a compare-exchange too, and
    /// a call to the kernel if threads sleep.
    ///
    /// _Python_: `reset()`, which waits for a running action.
    pub fn reset(&self) {
        // Relaxed: a first guess.
        self.update(self.word.load(Relaxed), |word| match (word & STATE, word & INSIDE) {
            (FILLING, 0) | (RESETTING, _) => None,
            (_, 0) => Some(turned(word, FILLING)),
            _ => Some(turned(word, RESETTING)),
        });
    }

    // ANCHOR: update
    /// Every change of the word is this step: it replaces the word by `next(word)`, and wakes all
    /// sleepers if that removes the note. It does nothing where `next` returns `None`. `word` is
    /// the first guess. Returns the last word that `next` was given.
    #[inline]
    fn update(&self, mut word: u64, next: impl Fn(u64) -> Option<u64>) -> u64 {
        while let Some(new) = next(word) {
            // Acquire: pairs with the Release in this place. What a thread did is visible to every
            // thread that changes the word after it. So the last to arrive, and its action, see
            // what all did before they arrived. No thread ever stores to the word, so no such chain
            // is cut. Release: pairs also with the Acquire in `wait_inside`: a released waiter sees
            // the same. Relaxed on failure: nothing was changed, and only the word may be read.
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
        // Release: pairs with the Acquire in `sleep_while`: a thread that sees this ring before it
        // leaves its note also sees the reason for it. (Others may go on by now, but the borrow of
        // this call keeps the bell alive.)
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

/// The word in another state, in which all sleepers must be woken.
const fn turned(word: u64, state: u64) -> u64 {
    word & !(STATE | SLEEPERS) | state
}

/// The word when one of those inside has left. A thread that was still waiting breaks the barrier;
/// the last one to leave a round that is being reset lets it begin again.
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
