//! Giving others a turn, and remembering what that cost.
//!
//! On a core that nothing else wants `sched_yield` returns after a fraction of a microsecond, and where several
//! threads of one program share a core it is the cheapest way from one to the next. Beside a thread that computes
//! it gives up the core for a whole slice: since Linux 6.6 for 1.4 ms on average, ten thousand times what the
//! other side of a queue needs. Nobody can know beforehand which it will be. So each turn is timed, and after
//! one that took longer than a sleep would have, no thread gives a turn on that core for a while:
//!
//! ```text
//!      turn            rest 10 ms           turn          rest 20 ms              turn
//!    ───██▏······························▕██▏·······································▕▏ ▏▏▏ ▏▏───▶
//!       3 ms: too long                      3 ms: again, twice as long               0.4 µs: all is well
//! ```
//!
//! The rest doubles, up to a second, each time that the first turn after it was too long as well; after a
//! time in which turns were short it begins at 10 ms again. Beside a hog for good that is one lost slice a second.
//! Each core has its own memory, because a hog on one says nothing about another.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::system::Machine;

/// A turn that takes longer was not worth it: several times what it takes to sleep and be woken (30–50 µs), so that a
/// thread of the same program that does its work meanwhile is not taken for a hog.
const TOO_LONG: u64 = 200_000;
/// The first rest after it.
const SHORTEST_REST: u64 = 10_000_000;
/// The longest.
const LONGEST_REST: u64 = 1_000_000_000;
/// A turn that is too long within so many rests of the end of the last one makes the next twice as long.
const SOON: u64 = 4;
/// Cores that are told apart; those beyond share.
const CORES: usize = 64;

/// What turns have cost lately, for each core.
#[derive(Debug)]
pub(super) struct Turns([Memory; CORES]);

/// Of one core. Both in nanoseconds; Relaxed everywhere, because they are hints and stand alone.
#[derive(Debug)]
struct Memory {
    /// Until when no turn is given.
    rests_until: AtomicU64,
    /// How long the last rest was.
    rest: AtomicU64,
}

impl Turns {
    pub(super) const fn new() -> Self {
        Self([const { Memory { rests_until: AtomicU64::new(0), rest: AtomicU64::new(0) } }; CORES])
    }

    fn memory(&self, core: usize) -> &Memory {
        &self.0[core % CORES]
    }

    /// Gives others up to so many turns and looks after each, until `ready`. Ends early, with `None`, where turns
    /// are too long.
    pub(super) fn give(
        &self,
        machine: &impl Machine,
        times: u32,
        mut ready: impl FnMut() -> bool,
    ) -> Option<bool> {
        let mut before = machine.now();
        let memory = self.memory(machine.core());
        if before < memory.rests_until.load(Relaxed) {
            return None;
        }
        for _ in 0..times {
            machine.give_turn();
            let after = machine.now();
            let too_long = after - before > TOO_LONG;
            if too_long {
                memory.rest(before, after);
            }
            if ready() {
                return Some(true);
            }
            if too_long {
                return None;
            }
            before = after;
        }
        Some(false)
    }
}

impl Memory {
    /// A turn was too long: no more of them for a while.
    #[cold]
    fn rest(&self, before: u64, after: u64) {
        let rest = self.rest.load(Relaxed);
        let last = self.rests_until.load(Relaxed);
        if before < last {
            return; // others were giving turns at the same time, and one of them has noted it
        }
        let soon = before < last + SOON * rest;
        let rest = if soon { (2 * rest).min(LONGEST_REST) } else { SHORTEST_REST };
        self.rest.store(rest, Relaxed);
        self.rests_until.store(after + rest, Relaxed);
    }
}
