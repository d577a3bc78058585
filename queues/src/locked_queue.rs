//! The blocking queue: items under a lock, in the order of a discipline, with a condition for each
//! side.
//!
//! The classic monitor, after Hoare and CPython's `queue.py`: all changing data is under one lock.
//! A getter that finds the queue empty sleeps on "not empty", and a putter that finds it full
//! sleeps on "not full". A put notifies one getter, and a get notifies one putter. There are two
//! conditions because with one a notification meant for a getter could wake a putter. The putter
//! finds the queue full and goes back to sleep, and the notification is lost.
//!
//! ```text
//!    put ──▶ full? ── sleep on not_full ◀───┐            ┌───▶ sleep on not_empty ── empty? ◀── get
//!             │                             │ call one   │ call one                     │
//!             └─▶ push ─────────────────────│────────────┘                              │
//!                                           └───────────────────────────────────── pop ─┘
//! ```
//!
//! A thread notifies after it has released the lock, so that the woken thread does not find it
//! taken; it decides before, under the lock, whether to notify ([`Sleepers`]). Items are dropped
//! outside the lock, because a program's `drop` might use this queue.
//!
//! Two parts of the program's code run under the lock: the comparison of two items in a
//! [`PriorityQueue`](crate::PriorityQueue), and the closure of [`peek`](LockedQueue::peek), which
//! changes nothing. If a comparison panics, the call has no effect ([`Discipline`]
//! promises that nothing has changed). If the thread had been woken for this call, it wakes another
//! in its place, after it has released the lock ([`Owed`]).
//!
//! Source: C. A. R. Hoare, _Monitors: an operating system structuring concept_ (1974), with Mesa's
//! semantics: a wake-up is a hint, so every wait is in a loop.

mod at_once;
#[cfg(not(explore))]
mod awaited;
mod ending;
mod many;
mod owed;
#[cfg(all(test, not(model)))]
mod tests;
mod watching;

use std::fmt;
use std::mem;
use std::time::{Duration, Instant};

use primitives::deadlock::{Identity, Kind};
use primitives::sync::spin;
use primitives::{Condition, Lock, LockGuard};

use self::owed::Owed;
use crate::blocking_queue::{BlockingQueue, Iter, inherent};
use crate::discipline::Discipline;
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};
use crate::sleepers::Sleepers;
use crate::watchers::Watchers;

/// A queue that blocks a put while it is full and a get while it is empty.
///
/// Use it under the name of its order, such as [`Queue`](crate::Queue). All calls are by `&self`;
/// any number of threads may put and get at once. Each takes the queue's lock for a moment, so even
/// calls that "never block" may wait for another thread to release it. Uncontended, a `put` or a
/// `get` costs a lock and an unlock, and no system call while no thread sleeps.
pub struct LockedQueue<S: Discipline> {
    state: Lock<State<S>>,
    /// How many items fit; `usize::MAX` if unbounded.
    capacity: usize,
    not_empty: Condition,
    not_full: Condition,
    all_done: Condition,
    /// The selects that wait for it among others.
    watchers: Watchers,
    identity: Identity,
}

/// The data under the lock.
struct State<S> {
    items: S,
    /// Items put, minus calls of `task_done` and items that `shutdown_now` took out.
    unfinished: usize,
    shut_down: bool,
    putters: Sleepers,
    getters: Sleepers,
}

/// Making one.
impl<S: Discipline> LockedQueue<S> {
    /// A queue for at most `capacity` items. _Python_: `Queue(maxsize=capacity)`.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero. (In Python zero means unbounded; here [`unbounded`](Self::unbounded)
    /// says so.)
    #[must_use]
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a queue of capacity 0 could never take an item: use at least 1, or `unbounded()`",
        );
        Self::with_capacity(capacity)
    }

    /// A queue for any number of items, as far as memory allows: `put` never waits. _Python_:
    /// `Queue()`.
    #[must_use]
    #[track_caller]
    pub fn unbounded() -> Self {
        Self::with_capacity(usize::MAX)
    }

    #[cfg_attr(not(model), track_caller)]
    fn with_capacity(capacity: usize) -> Self {
        Self {
            state: Lock::new(State {
                items: S::default(),
                unfinished: 0,
                shut_down: false,
                putters: Sleepers::default(),
                getters: Sleepers::default(),
            }),
            capacity,
            not_empty: Condition::new(),
            not_full: Condition::new(),
            all_done: Condition::new(),
            watchers: Watchers::new(),
            identity: Identity::new(Kind::Queue, ""),
        }
    }

    /// The same queue, with a name for [reports of deadlocks](primitives::deadlock). Without the
    /// feature `deadlock-detection`, the name is not kept.
    ///
    /// ```
    /// use queues::Queue;
    ///
    /// let jobs = Queue::bounded(8).named("jobs");
    /// # let () = jobs.put(1).unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn named(mut self, name: &'static str) -> Self {
        self.identity = Identity::new(Kind::Queue, name);
        self
    }
}

/// Putting.
impl<S: Discipline> LockedQueue<S> {
    /// Puts an item in; blocks while the queue is full. _Python_: `put(item)`.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the item, if the queue is shut down, before or while waiting.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put(&self, item: S::Item) -> Result<(), PutError<S::Item>> {
        match self.put_until(item, None) {
            Ok(()) => Ok(()),
            Err(error) => Err(PutError::Shutdown(error.into_inner())),
        }
    }

    /// Puts an item in if there is room; never blocks. _Python_: `put_nowait(item)`.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] or [`TryPutError::Shutdown`], with the item.
    #[doc(alias = "put_nowait")]
    pub fn try_put(&self, item: S::Item) -> Result<(), TryPutError<S::Item>> {
        let state = self.state.lock();
        if state.shut_down {
            Err(TryPutError::Shutdown(item))
        } else if state.items.len() < self.capacity {
            self.push(item, state);
            Ok(())
        } else {
            Err(TryPutError::Full(item))
        }
    }

    /// Puts an item in; blocks while the queue is full, for at most `timeout`.
    /// _Python_: `put(item, timeout=t)`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Where there is no wait,
    /// the clock is not read.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the item.
    pub fn put_timeout(
        &self,
        item: S::Item,
        timeout: Duration,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        // Tries first, because reading the clock costs several times what a put does.
        let Err(full) = self.try_put(item) else { return Ok(()) };
        let (item, deadline) = full.unless_it_is_over(timeout)?;
        self.put_until(item, deadline)
    }

    /// Puts an item in; blocks while the queue is full, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`put_timeout`](Self::put_timeout).
    pub fn put_deadline(
        &self,
        item: S::Item,
        deadline: Instant,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        self.put_until(item, Some(deadline))
    }

    // ANCHOR: put-until
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn put_until(
        &self,
        item: S::Item,
        deadline: Option<Instant>,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        let mut time_is_up = false;
        let mut lingers = self.capacity > 1;
        // The order of the checks matters: a place that became free at the last moment is used, but
        // not after a shutdown.
        loop {
            if state.shut_down {
                return Err(PutTimeoutError::Shutdown(item));
            }
            if state.items.len() < self.capacity {
                self.push(item, state);
                return Ok(());
            }
            if time_is_up {
                return Err(PutTimeoutError::Timeout(item));
            }
            if mem::take(&mut lingers) {
                state = self.linger(state, |state| state.items.len() < self.capacity);
                continue;
            }
            state.putters.enter();
            time_is_up = self.not_full.wait_for(&mut state, deadline, target).timed_out();
            state.putters.leave();
        }
    }

    // The item is declared first, so that it is dropped last if a comparison panics, after the lock
    // is released.
    fn push(&self, item: S::Item, state: LockGuard<'_, State<S>>) {
        let on_panic = |state: &mut State<S>, owed: &mut Owed<'_, S>| {
            owed.call_putter(&mut state.putters);
        };
        let (mut state, place) =
            self.unless_it_panics(state, |state| state.items.place(&item), on_panic);
        state.items.insert(place, item);
        self.pushed(state);
    }

    /// An item is in: calls a getter.
    #[inline]
    fn pushed(&self, mut state: LockGuard<'_, State<S>>) {
        state.unfinished += 1;
        let call = state.getters.call_one();
        let is_watched = call && state.getters.is_watched();
        drop(state);
        if call {
            self.wake_getters(1, is_watched);
        }
    }
    // ANCHOR_END: put-until

    /// [`push`](Self::push), of the item in `from`, which stays there if a comparison panics.
    #[cfg(not(explore))]
    fn push_from(&self, from: &mut Option<S::Item>, state: LockGuard<'_, State<S>>) {
        let mut owed = Owed::nothing(self);
        let mut state = state; // and it is dropped before `owed`
        let item = from.as_ref().expect("the caller has looked");
        let State { items, putters, .. } = &mut *state;
        let place = owed::unless_it_panics(|| items.place(item), || owed.call_putter(putters));
        items.insert(place, from.take().expect("it is there"));
        self.pushed(state);
    }
}

/// Getting.
impl<S: Discipline> LockedQueue<S> {
    /// Takes the next item out; blocks while the queue is empty. _Python_: `get()`.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the queue is shut down and nothing is left in it.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get(&self) -> Result<S::Item, GetError> {
        self.get_until(None).map_err(|_| GetError::Shutdown)
    }

    /// Takes the next item out if there is one; never blocks. _Python_: `get_nowait()`.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`], or [`TryGetError::Shutdown`] if no item will come.
    #[doc(alias = "get_nowait")]
    pub fn try_get(&self) -> Result<S::Item, TryGetError> {
        match self.pop(self.state.lock()) {
            (state, Some(item)) => {
                self.popped(state);
                Ok(item)
            }
            (state, None) if state.shut_down => Err(TryGetError::Shutdown),
            (_, None) => Err(TryGetError::Empty),
        }
    }

    /// Takes the next item out; blocks while the queue is empty, for at most `timeout`.
    /// _Python_: `get(timeout=t)`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Where there is no wait,
    /// the clock is not read.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`], or [`GetTimeoutError::Shutdown`] if no item will come.
    pub fn get_timeout(&self, timeout: Duration) -> Result<S::Item, GetTimeoutError> {
        // Tries first, as `put_timeout` does.
        match self.try_get() {
            Ok(item) => Ok(item),
            Err(empty) => self.get_until(empty.unless_it_is_over(timeout)?),
        }
    }

    /// Takes the next item out; blocks while the queue is empty, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`get_timeout`](Self::get_timeout).
    pub fn get_deadline(&self, deadline: Instant) -> Result<S::Item, GetTimeoutError> {
        self.get_until(Some(deadline))
    }

    // ANCHOR: get-until
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn get_until(&self, deadline: Option<Instant>) -> Result<S::Item, GetTimeoutError> {
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        let mut time_is_up = false;
        let mut lingers = self.capacity > 1;
        // The order of the checks matters: an item that came at the last moment, or before the
        // shutdown, is taken.
        loop {
            let item;
            (state, item) = self.pop(state);
            if let Some(item) = item {
                self.popped(state);
                return Ok(item);
            }
            if state.shut_down {
                return Err(GetTimeoutError::Shutdown);
            }
            if time_is_up {
                return Err(GetTimeoutError::Timeout);
            }
            if mem::take(&mut lingers) {
                state = self.linger(state, |state| !state.items.is_empty());
                continue;
            }
            state.getters.enter();
            time_is_up = self.not_empty.wait_for(&mut state, deadline, target).timed_out();
            state.getters.leave();
        }
    }

    /// Lets `put` decide, under the lock, whether to put an item in, and wakes a getter if it did.
    /// Returns what `put` returns.
    pub(crate) fn put_if(&self, put: impl FnOnce(&mut S) -> bool) -> bool {
        let mut state = self.state.lock();
        if !put(&mut state.items) {
            return false;
        }
        state.unfinished += 1;
        let call = state.getters.call_one();
        let is_watched = call && state.getters.is_watched();
        drop(state);
        if call {
            self.wake_getters(1, is_watched);
        }
        true
    }

    /// Takes the next item out. If that panics, another getter may try.
    #[inline]
    fn pop<'a>(
        &'a self,
        state: LockGuard<'a, State<S>>,
    ) -> (LockGuard<'a, State<S>>, Option<S::Item>) {
        let on_panic = |state: &mut State<S>, owed: &mut Owed<'_, S>| {
            owed.call_getters(&mut state.getters, 1);
        };
        self.unless_it_panics(state, |state| state.items.pop(), on_panic)
    }

    fn popped(&self, mut state: LockGuard<'_, State<S>>) {
        let call = state.putters.call_one();
        drop(state);
        if call {
            self.not_full.notify_one();
        }
    }
    // ANCHOR_END: get-until

    /// The items as they come. `for item in queue.iter()` blocks for each, and ends when the queue
    /// is shut down and empty.
    pub fn iter(&self) -> Iter<'_, Self, S::Item> {
        Iter::new(self)
    }
}

// ANCHOR: sleep
impl<S: Discipline> LockedQueue<S> {
    /// Spins briefly before the caller sleeps, in case the other side is at work: a wake-up for
    /// each item costs ten times what the item costs, and several items may come during the spin.
    /// It does not spin if there is one place: there each item is handed over, and a notification
    /// comes sooner.
    #[cold]
    fn linger<'a>(
        &'a self,
        state: LockGuard<'a, State<S>>,
        ready: impl Fn(&State<S>) -> bool,
    ) -> LockGuard<'a, State<S>> {
        drop(state);
        spin::linger(|| {
            self.state.try_lock().is_some_and(|state| state.shut_down || ready(&state))
        });
        self.state.lock()
    }
}
// ANCHOR_END: sleep

/// Queries. An answer may be out of date when you read it: good for messages and tests.
impl<S: Discipline> LockedQueue<S> {
    /// How many items are inside. _Python_: `qsize()`.
    #[must_use]
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.state.lock().items.len()
    }

    // ANCHOR: is-empty
    /// Whether a `get` would have to wait. _Python_: `empty()`.
    #[must_use]
    #[doc(alias = "empty")]
    pub fn is_empty(&self) -> bool {
        self.state.lock().items.is_empty()
    }
    // ANCHOR_END: is-empty

    /// Whether a `put` would have to wait. _Python_: `full()`.
    #[must_use]
    #[doc(alias = "full")]
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// How many items fit; `None` if unbounded, which `bounded(usize::MAX)` means too. _Python_:
    /// `maxsize`, where zero means unbounded.
    #[must_use]
    #[doc(alias = "maxsize")]
    pub fn capacity(&self) -> Option<usize> {
        (self.capacity != usize::MAX).then_some(self.capacity)
    }
}

impl<S> BlockingQueue<S::Item> for LockedQueue<S>
where
    S: Discipline + Send,
    S::Item: Send,
{
    inherent!(S::Item);
}

impl<'a, S> IntoIterator for &'a LockedQueue<S>
where
    S: Discipline + Send,
    S::Item: Send,
{
    type Item = S::Item;
    type IntoIter = Iter<'a, LockedQueue<S>, S::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Shows how full it is and how many threads wait, or `<locked>` while another thread is changing
/// it. Never blocks. It writes after it has released the lock, because the writer may be slow, or
/// use this queue.
impl<S: Discipline> fmt::Debug for LockedQueue<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.state.try_lock().map(|state| {
            let asleep = (state.putters.asleep(), state.getters.asleep());
            (state.items.len(), state.unfinished, state.shut_down, asleep)
        });
        let mut queue = f.debug_struct("LockedQueue");
        queue.field("capacity", &self.capacity());
        match seen {
            None => queue.field("state", &format_args!("<locked>")),
            Some((len, unfinished, shut_down, (putters_asleep, getters_asleep))) => queue
                .field("len", &len)
                .field("unfinished", &unfinished)
                .field("shut_down", &shut_down)
                .field("putters_asleep", &putters_asleep)
                .field("getters_asleep", &getters_asleep),
        };
        queue.finish()
    }
}
