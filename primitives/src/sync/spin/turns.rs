//! Yielding to other threads, and remembering the cost.
//!
//! On a core that no other thread wants, `sched_yield` returns after a fraction of a microsecond.
//! Where several threads of one program share a core, it is the cheapest way from one to the next.
//! Beside a computing thread it gives up the core for a whole slice: since Linux 6.6 for 1.4 ms on
//! average, ten thousand times what the other side of a queue needs. A thread cannot know
//! beforehand which it will be. So each yield is timed. After one that took longer than a sleep
//! would have, no thread yields on that core for a while:
//!
//! ```text
//!      turn            rest 10 ms           turn          rest 20 ms              turn
//!    ───██▏······························▕██▏·······································▕▏ ▏▏▏ ▏▏───▶
//!       3 ms: too long                      3 ms: again, twice as long               0.4 µs: all is well
//! ```
//!
//! The rest doubles, up to a second, each time that a yield soon after it was too long again.
//! After a time of short yields it begins at 10 ms again. Beside a thread that computes
//! permanently, that is one lost slice a second. Each core has its own record, because a busy
//! thread on one core says nothing about another.

use super::system::Machine;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The longest yield that pays. It is several times a sleep and a wake-up (30–50 µs), so that a
/// thread of the same program that works meanwhile does not count as a busy stranger.
const TOO_LONG: u64 = 200_000;
/// The first rest after it.
const SHORTEST_REST: u64 = 10_000_000;
/// The longest.
const LONGEST_REST: u64 = 1_000_000_000;
/// The next rest is twice as long if a yield is too long within this many rests after the last one.
const SOON: u64 = 1; // with 16, a few interruptions a second passed for a busy stranger
/// Cores that have their own record; cores beyond share one.
const CORES: usize = 64;

/// What yields have cost lately, for each core.
#[derive(Debug)]
pub(super) struct Turns([Memory; CORES]);

/// The record of one core. Both fields are in nanoseconds. Relaxed everywhere: they are hints, and
/// no other data depends on them.
#[derive(Debug)]
struct Memory {
    /// Until when no thread yields.
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

    /// Yields once, unless yields took too long lately on this core. Returns the time afterwards,
    /// or `None` if it did not yield or the yield took too long.
    pub(super) fn give(&self, machine: &impl Machine, before: u64) -> Option<u64> {
        let memory = self.memory(machine.core());
        if before < memory.rests_until.load(Relaxed) {
            return None;
        }
        machine.give_turn();
        let after = machine.now();
        if after - before > TOO_LONG {
            memory.rest(before, after);
            return None;
        }
        Some(after)
    }
}

impl Memory {
    /// A yield took too long: no more of them for a while.
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
        self.rests_until.store(after + rest, Relaxed); // Relaxed: a hint, like `rest`
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_REST, Relaxed, SHORTEST_REST, SOON, TOO_LONG, Turns};
    use crate::sync::spin::fake::Fake;
    use crate::sync::spin::system::Machine;

    const SHORT: u64 = 400;
    const LONG: u64 = 3_000_000;

    fn give(turns: &Turns, machine: &Fake, turn: u64) -> bool {
        machine.turn.set(turn);
        turns.give(machine, machine.now()).is_some()
    }

    #[test]
    fn short_turns_go_on() {
        let (turns, machine) = (Turns::new(), Fake::new(2));
        assert!((0..1000).all(|_| give(&turns, &machine, SHORT)));
        assert!((0..1000).all(|_| give(&turns, &machine, TOO_LONG)));
        assert_eq!(machine.turns.get(), 2000);
    }

    #[test]
    fn after_one_that_is_too_long_there_is_none_for_a_while() {
        let (turns, machine) = (Turns::new(), Fake::new(2));
        assert!(!give(&turns, &machine, LONG));
        for _ in 0..10 {
            machine.clock.set(machine.clock.get() + SHORTEST_REST / 20);
            assert!(!give(&turns, &machine, SHORT));
        }
        assert_eq!(machine.turns.get(), 1, "it was not even tried");
        machine.clock.set(machine.clock.get() + SHORTEST_REST);
        assert!(give(&turns, &machine, SHORT));
    }

    #[test]
    fn beside_a_hog_for_good_one_slice_a_second_is_lost() {
        let (turns, machine) = (Turns::new(), Fake::new(2));
        let mut given = Vec::new();
        while machine.clock.get() < 10_000_000_000 {
            let before = machine.turns.get();
            give(&turns, &machine, LONG);
            if machine.turns.get() > before {
                given.push(machine.clock.get() / 1_000_000);
            }
            machine.clock.set(machine.clock.get() + 100_000);
        }
        let rests = given.windows(2).map(|pair| (pair[1] - pair[0]) / 10 * 10);
        let rests = Vec::from_iter(rests);
        assert_eq!(rests[..7], [10, 20, 40, 80, 160, 320, 640]);
        assert!(rests[7..].iter().all(|&rest| rest == LONGEST_REST / 1_000_000));
    }

    #[test]
    #[cfg_attr(miri, ignore = "too long for an interpreter")]
    fn a_few_interruptions_a_second_are_no_hog() {
        let (turns, machine) = (Turns::new(), Fake::new(2));
        let (mut waits, mut in_vain, mut interruptions) = (0_u32, 0_u32, 0);
        while machine.clock.get() < 10_000_000_000 {
            let is_due = machine.clock.get() / 100_000_000 > interruptions;
            let gave = give(&turns, &machine, if is_due { LONG } else { SHORT });
            if is_due && !gave {
                interruptions = machine.clock.get() / 100_000_000;
            }
            waits += 1;
            in_vain += u32::from(!gave);
            machine.clock.set(machine.clock.get() + 20_000);
        }
        assert!(in_vain < waits / 5, "{in_vain} of {waits} waits gave no turn");
    }

    #[test]
    fn after_a_time_of_short_turns_the_rest_is_short_again() {
        let (turns, machine) = (Turns::new(), Fake::new(2));
        for _ in 0..5 {
            give(&turns, &machine, LONG);
            // Relaxed: there is no other thread.
            machine.clock.set(turns.memory(0).rests_until.load(Relaxed));
        }
        machine.clock.set(machine.clock.get() + (SOON + 1) * LONGEST_REST);
        assert!(give(&turns, &machine, SHORT));
        assert!(!give(&turns, &machine, LONG));
        machine.clock.set(machine.clock.get() + SHORTEST_REST);
        assert!(give(&turns, &machine, SHORT));
    }

    #[test]
    fn each_core_has_a_memory_of_its_own() {
        let (turns, machine) = (Turns::new(), Fake::new(2));
        assert!(!give(&turns, &machine, LONG));
        machine.core.set(1);
        assert!(give(&turns, &machine, SHORT));
        machine.core.set(0);
        assert!(!give(&turns, &machine, SHORT));
    }
}
