//! The word of a task: who may run it, whether it is over, who sleeps until then.
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
//! Both steps are one compare-exchange. The _claim_ decides between all who would run the task and all who would call
//! it off, and gives the closure to the winner: to call, or to drop. The _finish_ comes when the closure is gone and
//! the result in its place; from then on only the handle touches the result. So a thread that sees a task over, in
//! whichever way, knows that its closure, and all that it borrowed, is no longer used by any thread: what a
//! [scope](super::Scope) relies on.

use std::fmt;
use std::panic::Location;
use std::time::Instant;

use primitives::deadlock::{Identity, Kind, Waiting};
use primitives::park::{self, Wait};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicU32, AtomicU64};
use primitives::sync::{spin, thread};

// ANCHOR: states
/// It is not claimed yet.
const QUEUED: u32 = 0;
/// Claimed by a thread that runs it.
const RUNNING: u32 = 1;
/// Claimed by a thread that has called it off, and is dropping the closure.
const CANCELLING: u32 = 2;
/// It returned a value.
const RETURNED: u32 = 3;
/// It panicked.
const PANICKED: u32 = 4;
/// It was called off, and never ran.
const CANCELLED: u32 = 5;
/// The bits of the states above.
const PHASE: u32 = 0b111;
/// A thread may sleep on the word: the one that finishes must wake it. Together with any phase that is not the last.
const SLEEPERS: u32 = 0b1000;
/// The handle is gone and will not ask for the result. Together with any phase.
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

/// What the one who claims a task wants with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Claim {
    Run = RUNNING,
    Cancel = CANCELLING,
}

fn phase(word: u32) -> Phase {
    Phase(word & PHASE)
}

/// A phase, as of the moment when it was looked at.
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
/// What the threads that have to do with a task agree on.
pub(super) struct State {
    /// A phase, and beside it `SLEEPERS` and `ABANDONED`.
    ///
    /// | phase        | the closure belongs to | the result belongs to     | who writes it           |
    /// | ------------ | ---------------------- | ------------------------- | ----------------------- |
    /// | `QUEUED`     | the task               | nobody: there is none     | `new`                   |
    /// | `RUNNING`    | who runs it            | who runs it               | `claim`                 |
    /// | `CANCELLING` | who called it off      | nobody                    | `claim`                 |
    /// | `RETURNED`   | nobody: it is gone     | the handle                | `finish`, who ran it    |
    /// | `PANICKED`   | nobody                 | the handle, or, if that   | `finish`, who ran it    |
    /// |              |                        | is gone, the scope        |                         |
    /// | `CANCELLED`  | nobody                 | nobody                    | `finish`, who called off|
    word: AtomicU32,
    /// The number of the thread that runs it; 0 before.
    runner: AtomicU64,
    /// What the detector of deadlocks calls it.
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

    /// The phase at this moment. If the task is over, all that it did is visible to the caller.
    pub(super) fn look(&self) -> Phase {
        phase(self.load())
    }

    /// The word, for a caller that may go on to the result.
    fn load(&self) -> u32 {
        // Acquire: pairs with the Release in `finish`, and with the one in `abandon`.
        self.word.load(Acquire)
    }

    // ANCHOR: claim
    /// Decides what becomes of the task, if nothing else has; returns whether this call did. Then the closure belongs to
    /// the caller.
    pub(super) fn claim(&self, claim: Claim) -> bool {
        // Relaxed, all three: the claim only decides. Who can claim was given the task by something that orders: the
        // queue, or whatever brought the handle here.
        let mut word = self.word.load(Relaxed);
        while word & PHASE == QUEUED {
            match self.word.compare_exchange_weak(word, word | claim as u32, Relaxed, Relaxed) {
                Ok(_) => {
                    if claim == Claim::Run {
                        // Relaxed: means something to the thread that wrote it, and to no other.
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
    /// The claimed task is over: says so, and wakes who sleeps. If the handle is gone by then, `nobody_asks` is
    /// called first, once or more often.
    pub(super) fn finish(&self, ending: Ending, mut nobody_asks: impl FnMut()) {
        self.identity.ends();
        // Relaxed: all that is looked for are the two notes, and they carry nothing with them.
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
            park::wake_all(&raw const self.word);
        }
    }
    // ANCHOR_END: finish

    /// The caller is about to wait for its end: for the thread that runs it, or for one that will. Until the
    /// result is dropped.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn waiting_for_runner(&self) -> Waiting {
        self.identity.waiting_for_runner()
    }

    /// [`awaits`](Self::awaits), by a caller at `at` that has to wait whatever comes of it.
    pub(super) fn waiting_for_runner_at(&self, at: &'static Location<'static>) -> Waiting {
        self.identity.waiting_for_runner_at(at)
    }

    // ANCHOR: wait
    /// Sleeps until the task is over, or until `deadline`. Returns whether it is over; if so, all that it did is
    /// visible here.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> bool {
        // Relaxed: whatever the spin finds, the look below finds again.
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
            // Relaxed: a note for `finish`, and nothing else.
            if word == noted || self.word.compare_exchange(word, noted, Relaxed, Relaxed).is_ok() {
                time_is_up = park::wait(&self.word, noted, deadline) == Wait::TimedOut;
            }
        }
    }
    // ANCHOR_END: wait

    // ANCHOR: abandon
    /// The handle goes. If the task is over, `discard` is called first: the result belongs to the handle. If it is not,
    /// whoever finishes it will find the note, and discard the result itself.
    pub(super) fn abandon(&self, discard: impl FnOnce()) {
        let mut word = self.load();
        while !phase(word).is_over() {
            // Relaxed: a note that carries nothing with it.
            match self.word.compare_exchange(word, word | ABANDONED, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(_) => word = self.load(), // and if it has just ended, its result must be seen
            }
        }
        discard();
        // Release: pairs with the Acquire in `load`, when the scope looks.
        self.word.fetch_or(ABANDONED, Release);
    }
    // ANCHOR_END: abandon

    /// Whether it panicked and the handle is gone: then nobody else looks at the result.
    pub(super) fn panicked_unseen(&self) -> bool {
        self.load() == PANICKED | ABANDONED
    }

    /// Whether the calling thread is running it, further up its stack.
    pub(super) fn runs_here(&self) -> bool {
        // Relaxed: only what this very thread has written counts.
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
        assert!(!state.wait(Some(Instant::now())), "nobody runs it");
        state.abandon(|| unreachable!("it is not over"));
        assert!(state.look().is_queued());
        assert!(state.claim(Claim::Run) && state.runs_here());
        let mut discarded = 0;
        state.finish(Ending::Panicked, || discarded += 1);
        assert_eq!(discarded, 1);
        assert!(state.panicked_unseen() && state.wait(None) && !state.runs_here());
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
