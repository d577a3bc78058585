//! The back end under `--cfg model`: a futex that loom can explore, with timeouts as choices.

use std::time::Instant;
#[cfg(not(explore))]
use std::{cell::Cell, marker::PhantomPinned, pin::Pin, task::Waker};

use model::clock;
use model::futex::{self, Outcome};

#[cfg(not(explore))]
use super::Seat;
use super::Wait;
use crate::sync::atomic::AtomicU32;

#[track_caller]
pub(super) fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> Wait {
    match futex::wait(word, expected, deadline.is_some()) {
        Outcome::Woken => Wait::Woken,
        Outcome::TimedOut => {
            if let Some(deadline) = deadline {
                clock::advance_to(deadline);
            }
            Wait::TimedOut
        }
    }
}

pub(super) fn now() -> Instant {
    clock::now()
}

#[track_caller]
pub(super) fn wake_one(word: *const AtomicU32) -> bool {
    futex::wake_one(word)
}

#[track_caller]
pub(super) fn wake_all(word: *const AtomicU32) {
    futex::wake_all(word);
}

/// See the [`Place`](super::line::Place) that ships. In a model coroutines are in the futex's own
/// list of sleepers, among the threads; `cases/coroutine` has models of the line that ships.
#[cfg(not(explore))]
pub struct Place {
    ticket: Cell<Option<u64>>,
    _pinned: PhantomPinned,
}

// SAFETY: all modelled threads are coroutines of one real thread, one of which runs at a time.
#[cfg(not(explore))]
unsafe impl Sync for Place {}

#[cfg(not(explore))]
impl Place {
    /// A place that is in no line.
    #[must_use]
    pub const fn new() -> Self {
        Self { ticket: Cell::new(None), _pinned: PhantomPinned }
    }

    /// Falls asleep while `*word == expected`: returns whether it did.
    #[track_caller]
    pub fn sleep(self: Pin<&Self>, word: &AtomicU32, expected: u32, waker: &Waker) -> bool {
        assert!(self.ticket.get().is_none(), "a place sleeps twice");
        self.ticket.set(futex::stand_in_line(word, expected, waker.clone()));
        self.ticket.get().is_some()
    }

    /// Whether it still sleeps; then it has this waker from now on.
    #[track_caller]
    pub fn look(self: Pin<&Self>, waker: &Waker) -> Seat {
        let Some(ticket) = self.ticket.get() else { return Seat::Awake };
        if futex::is_woken(ticket, waker) {
            self.ticket.set(None);
            futex::leave_line(ticket);
            return Seat::Woken;
        }
        Seat::Asleep
    }

    /// Leaves the line. Returns whether it was woken, and does not know it yet.
    #[track_caller]
    pub fn leave(self: Pin<&Self>) -> bool {
        self.ticket.take().is_some_and(futex::leave_line)
    }
}

#[cfg(not(explore))]
impl Drop for Place {
    fn drop(&mut self) {
        self.ticket.take().map(futex::leave_line);
    }
}

#[cfg(not(explore))]
impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}
