//! The knots that tellers tied, and the reports of them.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use primitives::deadlock::{self, Report as Knot, Verdict};
use primitives::{Barrier, Event, threads};

use crate::timeline::waiting;

/// The deadlocks that were found, and how the first is tied.
pub(super) struct Knots {
    found: AtomicUsize,
    first: OnceLock<Told>,
    /// Pairs of accounts that were locked in both orders, which is a warning and not a knot.
    inversions: Arc<AtomicUsize>,
    pub(super) each_has_one: Barrier,
    /// That the first knot was found.
    first_found: Event,
}

/// The report that a thread got instead of a lock, and how long that took.
pub(super) struct Told {
    pub(super) knot: Box<Knot>,
    pub(super) took: Duration,
}

impl Knots {
    /// From now on the warnings of the detector are counted, not printed.
    pub(super) fn new() -> Self {
        let inversions = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&inversions);
        deadlock::set_hook(move |report| match report.verdict() {
            Verdict::Inversion => {
                counted.fetch_add(1, Relaxed); // Relaxed: a number, read when all have ended
            }
            Verdict::Stuck | Verdict::Reentry => eprintln!("\n{report}\n"),
            Verdict::Cycle => (), // its thread panics with it
        });
        Self {
            found: AtomicUsize::new(0),
            first: OnceLock::new(),
            inversions,
            each_has_one: Barrier::new(2),
            first_found: Event::new(),
        }
    }

    /// The calling thread got a report, and has backed off.
    pub(super) fn note(&self, told: Told) {
        if told.knot.verdict() == Verdict::Cycle {
            self.found.fetch_add(1, Relaxed); // Relaxed: as above
            let _ = self.first.set(told); // an error says that it was not the first
        }
        self.first_found.set();
        threads::yield_now(); // so that the others of the ring get what it has released
    }

    /// Blocks until the first knot was found.
    pub(super) fn wait_for_first(&self) {
        waiting!("the first knot", self.first_found.wait());
    }

    /// No thread keeps waiting for the first knot if a teller cannot come to tie it.
    pub(super) fn stop(&self) {
        self.each_has_one.abort();
        self.first_found.set();
    }

    pub(super) fn first(&self) -> Option<&Told> {
        self.first.get()
    }

    /// How many knots were found, and how many pairs of accounts were locked in both orders.
    pub(super) fn counts(&self) -> (usize, usize) {
        // Relaxed: the threads were joined.
        (self.found.load(Relaxed), self.inversions.load(Relaxed))
    }
}
