//! The ring: first in, first out, with a fixed number of places, and without a lock.
//!
//! The places lie in a circle, and three cursors run after one another along it: `tail`, where the
//! next item is put; `head`, where the next one is got; and `done`, up to which items have been
//! processed. A cursor never stops at the end of the array. It holds a _position_: the index of a
//! place, and the number of the lap. Putters compete for the tail by compare-exchange, getters for
//! the head. The winner owns the place, and the others already compete for the next one.
//!
//! ```text
//!           done               head                    tail
//!            ▼                  ▼                       ▼
//!    ┌──────┬──────┬─────┬─────┬───────┬───────┬───────┬──────┬──────┐
//!    │      │ being worked on  │   C   │   D   │   E   │ free │ free │
//!    └──────┴──────┴─────┴─────┴───────┴───────┴───────┴──────┴──────┘
//! ```
//!
//! A place that was won is not yet filled. So each place has a _stamp_ that says what may be done
//! with it, and only the winner of the place writes it. The stamp is the position for which the
//! place is free, or that position and `FILLED`:
//!
//! ```text
//!             putter: tail == 8, stamp == 8           getter: head == 8, stamp == 8 FILLED
//!             moves the tail on, writes the item      moves the head on, reads the item
//!    ┌────────┐          stamp = 8 FILLED   ┌──────────┐        stamp = 8 + a lap      ┌──────────────┐
//!    │ free   │────────────────────────────▶│ filled   │──────────────────────────────▶│ free for the │
//!    │ for 8  │                             │ with 8   │                               │ next lap     │
//!    └────────┘                             └──────────┘                               └──────────────┘
//! ```
//!
//! So a putter reads two words and writes two: it finds the stamp equal to the tail, moves the
//! tail, writes the item, and then the stamp. The last store publishes the item (Release), and the
//! getter's load of the stamp (Acquire) makes the item safe to read. Only one cache line passes
//! between the two, which holds the item and its stamp.
//!
//! A stamp other than the expected one has one of three causes. The cursor was read too early, and
//! others have moved it since: read it again. Or the place is still as the last lap left it, and
//! the other cursor stands exactly there: the ring is full, or empty. Or the other cursor has gone
//! past, and a thread is filling or emptying this place: wait for it, usually for a few
//! instructions. Because of that wait the ring is "without a lock" but not, strictly, lock-free: a
//! thread that is preempted there delays those that need this very place, while all other places
//! stay usable.
//!
//! The three lowest bits of a word are not part of the position. In a stamp the first says
//! `FILLED`; in a cursor there is `NOTE`, "a thread sleeps until this moves" ([`waiting`]), and
//! `ENDED`, "this moves no more" ([`ending`]). Having them in the same word costs the fast path
//! nothing: a cursor with a bit set equals no stamp, so a call that ignores them ends in the slow
//! path.
//!
//! Each call on one ring takes effect at one moment during the call. But another thread may see two
//! calls on two rings in the other order, because no call takes part in the order of sequentially
//! consistent operations. A program that relies on the order between several rings, without other
//! synchronisation, needs `fence(SeqCst)` between its calls, or a [`Queue`](crate::Queue).
//!
//! Source: Dmitry Vyukov, [_Bounded MPMC
//! queue_](https://www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue); laps
//! beside indices, which allow any capacity, are from crossbeam's `ArrayQueue`.

mod at_once;
#[cfg(not(explore))]
mod awaited;
mod ending;
mod event_count;
mod inspect;
mod many;
mod position;
#[cfg(all(test, not(model)))]
mod tests;
mod waiting;
mod watching;

use std::mem::MaybeUninit;

use primitives::CachePadded;
use primitives::deadlock::{Identity, Kind};
use primitives::sync::atomic::AtomicU64;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::cell::UnsafeCell;
use primitives::sync::spin;

use self::event_count::EventCount;
use self::position::{ENDED, FILLED, NOTE, Positions, position};
use crate::error::{TryGetError, TryPutError};
use crate::watchers::Watchers;

/// A first-in, first-out queue with a fixed number of places and without a lock: a faster
/// [`Queue`](crate::Queue). _Python_: `queue.Queue(maxsize=capacity)`.
///
/// All calls are by `&self`; any number of threads may put and get at once. A `put` or a `get` that
/// need not wait costs one compare-exchange and a few loads and stores. A call that must wait spins
/// for a short time, yields a few times, and then sleeps. There is no system call while no thread
/// sleeps. All places are allocated when the ring is made.
///
/// Every corner case is as in [`LockedQueue`](crate::LockedQueue), and as in CPython 3.13.
///
/// ```
/// use queues::{Ring, TryPutError};
///
/// let ring = Ring::bounded(2);
/// ring.put('a')?;
/// ring.put('b')?;
/// assert_eq!(ring.try_put('c'), Err(TryPutError::Full('c')));
/// assert_eq!(ring.get(), Ok('a'));
/// # Ok::<(), queues::PutError<char>>(())
/// ```
// ANCHOR: ring
pub struct Ring<T> {
    // Different threads change the cursors all the time, so each has its own cache lines. Each is a
    // position and two bits:
    //
    // |        | `NOTE`                      | `ENDED`                                     |
    // | ------ | --------------------------- | ------------------------------------------- |
    // | `tail` | getters sleep: it is empty  | shut down: nothing can be put               |
    // | `head` | putters sleep: it is full   | shut down now: nothing can be got           |
    // | `done` | joiners sleep               | never                                       |
    /// Where the next item is put.
    tail: CachePadded<AtomicU64>,
    /// Where the next item is got.
    head: CachePadded<AtomicU64>,
    /// Up to where items have been processed.
    done: CachePadded<AtomicU64>,
    /// The sleepers; only read if there is a note.
    sleepers: CachePadded<Sleepers>,
    // From here on only the places themselves change.
    identity: Identity,
    positions: Positions,
    slots: Box<[Slot<T>]>,
}

struct Sleepers {
    putters: EventCount,
    getters: EventCount,
    joiners: EventCount,
    /// The selects that wait for the ring among others.
    watchers: Watchers,
}

/// A place for an item. It is not padded, because a putter hands both words to a getter.
struct Slot<T> {
    /// The position for which the place is free, or, with `FILLED`, whose item it holds.
    stamp: AtomicU64,
    item: UnsafeCell<MaybeUninit<T>>,
}
// ANCHOR_END: ring

// SAFETY: one thread moves an item in and another moves it out, but two never use it at once (the
// stamps ensure that), so `T: Send` is enough.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: as above; `&Ring` gives no reference to an item.
unsafe impl<T: Send> Sync for Ring<T> {}

/// Making one.
impl<T> Ring<T> {
    /// A ring with `capacity` places.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero, or more than there is memory for. (A system that overcommits memory
    /// may instead end the program later, when it first uses the places.)
    #[must_use]
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        assert!(capacity > 0, "a ring of capacity 0 could never take an item: use at least 1",);
        // It reserves fallibly, because a program cannot catch what std does without memory.
        let mut slots = Vec::new();
        assert!(
            slots.try_reserve_exact(capacity).is_ok(),
            "a ring of capacity {capacity} does not fit into memory: use less, or an unbounded `Queue`",
        );
        Self::starting_at(Positions::new(capacity), 0, slots)
    }

    /// The same ring, with a name for [reports of deadlocks](primitives::deadlock). Without the
    /// feature `deadlock-detection`, the name is not kept.
    ///
    /// ```
    /// use queues::Ring;
    ///
    /// let jobs = Ring::bounded(8).named("jobs");
    /// # let () = jobs.put(1).unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn named(mut self, name: &'static str) -> Self {
        self.identity = Identity::new(Kind::Queue, name);
        self
    }

    /// A ring whose laps wrap around once each place has been used; for tests and models.
    #[cfg(any(test, model))]
    #[doc(hidden)]
    #[must_use]
    pub fn bounded_in_its_last_lap(capacity: usize) -> Self {
        let positions = Positions::new(capacity);
        Self::starting_at(positions, positions.last_lap(), Vec::new())
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn starting_at(positions: Positions, start: u64, mut slots: Vec<Slot<T>>) -> Self {
        let mut next = start;
        slots.extend((0..positions.places()).map(|_| {
            let stamp = next;
            next = positions.after(stamp);
            Slot { stamp: AtomicU64::new(stamp), item: UnsafeCell::new(MaybeUninit::uninit()) }
        }));
        Self {
            slots: slots.into_boxed_slice(),
            positions,
            identity: Identity::new(Kind::Queue, ""),
            tail: CachePadded(AtomicU64::new(start)),
            head: CachePadded(AtomicU64::new(start)),
            done: CachePadded(AtomicU64::new(start)),
            sleepers: CachePadded(Sleepers {
                putters: EventCount::new(),
                getters: EventCount::new(),
                joiners: EventCount::new(),
                watchers: Watchers::new(),
            }),
        }
    }
}

// ANCHOR: try-put
/// Putting and getting without waiting.
impl<T> Ring<T> {
    /// Puts an item in if there is a place; never blocks. _Python_: `put_nowait(item)`.
    ///
    /// Costs one compare-exchange. If another thread is just emptying the next place, it waits for
    /// that thread.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the item.
    #[inline]
    #[doc(alias = "put_nowait")]
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        self.put_at_once(item).or_else(|item| self.try_put_slow(item))
    }

    // ANCHOR: put-at-once
    /// The fast path: gives the item back if anything is in the way.
    #[inline]
    fn put_at_once(&self, item: T) -> Result<(), T> {
        // Relaxed: a tail that is out of date, or has a bit set, equals no stamp, or the exchange
        // fails.
        let tail = self.tail.0.load(Relaxed);
        let slot = self.slot(tail);
        // Acquire: pairs with the Release in `empty`, so that the last item is out before this one
        // goes in.
        if slot.stamp.load(Acquire) != tail {
            return Err(item);
        }
        // Release: pairs with the Acquire in `len`. The item is published by its stamp, not by
        // this.
        match self.tail.0.compare_exchange_weak(tail, self.positions.after(tail), Release, Relaxed)
        {
            Ok(_) => {
                // SAFETY: the stamp said that the place is free for this position, and the exchange
                // proved that no other thread has the position.
                unsafe { self.fill(slot, tail, item) };
                Ok(())
            }
            Err(_) => Err(item),
        }
    }
    // ANCHOR_END: put-at-once

    // ANCHOR: try-put-slow
    /// The slow path: finds out why the stamp was not the expected one.
    #[cold]
    fn try_put_slow(&self, item: T) -> Result<(), TryPutError<T>> {
        // Acquire, here and below: pairs with the Release in `end`, so that a thread that learns of
        // the shutdown sees what led to it.
        let mut tail = self.tail.0.load(Acquire);
        loop {
            if tail & ENDED != 0 {
                return Err(TryPutError::Shutdown(item));
            }
            let here = position(tail);
            let slot = self.slot(here);
            // Acquire: as in `put_at_once`.
            let stamp = slot.stamp.load(Acquire);
            if stamp == here {
                let next = self.positions.after(here) | tail & NOTE;
                // Release: as in `put_at_once`. A note needs no Acquire: `call_getter` sees the
                // thread that left it, or clears it and thereby sees that thread. Acquire on
                // failure: as above.
                match self.tail.0.compare_exchange_weak(tail, next, Release, Acquire) {
                    Ok(_) => {
                        // SAFETY: as in `put_at_once`.
                        unsafe { self.fill(slot, here, item) };
                        if tail & NOTE != 0 {
                            self.call_getter();
                        }
                        return Ok(());
                    }
                    Err(now) => {
                        tail = now;
                        continue;
                    }
                }
            }
            let a_lap_ago = self.positions.lap_before(here);
            if position(stamp) == a_lap_ago {
                // Acquire: pairs with the Release in `shutdown_now`.
                let head = self.head.0.load(Acquire);
                if head & ENDED != 0 {
                    self.end();
                } else if position(head) == a_lap_ago {
                    return Err(TryPutError::Full(item));
                } else {
                    slot.await_change(stamp);
                }
            }
            // Otherwise the tail was out of date. The thread that wrote the stamp knew a newer one,
            // and through the Acquire above this thread knows it too.
            tail = self.tail.0.load(Acquire);
        }
    }
    // ANCHOR_END: try-put-slow
    // ANCHOR_END: try-put

    // ANCHOR: try-get
    /// Takes the next item out if there is one; never blocks. _Python_: `get_nowait()`.
    ///
    /// Costs one compare-exchange. If another thread is just filling the next place, it waits for
    /// that thread.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`], or [`TryGetError::Shutdown`] if no item will come.
    #[inline]
    #[doc(alias = "get_nowait")]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.get_at_once().map_or_else(|| self.try_get_slow(), Ok)
    }

    /// The fast path: `None` if anything is in the way.
    #[inline]
    fn get_at_once(&self) -> Option<T> {
        // Relaxed: as in `put_at_once`.
        let head = self.head.0.load(Relaxed);
        let slot = self.slot(head);
        // Acquire: pairs with the Release in `fill`, so that this thread sees the item.
        if slot.stamp.load(Acquire) != head + FILLED {
            return None;
        }
        // Release: pairs with the Acquire in `len`.
        self.head
            .0
            .compare_exchange_weak(head, self.positions.after(head), Release, Relaxed)
            .ok()?;
        // SAFETY: the stamp said that the place holds the item of this position, and the exchange
        // proved that no other thread has the position.
        Some(unsafe { self.empty(slot, head) })
    }

    /// The slow path: finds out why the stamp was not the expected one.
    #[cold]
    fn try_get_slow(&self) -> Result<T, TryGetError> {
        // Acquire, here and below: pairs with the Release in `shutdown_now`, as in `try_put_slow`.
        let mut head = self.head.0.load(Acquire);
        loop {
            if head & ENDED != 0 {
                self.end();
                return Err(TryGetError::Shutdown);
            }
            let here = position(head);
            let slot = self.slot(here);
            // Acquire: as in `get_at_once`.
            let stamp = slot.stamp.load(Acquire);
            if stamp == here | FILLED {
                let next = self.positions.after(here) | head & NOTE;
                // Release: as in `get_at_once`. Acquire on failure: as above. For the note, as in
                // `try_put_slow`.
                match self.head.0.compare_exchange_weak(head, next, Release, Acquire) {
                    Ok(_) => {
                        // SAFETY: as in `get_at_once`.
                        let item = unsafe { self.empty(slot, here) };
                        if head & NOTE != 0 {
                            self.call_putter();
                        }
                        return Ok(item);
                    }
                    Err(now) => {
                        head = now;
                        continue;
                    }
                }
            }
            if stamp == here || stamp == self.positions.lap_before(here) | FILLED {
                // Acquire: pairs with the Release in `end`.
                let tail = self.tail.0.load(Acquire);
                if position(tail) != here {
                    slot.await_change(stamp);
                } else if tail & ENDED != 0 {
                    return Err(TryGetError::Shutdown);
                } else {
                    return Err(TryGetError::Empty);
                }
            }
            // Otherwise the head was out of date, as in `try_put_slow`.
            head = self.head.0.load(Acquire);
        }
    }
    // ANCHOR_END: try-get

    // ANCHOR: slot
    /// The place of a position, or of a cursor that holds one.
    #[inline]
    fn slot(&self, word: u64) -> &Slot<T> {
        // SAFETY: all positions come from `positions`, whose indices are below the number of
        // places.
        unsafe { self.slots.get_unchecked(self.positions.index(word)) }
    }

    /// Moves an item into a place, and sets its stamp.
    ///
    /// # Safety
    ///
    /// The place is free for this position, and this thread has the position.
    #[inline]
    unsafe fn fill(&self, slot: &Slot<T>, position: u64, item: T) {
        // SAFETY: no other thread touches the place until its stamp says that it is filled.
        slot.item.with_mut(|place| unsafe { (*place).write(item) });
        // Release: pairs with the Acquire in `get_at_once`, `try_get_slow` and `shutdown_now`.
        slot.stamp.store(position | FILLED, Release);
    }

    /// Moves the item out of a place, and sets its stamp.
    ///
    /// # Safety
    ///
    /// The place holds the item of this position, and this thread has the position.
    #[inline]
    unsafe fn empty(&self, slot: &Slot<T>, position: u64) -> T {
        // SAFETY: the item is there, and no other thread touches the place until the stamp says
        // that it is empty.
        let item = slot.item.with(|place| unsafe { (*place).assume_init_read() });
        // Release: pairs with the Acquire in `put_at_once` and `try_put_slow`.
        slot.stamp.store(self.positions.lap_after(position), Release);
        item
    }
    // ANCHOR_END: slot
}

// ANCHOR: await-change
impl<T> Slot<T> {
    /// Waits for another thread that is filling or emptying this place.
    #[cold]
    fn await_change(&self, stamp: u64) {
        // Relaxed: the caller looks again, with Acquire.
        if !spin::watch(|| self.stamp.load(Relaxed) != stamp) {
            spin::step_aside(); // it was taken off its core
        }
    }
}
// ANCHOR_END: await-change
