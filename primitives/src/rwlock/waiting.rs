//! The slow ways of a [`RawRwLock`]: how a thread waits to go in, and how a thread that leaves
//! wakes those that wait.

use std::mem;
use std::time::Instant;

use super::{FREE, MAX_READERS, READERS_WAIT, RawRwLock, WRITER, WRITERS_WAIT, inside};
use crate::deadlock::WaitTarget;
use crate::park::{self, Wait};
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{model_failed, spin};

/// Waiting.
impl RawRwLock {
    // ANCHOR: read-slow
    /// Waits to go in as a reader; `false` if the deadline came first.
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn read_slow(
        &self,
        is_readable: fn(u32) -> bool,
        deadline: Option<Instant>,
        target: WaitTarget<'_>,
    ) -> bool {
        loop {
            let state = self.look_for_a_while(is_readable);
            if is_readable(state) {
                if self.enter_as_reader(is_readable) {
                    return true;
                }
                continue;
            }
            assert!(
                inside(state) != MAX_READERS,
                "a readers-writer lock has 1073741822 readers: were guards leaked?",
            );
            let asleep = state | READERS_WAIT;
            // Relaxed, both: the note orders nothing. A thread clears it in the same word, and this
            // thread goes in by an Acquire operation.
            if state != asleep
                && self.state.compare_exchange(state, asleep, Relaxed, Relaxed).is_err()
            {
                continue;
            }
            match park::wait_for(&self.state, asleep, deadline, target) {
                // The note stays, which costs a leaving thread one needless call.
                Wait::TimedOut => return false,
                Wait::Woken => {}
            }
        }
    }
    // ANCHOR_END: read-slow

    // ANCHOR: write-slow
    /// Waits to go in as the writer; `false` if the deadline came first.
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn write_slow(&self, deadline: Option<Instant>, target: WaitTarget<'_>) -> bool {
        // What to leave beside `WRITER`: the note, once this thread may have been woken in place of
        // others.
        let mut note = 0;
        loop {
            let state = self.look_for_a_while(|state| inside(state) == FREE);
            if inside(state) == FREE {
                // Acquire: pairs as in `enter_as_writer`. Notes that are there stay, and so does
                // the duty to wake.
                let entered = state | WRITER | note;
                if self.state.compare_exchange(state, entered, Acquire, Relaxed).is_ok() {
                    return true;
                }
                continue;
            }
            // Relaxed, both: the note orders nothing; the load below does.
            if state & WRITERS_WAIT == 0
                && self
                    .state
                    .compare_exchange(state, state | WRITERS_WAIT, Relaxed, Relaxed)
                    .is_err()
            {
                continue;
            }
            note = WRITERS_WAIT;
            // Acquire: pairs with the Release in `call_a_writer`. If this load counts that call,
            // then the thread sees below that the call cleared its note, and leaves another.
            let calls = self.writers.load(Acquire);
            // Relaxed: ordered by the load before it.
            let state = self.state.load(Relaxed);
            if inside(state) == FREE || state & WRITERS_WAIT == 0 {
                continue;
            }
            let gives_up = GivesUp(self);
            match park::wait_for(&self.writers, calls, deadline, target) {
                Wait::TimedOut => return false,
                Wait::Woken => mem::forget(gives_up),
            }
        }
    }
    // ANCHOR_END: write-slow

    /// Looks at the word until `wanted` or until a note is set, for a limited time.
    fn look_for_a_while(&self, wanted: impl Fn(u32) -> bool) -> u32 {
        // Relaxed, here and below: a hint only; the lock is taken by an Acquire operation.
        let mut state = self.state.load(Relaxed);
        if wanted(state) || state & (READERS_WAIT | WRITERS_WAIT) != 0 {
            return state;
        }
        spin::back_off(|| {
            state = self.state.load(Relaxed); // Relaxed: as above, a hint
            // Once others sleep, spinning would only let this thread overtake them.
            wanted(state) || state & (READERS_WAIT | WRITERS_WAIT) != 0
        });
        state
    }

    // ANCHOR: give-up
    /// Clears the notes, and wakes the threads that may have left them: a writer that has gone must
    /// not keep readers out, and another writer leaves its note again.
    fn give_up_writing(&self) {
        // Relaxed: a first guess; the compare-exchange decides.
        let mut state = self.state.load(Relaxed);
        // If no thread is inside, the thread that left is about to do the same.
        while inside(state) != FREE && state & WRITERS_WAIT != 0 {
            // Relaxed, both: a writer that left one of these notes learns by the call that it is
            // cleared; the call has the ordering (`call_a_writer`).
            match self.state.compare_exchange_weak(state, inside(state), Relaxed, Relaxed) {
                Ok(_) => {
                    if state & READERS_WAIT != 0 {
                        self.wake_readers();
                    }
                    self.call_a_writer();
                    return;
                }
                Err(now) => state = now,
            }
        }
    }
    // ANCHOR_END: give-up
}

/// A writer at the door. This is dropped when it goes without having been inside: its time is up,
/// or the detector refuses the sleep by a panic.
struct GivesUp<'a>(&'a RawRwLock);

impl Drop for GivesUp<'_> {
    fn drop(&mut self) {
        if !model_failed() {
            self.0.give_up_writing();
        }
    }
}

/// Waking.
impl RawRwLock {
    // ANCHOR: wake-after-readers
    /// The last reader has left, and only notes are set: a writer goes first.
    #[cold]
    pub(super) fn wake_after_readers(&self, mut state: u32) {
        while state & WRITERS_WAIT != 0 {
            let rest = state & READERS_WAIT;
            // Relaxed, both: the thread that is woken goes in by an Acquire operation, which pairs
            // with the releases of the readers (this operation does not end their release sequence:
            // it is a read-modify-write).
            match self.state.compare_exchange(state, rest, Relaxed, Relaxed) {
                // The readers' note stays: it keeps new readers out until the woken writer has been
                // inside.
                Ok(_) if self.call_a_writer() => return,
                // The writer gave up, or is awake and looks at the word itself; readers cannot rely
                // on it.
                Ok(_) => state = rest,
                // A reader has left its note meanwhile.
                Err(now) if inside(now) == FREE => state = now,
                // A thread has gone in, and took over the notes and the duty to wake.
                Err(_) => return,
            }
        }
        // Relaxed, both: as above. A reader adds no note to the one that is set, so a failure means
        // that a thread has gone in.
        if state == READERS_WAIT
            && self.state.compare_exchange(READERS_WAIT, FREE, Relaxed, Relaxed).is_ok()
        {
            self.wake_readers();
        }
    }
    // ANCHOR_END: wake-after-readers

    /// The writer has left, and has cleared these notes.
    #[cold]
    pub(super) fn wake_after_writer(&self, notes: u32) {
        if notes & READERS_WAIT != 0 {
            self.wake_readers();
        }
        if notes & WRITERS_WAIT != 0 {
            self.call_a_writer();
        }
    }

    /// Wakes all readers that sleep.
    fn wake_readers(&self) {
        park::wake_all(&raw const self.state);
    }

    /// Wakes one writer. Returns whether one slept.
    fn call_a_writer(&self) -> bool {
        // Release: pairs with the Acquire in `write_slow`, which then sees that the note is
        // cleared.
        self.writers.fetch_add(1, Release);
        park::wake_one(&raw const self.writers)
    }
}
