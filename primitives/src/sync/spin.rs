//! The one policy of waiting: how long to look before going to sleep.
//!
//! Putting a thread to sleep and waking it on another core costs 30–50 µs on a small virtual machine; a
//! hand-over between two running cores about 0.1 µs. So a thread that must wait looks for a short while
//! first, and only then asks the kernel. Different kinds of waiting want different kinds of looking:
//!
//! - [`back_off`], for a word that many threads fight over (a lock). Each look pulls the word's cache
//!   line away from the thread that is about to release it, so look rarely: three times after a quarter of a microsecond,
//!   for a lock that is wanted now and then, and from then on after a whole one. Measured against a look at every pause,
//!   this alone made a contended lock 30–45 % faster. A microsecond from the first look on is faster still where the threads do
//!   nothing else, but a third slower where there is as much to do outside, and one thread gets more than
//!   the other.
//! - [`watch`], for a word that changes once (a notification). The line is not fought for, and what counts is to
//!   see the change at once: one look a pause. If it has not changed after a moment, then the thread that should change
//!   it may be waiting for this very core: so give it two turns, and then look on. Measured on a condition for
//!   which eight wait on two cores, the turns halved the time until all were awake.
//! - [`gather`], for a word that changes when so many threads have come. If there are more of them than cores, each
//!   pause keeps one of them from coming: so give turns at once. That halves the time of a barrier for eight on
//!   two cores.
//! - [`linger`], for a word that another thread will change as soon as it runs (the next place of a
//!   queue). If it runs now, the change is there in a tenth of a microsecond; if it does not, it may be
//!   waiting for this very core. So look twice, and not at every pause, because the change is several
//!   stores to the line that is looked at; then give turns. Measured on a ring of one place between two cores
//!   against a look at every pause: a third of the time per item. Measured with four and eight threads on
//!   two cores against longer looks and no turns: a fifth to a tenth.
//!
//! All give up soon. A thread that spins for longer than a sleep costs has wasted the core, and where
//! there are more threads than cores it keeps the very thread off it that it waits for: 45 µs spins made
//! such runs 20–30 times slower. On a machine with one core spinning is always wrong, so no thread spins there.
//!
//! # What a wait learns
//!
//! All that is best on a quiet machine. Where something else wants the core it was the worst: a ring of one place
//! took 1,100,000 ns an item beside one busy thread a core, where channels that sleep at once took 34,000. So nothing
//! is spent here but what has lately been seen to pay:
//!
//! - **Turns are timed** (`turns`). After one that took longer than a sleep would have, none is given on that core for a
//!   while. The ring above then takes 2,000–15,000 ns: a thread that pauses and sleeps is let onto the core at
//!   once when it is woken, and keeps it for the rest of its slice.
//! - **Long looks are on trial** (`patience`). Two threads that have fallen out of step can wake each other for good. A
//!   look as long as a wake-up takes brings them back; each thread takes one only as often as that has worked.
//! - **Time is counted, not pauses** (`pace`): a pause takes ten times as long on one processor as on another.
//!
//! In a model no thread spins either (each look would multiply the interleavings and add none that
//! matters), unless a scenario asks for one look, so that the orderings in these loops are checked too.

#[cfg(all(test, not(model)))]
mod fake;
#[cfg(not(model))]
mod pace;
#[cfg(not(model))]
mod patience;
#[cfg(not(model))]
mod system;
#[cfg(not(model))]
mod turns;

#[cfg(not(model))]
use {
    pace::Pace,
    patience::Patience,
    system::{Machine, System},
    turns::Turns,
};

// ANCHOR: back-off-constants
/// Nanoseconds of pauses before each look of [`back_off`]: all together a fifth of what a sleep costs.
#[cfg(not(model))]
const BLIND: [u32; 9] = [240, 240, 240, 960, 960, 960, 960, 960, 960];
// ANCHOR_END: back-off-constants

/// Nanoseconds for which [`watch`] looks, a pause between two looks, before it gives turns: three
/// hand-overs between two cores.
#[cfg(not(model))]
const WATCHED: u32 = 300;

/// Turns that [`watch`] gives to others. More of them gained nothing.
#[cfg(not(model))]
const WATCHED_TURNS: u32 = 2;

/// Nanoseconds for which [`watch`] looks after that, and [`gather`].
#[cfg(not(model))]
const PATIENT: u32 = 1500;

/// Looks of [`linger`] before it gives turns.
#[cfg(not(model))]
const LINGERING_LOOKS: u32 = 2;

/// Nanoseconds of pauses before each of them.
#[cfg(not(model))]
const LINGERING: u32 = 60;

/// Turns that [`gather`] and [`linger`] give to others before they give up: about 4 µs if nobody
/// else wants the core.
#[cfg(not(model))]
const TURNS: u32 = 10;

/// Looks of [`linger`] in place of turns, where those are too long.
#[cfg(not(model))]
const LOOKS_FOR_TURNS: u32 = 32;

/// Nanoseconds for which [`step_aside`] sleeps where a turn is too long.
#[cfg(not(model))]
const NAP: u64 = 50_000;

/// Nanoseconds of a long look: as long as a sleeper takes to wake up, from the call that wakes it.
#[cfg(not(model))]
const LONG: u64 = 60_000;

#[cfg(not(model))]
std::thread_local! {
    /// What long looks have brought to the calling thread.
    static PATIENCE: Patience = const { Patience::new() };
}

/// What the waits of this program have learnt of the machine.
#[cfg(not(model))]
static POLICY: Policy<System> = Policy::new(System);

/// Looks at a fought-over word now and then, until `ready` or until a sleep is the better choice.
/// Returns whether it was ready.
#[cfg(not(model))]
pub fn back_off(ready: impl FnMut() -> bool) -> bool {
    POLICY.back_off(ready)
}

/// Watches a quiet word closely, and gives others two turns, until `ready` or until a sleep is the better
/// choice. Returns whether it was ready.
#[cfg(not(model))]
pub fn watch(ready: impl FnMut() -> bool) -> bool {
    PATIENCE.with(|patience| POLICY.watch(patience, ready))
}

/// Watches a word that changes when so many threads have come, until `ready` or until a sleep is the better choice.
/// Returns whether it was ready.
#[cfg(not(model))]
pub fn gather(threads: usize, ready: impl FnMut() -> bool) -> bool {
    PATIENCE.with(|patience| POLICY.gather(patience, threads, ready))
}

/// Looks for a moment, then lets other threads run a few times, until `ready` or until a sleep is the
/// better choice. Returns whether it was ready.
#[cfg(not(model))]
pub fn linger(ready: impl FnMut() -> bool) -> bool {
    PATIENCE.with(|patience| POLICY.linger(patience, ready))
}

/// Lets another thread run that is in the middle of something and was taken off its core, where there is no word to sleep on.
#[cfg(not(model))]
pub fn step_aside() {
    POLICY.step_aside();
}

/// The policy on some machine.
#[cfg(not(model))]
#[derive(Debug)]
struct Policy<M> {
    machine: M,
    pace: Pace,
    turns: Turns,
}

#[cfg(not(model))]
impl<M: Machine> Policy<M> {
    const fn new(machine: M) -> Self {
        Self { machine, pace: Pace::new(), turns: Turns::new() }
    }

    // ANCHOR: back-off
    fn back_off(&self, mut ready: impl FnMut() -> bool) -> bool {
        if self.alone() {
            return false;
        }
        for nanoseconds in BLIND {
            self.pause_for(nanoseconds);
            if ready() {
                return true;
            }
        }
        false
    }
    // ANCHOR_END: back-off

    // ANCHOR: watch
    fn watch(&self, patience: &Patience, mut ready: impl FnMut() -> bool) -> bool {
        self.patiently(
            patience,
            |ready| {
                self.look_on(WATCHED, &mut *ready)
                    || self.give_turns(WATCHED_TURNS, &mut *ready).is_some_and(|ready| ready)
                    || self.look_on(PATIENT, &mut *ready)
            },
            &mut ready,
        )
    }
    // ANCHOR_END: watch

    fn gather(&self, patience: &Patience, threads: usize, mut ready: impl FnMut() -> bool) -> bool {
        if threads > self.machine.cores() {
            return self.give_turns(TURNS, ready).unwrap_or(false);
        }
        self.patiently(
            patience,
            |ready| {
                self.look_on(PATIENT, &mut *ready)
                    || self.give_turns(TURNS, &mut *ready).unwrap_or(false)
            },
            &mut ready,
        )
    }

    fn linger(&self, patience: &Patience, mut ready: impl FnMut() -> bool) -> bool {
        self.patiently(
            patience,
            |ready| {
                ready()
                    || self.look_at_intervals(LINGERING_LOOKS, &mut *ready)
                    || self
                        .give_turns(TURNS, &mut *ready)
                        .unwrap_or_else(|| self.look_at_intervals(LOOKS_FOR_TURNS, &mut *ready))
            },
            &mut ready,
        )
    }

    fn step_aside(&self) {
        if self.turns.give(&self.machine, self.machine.now()).is_none() {
            self.machine.nap(NAP);
        }
    }

    /// A short look of some kind, and a long one after it if that has paid lately.
    #[inline]
    fn patiently<R: FnMut() -> bool>(
        &self,
        patience: &Patience,
        short_look: impl FnOnce(&mut R) -> bool,
        ready: &mut R,
    ) -> bool {
        if short_look(ready) {
            patience.came_soon();
            return true;
        }
        if self.alone() || !patience.lasts() {
            return false;
        }
        let ready = self.look_for_long(ready);
        patience.was_used(ready);
        ready
    }

    /// Looks for about as long as a sleep and a wake-up take, and gives turns meanwhile.
    #[cold]
    fn look_for_long(&self, mut ready: impl FnMut() -> bool) -> bool {
        let start = self.machine.now();
        let mut now = start;
        while now - start < LONG {
            if self.look_at_intervals(LOOKS_FOR_TURNS / 2, &mut ready) {
                return true;
            }
            let after = self.turns.give(&self.machine, self.machine.now());
            if ready() {
                return true;
            }
            now = after.unwrap_or_else(|| self.machine.now());
        }
        false
    }

    /// Gives others up to so many turns and looks after each. `None` where turns are too long.
    fn give_turns(&self, times: u32, mut ready: impl FnMut() -> bool) -> Option<bool> {
        let mut now = self.machine.now();
        for _ in 0..times {
            let after = self.turns.give(&self.machine, now);
            if ready() {
                return Some(true);
            }
            now = after?;
        }
        Some(false)
    }

    /// Looks so many times, [`LINGERING`] apart, unless there is nobody on another core who could change anything meanwhile.
    fn look_at_intervals(&self, looks: u32, mut ready: impl FnMut() -> bool) -> bool {
        if self.alone() {
            return false;
        }
        for _ in 0..looks {
            self.pause_for(LINGERING);
            if ready() {
                return true;
            }
        }
        false
    }

    /// Looks at every pause, unless there is nobody on another core who could change anything meanwhile.
    fn look_on(&self, nanoseconds: u32, mut ready: impl FnMut() -> bool) -> bool {
        if self.alone() {
            return false;
        }
        for _ in 0..self.pace.pauses(&self.machine, nanoseconds) {
            if ready() {
                return true;
            }
            self.machine.pause();
        }
        false
    }

    fn pause_for(&self, nanoseconds: u32) {
        for _ in 0..self.pace.pauses(&self.machine, nanoseconds) {
            self.machine.pause();
        }
    }

    /// Whether this process has one core only.
    fn alone(&self) -> bool {
        self.machine.cores() == 1
    }
}

#[cfg(model)]
pub use model::spin::{back_off, watch, watch as linger};

/// As [`watch`]: a model has no cores to count.
#[cfg(model)]
pub fn gather(_threads: usize, ready: impl FnMut() -> bool) -> bool {
    watch(ready)
}

/// A turn to another thread of the model, at the caller's line.
#[cfg(model)]
#[track_caller]
pub fn step_aside() {
    model::thread::yield_now();
}

#[cfg(all(test, not(model)))]
mod tests;
