//! The one policy of waiting: how long to spin before going to sleep.
//!
//! Putting a thread to sleep and waking it on another core costs 30–50 µs on a small virtual
//! machine; a hand-over between two running cores costs about 0.1 µs. So a thread that must wait
//! first spins for a short time, and only then asks the kernel. Different waits need different ways
//! to spin:
//!
//! - [`back_off`], for a word that many threads compete for (a lock). Each look pulls the word's
//!   cache line away from the thread that is about to release it, so it looks rarely: first after a
//!   quarter of a microsecond, for a lock that is contended now and then, and then after twice as
//!   long each time. Compared with a look at every pause, this alone made a contended lock 30–45 %
//!   faster. Looks that are a microsecond apart from the start are faster still if the threads do
//!   nothing else. They are a third slower if the threads do as much work outside the lock, and
//!   then one thread gets it more often than the other. Before it gives up it looks closely: an
//!   owner that keeps a lock for longer than a look apart leaves it free for a few nanoseconds, and
//!   blind looks never fall into them. With sections of 5 µs they left a thread waiting for 250 µs.
//! - [`watch`], for a word that changes once (a notification). No thread competes for the line, and
//!   the change should be seen at once, so it looks at every pause. If the word has not changed
//!   after a moment, the thread that should change it may be waiting for this very core: so it
//!   yields twice, and then looks again. On a condition with eight waiters on two cores, the yields
//!   halved the time until all were awake.
//! - [`gather`], for a word that changes when a number of threads have arrived. If there are more
//!   of them than cores, each pause delays one of them: so it yields at once. That halves the time
//!   of a barrier for eight threads on two cores.
//! - [`linger`], for a word that another thread will change as soon as it runs (the next place of a
//!   queue). If that thread runs now, the change is there in a tenth of a microsecond; if not, it
//!   may be waiting for this very core. So `linger` looks twice, and not at every pause, because
//!   the change consists of several stores to the same cache line; then it yields. On a ring of one
//!   place between two cores it takes a third of the time per item, compared with a look at every
//!   pause. With four and eight threads on two cores it takes a fifth to a tenth, compared with
//!   longer looks and no yields.
//!
//! All of them give up soon. A thread that spins for longer than a sleep costs wastes the core.
//! With more threads than cores, it may even block the thread that it waits for: spins of 45 µs
//! made such runs 20–30 times slower. On a machine with one core spinning is always wrong, so no
//! thread spins there.
//!
//! # What a wait learns
//!
//! This is best on a quiet machine. Where something else wanted the core, it was worst: with one
//! busy thread on each core, a ring of one place took 1,100,000 ns per item, while channels that
//! sleep at once took 34,000. So the policy spends time only on what has paid lately:
//!
//! - **Turns are timed** (`turns`). A turn is a `sched_yield`. After one that took longer than a
//!   sleep would have, no thread yields on that core for a while. The ring above then takes
//!   2,000–15,000 ns: a thread that spins and sleeps gets the core at once when it is woken, and
//!   keeps it for the rest of its slice.
//! - **Long looks are on trial** (`patience`). Two threads that have fallen out of step can wake
//!   each other again and again. One look that is as long as a wake-up brings them back into step;
//!   a thread takes such a look only as often as it has paid.
//! - **Time is counted, not pauses** (`pace`): a pause takes ten times as long on one processor as
//!   on another.
//!
//! In a model no thread spins either, because each look would multiply the interleavings and add no
//! relevant one. A scenario may ask for one look, so that the orderings in these loops are checked
//! too.

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
/// Nanoseconds of pauses before each look of [`back_off`].
#[cfg(not(model))]
const BLIND: [u32; 5] = [240, 480, 960, 1920, 2880];

/// Nanoseconds for which it then looks at every pause. With the blind looks it is a third of what a
/// sleep costs.
#[cfg(not(model))]
const CLOSE: u32 = 5000;
// ANCHOR_END: back-off-constants

/// Nanoseconds for which [`watch`] looks, one look a pause, before it yields: three hand-overs
/// between two cores.
#[cfg(not(model))]
const WATCHED: u32 = 300;

/// How often [`watch`] yields. More yields gained nothing.
#[cfg(not(model))]
const WATCHED_TURNS: u32 = 2;

/// Nanoseconds for which [`watch`] looks after that, and [`gather`].
#[cfg(not(model))]
const PATIENT: u32 = 1500;

/// Looks of [`linger`] before it yields.
#[cfg(not(model))]
const LINGERING_LOOKS: u32 = 2;

/// Nanoseconds of pauses before each of them.
#[cfg(not(model))]
const LINGERING: u32 = 60;

/// How often [`gather`] and [`linger`] yield before they give up: about 4 µs if no other thread
/// wants the core.
#[cfg(not(model))]
const TURNS: u32 = 10;

/// Looks of [`linger`] in place of yields, where those take too long.
#[cfg(not(model))]
const LOOKS_FOR_TURNS: u32 = 32;

/// Nanoseconds for which [`step_aside`] sleeps where a yield takes too long.
#[cfg(not(model))]
const NAP: u64 = 50_000;

/// Nanoseconds of a long look: as long as a wake-up takes, from the call that causes it.
#[cfg(not(model))]
const LONG: u64 = 60_000;

#[cfg(not(model))]
std::thread_local! {
    /// What long looks have brought to the calling thread.
    static PATIENCE: Patience = const { Patience::new() };
}

/// What the waits of this program have learnt about the machine.
#[cfg(not(model))]
static POLICY: Policy<System> = Policy::new(System);

/// Looks at a contended word now and then, until `ready` or until a sleep is the better choice.
/// Returns whether it was ready.
#[cfg(not(model))]
pub fn back_off(ready: impl FnMut() -> bool) -> bool {
    POLICY.back_off(ready)
}

/// Watches a quiet word closely, and yields twice, until `ready` or until a sleep is the better
/// choice. Returns whether it was ready.
#[cfg(not(model))]
pub fn watch(ready: impl FnMut() -> bool) -> bool {
    PATIENCE.with(|patience| POLICY.watch(patience, ready))
}

/// Watches a word that changes when a number of threads have arrived, until `ready` or until a
/// sleep is the better choice. Returns whether it was ready.
#[cfg(not(model))]
pub fn gather(threads: usize, ready: impl FnMut() -> bool) -> bool {
    PATIENCE.with(|patience| POLICY.gather(patience, threads, ready))
}

/// Looks for a moment, then yields a few times, until `ready` or until a sleep is the better
/// choice. Returns whether it was ready.
#[cfg(not(model))]
pub fn linger(ready: impl FnMut() -> bool) -> bool {
    PATIENCE.with(|patience| POLICY.linger(patience, ready))
}

/// Lets another thread run that was preempted in the middle of an operation, where there is no word
/// to sleep on.
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
            return ready(); // nothing changes while this thread looks on; but what is there, it should know
        }
        for nanoseconds in BLIND {
            self.pause_for(nanoseconds);
            if ready() {
                return true;
            }
        }
        self.look_on(CLOSE, ready)
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

    /// A short look of some kind, and then a long one if long looks have paid lately.
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

    /// Looks for about as long as a sleep and a wake-up take, and yields meanwhile.
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

    /// Yields up to `turns` times and looks after each. `None` where yields take too long.
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

    /// Looks a number of times, [`LINGERING`] apart, unless there is no other core on which a
    /// thread could change the word.
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

    /// Looks at every pause, unless there is no other core on which a thread could change the word.
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

/// Yields to another thread of the model, at the caller's line.
#[cfg(model)]
#[track_caller]
pub fn step_aside() {
    model::thread::yield_now();
}

#[cfg(all(test, not(model)))]
mod tests;
