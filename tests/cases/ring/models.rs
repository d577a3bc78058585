//! Models of [`Ring`]: no item is lost or doubled, and no thread is left asleep.
//!
//! Every ring here begins in its last lap, so the positions wrap around as soon as a place is used
//! again. Scenarios with three threads have one call each and begin in an interesting state: with
//! one place taken, or with a note from before.

mod ending;
mod items;
mod jobs;
mod many;
mod orderings;
mod passing;
mod timed;

use std::time::Duration;

use model::Group;
use primitives::sync::cell::UnsafeCell;
use queues::{PutError, PutTimeoutError, Ring};

use tests::model::Notebook;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    let group = Group::new("ring");
    let group = passing::add_to(group);
    let group = timed::add_to(group);
    let group = ending::add_to(group);
    let group = many::add_to(group);
    let group = jobs::add_to(group);
    let group = items::add_to(group);
    orderings::add_to(group)
}

/// A ring, and what came out of it.
struct Line {
    ring: Ring<u32>,
    out: Notebook<u32>,
    /// An action that another thread sees only if the ring orders the two.
    deeds: [Deed; 2],
}

/// A cell that is written at most once, and read after that: the model reports a read that comes
/// too early.
struct Deed(UnsafeCell<bool>);

// SAFETY: the scenarios claim that the ring orders all uses of the cell, and the model checks it.
unsafe impl Sync for Deed {}

impl Deed {
    fn new() -> Self {
        Self(UnsafeCell::new(false))
    }

    fn do_it(&self) {
        // SAFETY: one thread writes, and others read only after what it does next.
        self.0.with_mut(|done| unsafe { *done = true });
    }

    fn is_seen(&self) -> bool {
        // SAFETY: as above.
        self.0.with(|done| unsafe { *done })
    }
}

impl Line {
    fn of(places: usize, items: impl IntoIterator<Item = u32>) -> Self {
        let line = Self {
            ring: Ring::bounded_in_its_last_lap(places),
            out: Notebook::new(),
            deeds: [Deed::new(), Deed::new()],
        };
        items.into_iter().for_each(|item| line.put(item));
        line
    }

    /// One place, and nothing in it.
    fn empty() -> Self {
        Self::of(1, [])
    }

    /// One place, with a 0 in it.
    fn full() -> Self {
        Self::of(1, [0])
    }

    fn put(&self, item: u32) {
        self.ring.put(item).expect("it is not shut down");
    }

    fn get(&self) -> u32 {
        self.ring.get().expect("it is not shut down")
    }

    /// Gets one and writes it down.
    fn get_one(&self) {
        self.out.write(self.get());
    }

    /// Gets until the ring is shut down, and writes everything down.
    fn get_all(&self) {
        self.ring.iter().for_each(|item| self.out.write(item));
    }

    /// Writes down what is left.
    fn empty_out(&self) {
        for item in self.ring.shutdown_now() {
            model::reached("was left");
            self.out.write(item);
        }
    }

    /// Puts a 1; if it comes back, writes it down.
    fn put_or_take_back(&self) {
        match self.ring.put(1) {
            Ok(()) => model::reached("went in"),
            Err(PutError::Shutdown(item)) => {
                model::reached("was given back");
                self.out.write(item);
            }
        }
    }

    /// Gets one, if any comes, and writes it down.
    fn get_one_or_none(&self) {
        if let Ok(item) = self.ring.get() {
            model::reached("came out");
            self.out.write(item);
        }
    }

    /// A getter comes, leaves its note in the tail, and gives up.
    fn with_a_note_in_the_tail(self) -> Self {
        assert!(self.ring.get_timeout(A_WHILE).is_err(), "there is nothing to get");
        self
    }

    /// A putter comes, leaves its note in the head, and gives up.
    fn with_a_note_in_the_head(self) -> Self {
        assert!(matches!(self.ring.put_timeout(9, A_WHILE), Err(PutTimeoutError::Timeout(9))));
        self
    }

    fn do_something(&self) {
        self.deeds[0].do_it();
    }

    fn sees_it(&self) {
        assert!(self.deeds[0].is_seen());
    }
}
