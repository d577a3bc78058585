//! [`Identity`]: what a lock, a semaphore or a queue is called, and who has it.
//!
//! A field beside the word, there only with the feature. It is made in a constant, so it cannot count itself;
//! it takes its number when it is first taken, because an address may be another lock's tomorrow.

use super::graph::{Held, NOBODY, Place};
use super::inversion;
use super::local::{self, Refusal, Waiting, how_to_refuse};
use super::{Kind, Label};
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::sync::thread;
use std::panic::Location;

/// What a thing is called, and which thread has it.
#[derive(Debug)]
pub struct Identity {
    label: Label,
    /// 0: not taken yet.
    number: AtomicU64,
    /// The thread that has it, from just after it took it until just before it releases it.
    owner: AtomicU64,
}

impl Identity {
    /// For something that is made by the caller; an empty name is none.
    #[track_caller]
    pub const fn new(kind: Kind, name: &'static str) -> Self {
        Self {
            label: Label::new(kind, name),
            number: AtomicU64::new(0),
            owner: AtomicU64::new(NOBODY),
        }
    }

    pub(super) fn label(&self) -> Label {
        self.label
    }

    pub(super) fn owner(&self) -> &AtomicU64 {
        &self.owner
    }

    /// The caller is about to take it, and if it must wait then for the owner alone. Until the result is
    /// dropped.
    #[inline]
    #[track_caller]
    pub fn wants(&self) -> Waiting {
        self.will_wait(Location::caller(), how_to_refuse())
    }

    /// [`wants`](Self::wants), by a caller that gets the report instead of a panic.
    #[inline]
    #[track_caller]
    pub(crate) fn wants_checked(&self) -> Waiting {
        self.will_wait(Location::caller(), Refusal::Return)
    }

    /// [`wants`](Self::wants), after a wait for a condition: its guard is alive, so this must not panic.
    #[inline]
    #[track_caller]
    pub(crate) fn wants_again(&self) -> Waiting {
        self.will_wait(Location::caller(), Refusal::Never)
    }

    #[inline]
    fn will_wait(&self, at: Place, refusal: Refusal) -> Waiting {
        if let Some(nesting) = local::if_anything_is_held(|held| inversion::check(self, held, at)) {
            nesting.note();
        }
        Waiting::for_owner(self, at, refusal)
    }

    /// The caller is about to wait for something that any thread could bring about. Until the result is
    /// dropped.
    #[inline]
    #[track_caller]
    pub fn waits(&self) -> Waiting {
        Waiting::for_anyone(self, Location::caller())
    }

    /// The caller has taken it.
    #[inline]
    #[track_caller]
    pub fn taken(&self) {
        // Relaxed: who reads it behind the gate knows what it is worth (`graph`).
        self.owner.store(thread::id(), Relaxed);
        local::take(Held { id: self.number(), label: self.label, since: Location::caller() });
    }

    /// The caller, who has it, is about to release it.
    #[inline]
    pub fn released(&self) {
        // Relaxed: as above. Before the release, for after it the note may be the next owner's.
        self.owner.store(NOBODY, Relaxed);
        // Relaxed: this thread has taken it, so it has a number, and it never changes.
        local::put_back(self.number.load(Relaxed));
    }

    #[inline]
    pub(super) fn number(&self) -> u64 {
        // Relaxed: the number alone is asked for.
        match self.number.load(Relaxed) {
            0 => self.take_a_number(),
            number => number,
        }
    }

    #[cold]
    fn take_a_number(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed, all: only that no two are the same, and that the first to store wins.
        let number = NEXT.fetch_add(1, Relaxed);
        match self.number.compare_exchange(0, number, Relaxed, Relaxed) {
            Ok(_) => number,
            Err(earlier) => earlier,
        }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        match *self.number.get_mut() {
            0 => {}
            number => inversion::forget(number),
        }
    }
}
