//! Putting and getting, and waiting for a place or for an item.
//!
//! A getter that finds the ring empty watches the stamp of the next place for a moment, then yields
//! a few times, then sleeps on an [event count](super::event_count). Three claims need an argument:
//! a putter knows that a getter sleeps; no sleeper is missed; and all this costs nothing while no
//! thread sleeps.
//!
//! The usual way has two checks: the getter counts itself and then reads the ring; the putter
//! changes the ring and then reads the count. One of the two must see the other, but only if
//! neither processor moves its load before its own write. Forbidding that takes a full barrier in
//! every `put` and every `get`. Here one word is enough. The getter writes a note into the _tail_,
//! by a compare-exchange that succeeds only while the tail equals the head. The putter moves the
//! tail by a compare-exchange that succeeds only if it knows the whole value. So one of the two
//! comes first:
//!
//! ```text
//!    getter: enter                        putter
//!            tail: 8 ─▶ 8 NOTE
//!            sleep                        tail: 8 ─▶ 9      fails: there is a note
//!                                         tail: 8 NOTE ─▶ 9 NOTE,   item, stamp
//!                                         call one
//!    or
//!                                         tail: 8 ─▶ 9,   item, stamp
//!            tail: 8 ─▶ 8 NOTE   fails: there is an item
//!            cancel, get it
//! ```
//!
//! A putter that finds the ring full does the same with the head, and a joiner with `done`.
//!
//! The note stays while the tail moves on. Each putter that finds it calls one getter, after it has
//! filled its place: one call for each item. The first putter that finds no getter left to call
//! clears the note. Just then another getter may have entered and left its note again, and this
//! putter clears that note too. So after the clearing it looks for such getters and calls them all;
//! they look again, and leave a new note if they must. (A later note is not cleared.) This look
//! cannot miss the getter, again because two writes to one word have an order. The look writes the
//! word of the event count, even if it finds no getter (Release), and to enter is a write to it
//! (Acquire). If the getter entered first, it is called. If it entered second, it leaves its note
//! after the clearing.
//!
//! So a thread that sleeps uncalled has a note, or the thread that cleared it is about to call.
//! That also holds if another thread took its call (a call is not addressed to one thread): only a
//! thread that has left a note itself, after it entered, tries to sleep and may take a call that
//! was not its own. A call is not lost if a thread takes it whose time is up, because that thread
//! tries once more before it gives up.

use std::time::{Duration, Instant};

use primitives::park::deadline_after;
use primitives::sync::atomic::AtomicU64;
use primitives::sync::atomic::Ordering::Relaxed;
use primitives::sync::spin;

use super::position::{ENDED, FILLED, NOTE, position};
use super::{Ring, Sleepers};
use crate::blocking_queue::{BlockingQueue, Iter, inherent};
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};

/// Putting.
impl<T> Ring<T> {
    /// Puts an item in; blocks while the ring is full. _Python_: `put(item)`.
    ///
    /// Costs one compare-exchange if there is a place.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the item, if the ring is shut down, before or while waiting.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        let Err(item) = self.put_at_once(item) else { return Ok(()) };
        match self.put_slow(item, None, false) {
            Ok(()) => Ok(()),
            Err(error) => Err(PutError::Shutdown(error.into_inner())),
        }
    }

    /// Puts an item in; blocks while the ring is full, for at most `timeout`.
    /// _Python_: `put(item, timeout=t)`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. The clock is read only if
    /// there is no place.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the item.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutTimeoutError<T>> {
        let Err(item) = self.put_at_once(item) else { return Ok(()) };
        self.put_slow(item, deadline_after(timeout), timeout.is_zero())
    }

    /// Puts an item in; blocks while the ring is full, until `deadline` at most.
    ///
    /// With a deadline that has passed it tries once.
    ///
    /// # Errors
    ///
    /// As [`put_timeout`](Self::put_timeout).
    #[inline]
    pub fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutTimeoutError<T>> {
        self.put_at_once(item).or_else(|item| self.put_slow(item, Some(deadline), false))
    }

    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn put_slow(
        &self,
        mut item: T,
        deadline: Option<Instant>,
        mut time_is_up: bool,
    ) -> Result<(), PutTimeoutError<T>> {
        let target = self.identity.waiting_for_anyone();
        loop {
            if !time_is_up {
                // It comes before the try, because that reads the head, which getters keep writing.
                // Only the putter and one getter use a stamp.
                spin::linger(|| self.is_place_free());
            }
            item = match self.try_put_slow(item) {
                Ok(()) => return Ok(()),
                Err(TryPutError::Shutdown(item)) => return Err(PutTimeoutError::Shutdown(item)),
                Err(TryPutError::Full(item)) if time_is_up => {
                    return Err(PutTimeoutError::Timeout(item));
                }
                Err(TryPutError::Full(item)) => item,
            };
            let putters = &self.sleepers.0.putters;
            putters.enter();
            if self.leave_note_if_full() {
                time_is_up = putters.sleep(deadline, target);
            } else {
                putters.cancel();
            }
        }
    }

    /// Whether a `put` would now find a place, or the shutdown. A hint.
    fn is_place_free(&self) -> bool {
        // Relaxed, both: `try_put_slow` decides.
        let tail = self.tail.0.load(Relaxed);
        tail & ENDED != 0 || self.slot(tail).stamp.load(Relaxed) == position(tail)
    }

    /// Leaves a note in the head if the ring is full and not shut down. Returns whether it did.
    pub(super) fn leave_note_if_full(&self) -> bool {
        // Relaxed: if there was a shutdown, `enter` came after its `call_all` and sees the
        // shutdown, or came before it, and `sleep` will find the call.
        let tail = self.tail.0.load(Relaxed);
        // The tail is at most a lap ahead of the head. So if the head is a lap behind the tail that
        // was read before, when the note is left, the tail has not moved, and the ring is full.
        tail & ENDED == 0 && leave_note(&self.head.0, self.positions.lap_before(position(tail)))
    }

    /// Calls a putter for the place that has become free.
    #[cold]
    pub(super) fn call_putter(&self) {
        if !self.sleepers.0.putters.call_one().0 {
            // Relaxed: as in `call_getter`.
            self.head.0.fetch_and(!NOTE, Relaxed);
            self.sleepers.0.putters.call_all();
        }
    }
}

/// Getting.
impl<T> Ring<T> {
    /// Takes the next item out; blocks while the ring is empty. _Python_: `get()`.
    ///
    /// Costs one compare-exchange if there is an item.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the ring is shut down and nothing is left in it.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get(&self) -> Result<T, GetError> {
        match self.get_at_once() {
            Some(item) => Ok(item),
            None => self.get_slow(None, false).map_err(|_| GetError::Shutdown),
        }
    }

    /// Takes the next item out; blocks while the ring is empty, for at most `timeout`.
    /// _Python_: `get(timeout=t)`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. The clock is read only if
    /// there is no item.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`], or [`GetTimeoutError::Shutdown`] if no item will come.
    #[inline]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError> {
        match self.get_at_once() {
            Some(item) => Ok(item),
            None => self.get_slow(deadline_after(timeout), timeout.is_zero()),
        }
    }

    /// Takes the next item out; blocks while the ring is empty, until `deadline` at most.
    ///
    /// With a deadline that has passed it tries once.
    ///
    /// # Errors
    ///
    /// As [`get_timeout`](Self::get_timeout).
    #[inline]
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetTimeoutError> {
        self.get_at_once().map_or_else(|| self.get_slow(Some(deadline), false), Ok)
    }

    // ANCHOR: get-slow
    #[cold]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub(super) fn get_slow(
        &self,
        deadline: Option<Instant>,
        mut time_is_up: bool,
    ) -> Result<T, GetTimeoutError> {
        let target = self.identity.waiting_for_anyone();
        loop {
            if !time_is_up {
                spin::linger(|| self.is_place_filled()); // before the try, as in `put_slow`
            }
            match self.try_get_slow() {
                Ok(item) => return Ok(item),
                Err(TryGetError::Shutdown) => return Err(GetTimeoutError::Shutdown),
                Err(TryGetError::Empty) if time_is_up => return Err(GetTimeoutError::Timeout),
                Err(TryGetError::Empty) => {}
            }
            let getters = &self.sleepers.0.getters;
            getters.enter();
            if self.leave_note_if_empty() {
                time_is_up = getters.sleep(deadline, target);
            } else {
                getters.cancel();
            }
        }
    }

    /// Whether a `get` would now find an item, or the shutdown. A hint.
    pub(super) fn is_place_filled(&self) -> bool {
        // Relaxed, both: `try_get_slow` decides.
        let head = self.head.0.load(Relaxed);
        head & ENDED != 0 || self.slot(head).stamp.load(Relaxed) == position(head) | FILLED
    }

    /// Leaves a note in the tail if the ring is empty and not shut down. Returns whether it did.
    pub(crate) fn leave_note_if_empty(&self) -> bool {
        // Relaxed: the head is never ahead of the tail. So if the tail equals the head that was
        // read before, when the note is left, the head has not moved, and the ring is empty. A
        // shutdown would be in the tail.
        leave_note(&self.tail.0, position(self.head.0.load(Relaxed)))
    }

    /// Calls a getter for the item that has come, and tells each select.
    #[cold]
    pub(super) fn call_getter(&self) {
        let Sleepers { getters, watchers, .. } = &self.sleepers.0;
        let (called, is_watched) = getters.call_one();
        if is_watched {
            watchers.tell();
        }
        if !called {
            // Relaxed: `call_all` and `enter` order this thread and the thread that left a note.
            self.tail.0.fetch_and(!NOTE, Relaxed);
            if getters.call_all() {
                watchers.tell();
            }
        }
    }
    // ANCHOR_END: get-slow

    /// The items as they come. `for item in ring.iter()` blocks for each, and ends when the ring is
    /// shut down and empty.
    pub fn iter(&self) -> Iter<'_, Self, T> {
        Iter::new(self)
    }
}

impl<T: Send> BlockingQueue<T> for Ring<T> {
    inherent!(T);
}

impl<'a, T: Send> IntoIterator for &'a Ring<T> {
    type Item = T;
    type IntoIter = Iter<'a, Ring<T>, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Leaves a note in a cursor if it is still at this position, and has not ended. Returns whether it
/// did.
pub(super) fn leave_note(cursor: &AtomicU64, position: u64) -> bool {
    // Relaxed: the compare-exchange decides.
    let mut now = cursor.load(Relaxed);
    while now & !NOTE == position {
        // It writes even if there is a note: another thread might be clearing it, and
        // this write must come before or after that. Relaxed: `enter` and `call_all`
        // order this thread and the thread that moves or ends the cursor or clears the
        // note.
        match cursor.compare_exchange_weak(now, position | NOTE, Relaxed, Relaxed) {
            Ok(_) => return true,
            Err(other) => now = other,
        }
    }
    false
}
