//! The word of a task: which thread may run it, whether it is over, and whether a thread sleeps
//! until then.
//!
//! ```text
//!                 claim                       finish
//!             ┌─────────▶ RUNNING ────────┬──────────────▶ RETURNED
//!  ┌────────┐ │                           └──────────────▶ PANICKED
//!  │ QUEUED │─┤
//!  └────────┘ └─────────▶ CANCELLING ────────────────────▶ CANCELLED
//!                 claim                       finish
//! ```
//!
//! Both steps are one compare-exchange. The _claim_ decides between all threads that would run or
//! cancel the task, and gives the winner the closure, to call it or to drop it. The _finish_ comes
//! when the closure is gone and the result is in its place; from then on only the handle touches
//! the result. So a thread that sees a task over, in any way, knows that no thread still uses its
//! closure, or what the closure borrowed. A [scope](super::Scope) relies on that.

use std::fmt;
use std::panic::Location;
#[cfg(not(explore))]
use std::pin::Pin;
#[cfg(not(explore))]
use std::task::{Context, Poll};
use std::time::Instant;

use primitives::deadlock::{Identity, Kind, WaitTarget};
use primitives::park::{self, Wait};
#[cfg(not(explore))]
use primitives::park::{Place, Seat};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicU32, AtomicU64};
use primitives::sync::{spin, thread};

#[cfg(not(model))]
use crate::workers::{catch_panic, drop_quietly};

// ANCHOR: states
/// It is not claimed yet.
const QUEUED: u32 = 0;
/// Claimed by a thread that runs it.
const RUNNING: u32 = 1;
/// Claimed by a thread that has cancelled it, and is dropping the closure.
const CANCELLING: u32 = 2;
/// It returned a value.
const RETURNED: u32 = 3;
/// It panicked.
const PANICKED: u32 = 4;
/// It was cancelled, and never ran.
const CANCELLED: u32 = 5;
/// The bits of the states above.
const PHASE: u32 = 0b111;
/// A thread may sleep on the word: the thread that finishes must wake it. It stands beside any
/// phase that is not the last.
const SLEEPERS: u32 = 0b1000;
/// The handle is gone and will not ask for the result. It stands beside any phase.
const ABANDONED: u32 = 0b1_0000;
// ANCHOR_END: states

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Ending {
    Returned = RETURNED,
    Panicked = PANICKED,
    Cancelled = CANCELLED,
}

/// What the claiming thread wants to do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Claim {
    Run = RUNNING,
    Cancel = CANCELLING,
}

/// Wakes threads and coroutines. A waker is the program's code: if it panics, that is reported as
/// the panic of a callback is, and affects no other code.
fn wake_sleepers(word: *const AtomicU32) {
    #[cfg(not(model))]
    drop_quietly(catch_panic(|| park::wake_all(word)));
    #[cfg(model)]
    park::wake_all(word);
}

fn phase(word: u32) -> Phase {
    Phase(word & PHASE)
}

/// A phase, at the moment when it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Phase(u32);

impl Phase {
    pub(super) fn is_queued(self) -> bool {
        self.0 == QUEUED
    }

    pub(super) fn is_running(self) -> bool {
        self.0 == RUNNING
    }

    pub(super) fn is_cancelled(self) -> bool {
        matches!(self.0, CANCELLING | CANCELLED)
    }

    /// How it ended, if it is over.
    pub(super) fn ending(self) -> Option<Ending> {
        match self.0 {
            RETURNED => Some(Ending::Returned),
            PANICKED => Some(Ending::Panicked),
            CANCELLED => Some(Ending::Cancelled),
            _ => None,
        }
    }

    pub(super) fn is_over(self) -> bool {
        self.0 >= RETURNED
    }
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            QUEUED => "queued",
            RUNNING => "running",
            CANCELLING => "being cancelled",
            RETURNED => "returned",
            PANICKED => "panicked",
            _ => "cancelled",
        })
    }
}

// ANCHOR: state
/// The state that the threads of a task share.
pub(super) struct State {
    /// A phase, with `SLEEPERS` and `ABANDONED` beside it.
    ///
    /// | phase        | the closure belongs to | the result belongs to     | written by              |
    /// | ------------ | ---------------------- | ------------------------- | ----------------------- |
    /// | `QUEUED`     | the task               | no thread: there is none  | `new`                   |
    /// | `RUNNING`    | its runner             | its runner                | `claim`                 |
    /// | `CANCELLING` | its canceller          | no thread                 | `claim`                 |
    /// | `RETURNED`   | no thread: it is gone  | the handle                | `finish`, by its runner |
    /// | `PANICKED`   | no thread              | the handle, or, if that   | `finish`, by its runner |
    /// |              |                        | is gone, the scope        |                         |
    /// | `CANCELLED`  | no thread              | no thread                 | `finish`, its canceller |
    word: AtomicU32,
    /// The number of the thread that runs the task; 0 before.
    runner: AtomicU64,
    /// The task's identity for the deadlock detector.
    identity: Identity,
}
// ANCHOR_END: state

impl State {
    #[cfg_attr(any(model, feature = "deadlock-detection"), track_caller)]
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU32::new(QUEUED),
            runner: AtomicU64::new(0),
            identity: Identity::new(Kind::Task, ""),
        }
    }

    /// The phase at this moment. If the task is over, the caller sees all that it did.
    pub(super) fn look(&self) -> Phase {
        phase(self.load())
    }

    /// The word, for a caller that may go on to the result.
    fn load(&self) -> u32 {
        // Acquire: pairs with the Release in `finish`, and with the one in `abandon`.
        self.word.load(Acquire)
    }

    // ANCHOR: claim
    /// Claims the task, unless another call has; returns whether this call did. Then the closure
    /// belongs to the caller.
    pub(super) fn claim(&self, claim: Claim) -> bool {
        // Relaxed, all three: the claim only decides. A thread that can claim got the task through
        // something that orders: the queue, or the way of the handle.
        let mut word = self.word.load(Relaxed);
        while word & PHASE == QUEUED {
            match self.word.compare_exchange_weak(word, word | claim as u32, Relaxed, Relaxed) {
                Ok(_) => {
                    if claim == Claim::Run {
                        // Relaxed: only the thread that wrote it uses it.
                        self.runner.store(thread::id(), Relaxed);
                        self.identity.begins();
                    }
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }
    // ANCHOR_END: claim

    // ANCHOR: finish
    /// Marks the claimed task as over, and wakes the sleepers. If the handle is gone by then, calls
    /// `nobody_asks` first, once or more often.
    pub(super) fn finish(&self, ending: Ending, mut nobody_asks: impl FnMut()) {
        self.identity.ends();
        // Relaxed: it only reads the two notes, and they carry no data.
        let mut word = self.word.load(Relaxed);
        loop {
            if word & ABANDONED != 0 {
                nobody_asks();
            }
            let over = word & ABANDONED | ending as u32;
            // Release: pairs with the Acquire in `load`. Relaxed on failure: as above.
            match self.word.compare_exchange_weak(word, over, Release, Relaxed) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        if word & SLEEPERS != 0 {
            wake_sleepers(&raw const self.word);
        }
    }
    // ANCHOR_END: finish

    /// What the caller waits for, for reports of deadlocks: the task's end, so the thread that runs
    /// it, or one that will.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn waiting_for_runner(&self) -> WaitTarget<'_> {
        self.identity.waiting_for_runner()
    }

    /// [`waiting_for_runner`](Self::waiting_for_runner), for a caller at `at` that must wait in any
    /// case.
    pub(super) fn waiting_for_runner_at(&self, at: &'static Location<'static>) -> WaitTarget<'_> {
        self.identity.waiting_for_runner_at(at)
    }

    // ANCHOR: wait
    /// Sleeps until the task is over, or until `deadline`. Returns whether it is over; if so, all
    /// that it did is visible here.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn wait(&self, deadline: Option<Instant>, target: WaitTarget<'_>) -> bool {
        // Relaxed: a hint; the load below decides.
        spin::watch(|| phase(self.word.load(Relaxed)).is_over());
        let mut time_is_up = false;
        loop {
            let word = self.load();
            if phase(word).is_over() {
                return true;
            }
            if time_is_up {
                return false;
            }
            let noted = word | SLEEPERS;
            // Relaxed: only a note for `finish`.
            if word == noted || self.word.compare_exchange(word, noted, Relaxed, Relaxed).is_ok() {
                time_is_up = park::wait_for(&self.word, noted, deadline, target) == Wait::TimedOut;
            }
        }
    }
    // ANCHOR_END: wait

    /// As [`wait`](Self::wait), for a coroutine.
    #[cfg(not(explore))]
    pub(super) fn poll_wait(&self, place: Pin<&Place>, cx: &mut Context<'_>) -> Poll<()> {
        if place.look(cx.waker()) == Seat::Asleep {
            return Poll::Pending;
        }
        loop {
            let word = self.load();
            if phase(word).is_over() {
                return Poll::Ready(());
            }
            let noted = word | SLEEPERS;
            // Relaxed: only a note for `finish`.
            if (word == noted || self.word.compare_exchange(word, noted, Relaxed, Relaxed).is_ok())
                && place.sleep(&self.word, noted, cx.waker())
            {
                return Poll::Pending;
            }
        }
    }

    /// Called when the handle is dropped. If the task is over, calls `discard` first, because the
    /// result belongs to the handle. If it is not, the thread that finishes it finds the note, and
    /// discards the result.
    pub(super) fn abandon(&self, discard: impl FnOnce()) {
        let mut word = self.load();
        while !phase(word).is_over() {
            // Relaxed: a note that carries no data.
            match self.word.compare_exchange(word, word | ABANDONED, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(_) => word = self.load(), // and if it has just ended, its result must be seen
            }
        }
        discard();
        // Release: pairs with the Acquire in `load`, when the scope looks.
        self.word.fetch_or(ABANDONED, Release);
    }

    /// Whether it panicked and the handle is gone: then no other code reads the result.
    pub(super) fn panicked_unseen(&self) -> bool {
        self.load() == PANICKED | ABANDONED
    }

    /// Whether the calling thread is running it, further up its stack.
    pub(super) fn runs_here(&self) -> bool {
        // Relaxed: only this thread's own write matters.
        self.look().is_running() && self.runner.load(Relaxed) == thread::id()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::*;

    #[test]
    fn only_one_claim_succeeds() {
        let state = State::new();
        assert!(state.claim(Claim::Cancel) && state.look().is_cancelled());
        assert!(!state.claim(Claim::Run) && !state.claim(Claim::Cancel));
        assert!(!state.look().is_over(), "the closure is being dropped");
        state.finish(Ending::Cancelled, || unreachable!("the handle is there"));
        assert_eq!(state.look().ending(), Some(Ending::Cancelled));
    }

    #[test]
    fn a_note_of_a_sleeper_or_of_a_handle_that_is_gone_changes_no_phase() {
        let state = State::new();
        assert!(!state.wait(Some(Instant::now()), state.waiting_for_runner()), "no thread runs it");
        state.abandon(|| unreachable!("it is not over"));
        assert!(state.look().is_queued());
        assert!(state.claim(Claim::Run) && state.runs_here());
        let mut discarded = 0;
        state.finish(Ending::Panicked, || discarded += 1);
        assert_eq!(discarded, 1);
        assert!(
            state.panicked_unseen()
                && state.wait(None, state.waiting_for_runner())
                && !state.runs_here()
        );
    }

    #[test]
    fn of_a_task_that_is_over_the_handle_discards_the_result() {
        let state = State::new();
        assert!(state.claim(Claim::Run));
        state.finish(Ending::Panicked, || unreachable!("the handle is there"));
        let mut discarded = 0;
        assert!(!state.panicked_unseen());
        state.abandon(|| discarded += 1);
        assert_eq!(discarded, 1);
        assert!(state.panicked_unseen());
    }
}
