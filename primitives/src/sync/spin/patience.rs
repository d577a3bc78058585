//! When to spin for as long as a sleep takes, and when not to.
//!
//! Two threads that hand things to each other do so in a tenth of a microsecond while both run. If
//! one is delayed for a moment, the other goes to sleep, and that can repeat without end. The
//! thread that wakes the other spins for a few microseconds, but the other takes 30–50 µs to wake
//! up. So the first sleeps too, is woken in its turn, and so on. Each hand-over now takes a hundred
//! times as long as necessary. Neither thread is slow, but neither is awake at the right time. If
//! one of them spins once for as long as the other takes to wake up, both run again.
//!
//! ```text
//!    A  ──wakes B──looks▏asleep·········▕──wakes B──looks▏asleep····    ──wakes B──looks────────────▏▏▏▏▏▏▏──▶
//!    B  ·········asleep·····▕──wakes A──looks▏asleep···········▕───     ···········asleep·······▕──▏▏▏▏▏▏▏──▶
//!                                                                               longer, for once
//! ```
//!
//! But a long look in which nothing comes costs as much again as the sleep. So each thread measures
//! whether it pays. A long look has paid if something came, **and the next item came soon after
//! it**: then both run again, and short looks suffice. If not, the thread takes no long look for a
//! few waits: 2, then 4, up to 256.
//!
//! Source: A. R. Karlin, K. Li, M. S. Manasse and S. Owicki, _Empirical studies of competitive
//! spinning for a shared-memory multiprocessor_ (1991), for spinning as long as a sleep costs, and
//! for learning from the last waits. The rule of what has paid is this crate's.

use std::cell::Cell;

/// How many failures in a row still lengthen the pause: up to 256 waits.
const MOST_FAILURES: u32 = 8;

/// How long looks have paid for one thread lately.
#[derive(Debug)]
pub(super) struct Patience {
    /// Long looks in a row that did not pay.
    failures: Cell<u32>,
    /// The next waits, without a long look.
    skips: Cell<u32>,
    /// Whether the last wait was a long look in which something came. Then the next wait shows
    /// whether it paid.
    on_trial: Cell<bool>,
}

impl Patience {
    pub(super) const fn new() -> Self {
        Self { failures: Cell::new(0), skips: Cell::new(0), on_trial: Cell::new(false) }
    }

    /// Something came during a short look.
    #[inline]
    pub(super) fn came_soon(&self) {
        if self.on_trial.take() {
            self.failures.set(0);
            self.skips.set(0);
        }
    }

    /// Nothing came during a short look. Returns whether to look for longer.
    pub(super) fn lasts(&self) -> bool {
        if self.on_trial.take() {
            self.failed();
        }
        match self.skips.get() {
            0 => true,
            skips => {
                self.skips.set(skips - 1);
                false
            }
        }
    }

    /// A long look is over.
    pub(super) fn was_used(&self, something_came: bool) {
        if something_came { self.on_trial.set(true) } else { self.failed() }
    }

    fn failed(&self) {
        let failures = (self.failures.get() + 1).min(MOST_FAILURES);
        self.failures.set(failures);
        self.skips.set(1 << failures);
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_FAILURES, Patience};

    /// The number of waits until the next long look.
    fn waits_without(patience: &Patience) -> u32 {
        (0..).find(|_| patience.lasts()).expect("it comes back")
    }

    #[test]
    fn a_long_look_that_finds_nothing_is_tried_more_and_more_rarely() {
        let patience = Patience::new();
        assert_eq!(waits_without(&patience), 0);
        for failures in 1..=MOST_FAILURES + 2 {
            patience.was_used(false);
            assert_eq!(waits_without(&patience), 1 << failures.min(MOST_FAILURES));
        }
    }

    #[test]
    fn one_that_leads_to_short_waits_has_paid() {
        let patience = Patience::new();
        patience.was_used(false);
        assert_eq!(waits_without(&patience), 2);
        patience.was_used(true);
        patience.came_soon();
        assert_eq!(waits_without(&patience), 0);
    }

    #[test]
    fn one_after_which_the_next_wait_is_long_again_has_not() {
        let patience = Patience::new();
        patience.was_used(true);
        assert_eq!(waits_without(&patience), 2);
        patience.was_used(true);
        assert_eq!(waits_without(&patience), 4);
    }

    #[test]
    fn what_comes_soon_without_a_long_look_proves_nothing() {
        let patience = Patience::new();
        patience.was_used(false);
        patience.came_soon();
        assert_eq!(waits_without(&patience), 2);
    }
}
