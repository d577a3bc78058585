//! The rendezvous: a queue without a place, where an item goes from hand to hand.
//!
//! A queue with places decouples two threads: the producer may be ahead. Here it may not. A put
//! returns when a get has taken its item, so its caller knows that a consumer has it. No item is
//! ever inside, so none is left when the queue ends.
//!
//! Two threads must meet. The first to come stands in line, with its item or with an empty hand,
//! which lies on its own stack. The second finds it there, and moves the item from stack to stack:
//!
//! ```text
//!    first: get                         second: put
//!    takes the lock: no putter          takes the lock: a getter
//!    stands in line, unlocks            takes it out of the line, unlocks
//!    waits                              puts the item into its hand
//!      │                                tells it that it is over ──┐
//!      ▼                                                           │
//!    has the item ◀────────────────────────────────────────────────┘
//! ```
//!
//! So the line holds putters or getters, never both: a thread that finds the other kind does not
//! stand in line. The second to come never waits. Those in line are served in the order of arrival.
//!
//! The item is moved, and the first thread told, after the lock is released: a thread that returns
//! at once, and comes again, finds the lock free. So a thread in line is _in line_ only as long as
//! the lock says so. One whose time is up takes the lock and looks for itself. If it is still
//! there, it leaves, and a putter has its item back. If it is not, then another thread has called
//! it and is about to serve it, and it waits for the few instructions that this takes: the item has
//! changed hands, however late it is. [`waiter`] has the details.
//!
//! Source: the zero-capacity flavour of crossbeam's channels, after Go's; the rendezvous itself is
//! from C. A. R. Hoare, _Communicating sequential processes_ (1978).

mod ending;
mod many;
#[cfg(all(test, not(model)))]
mod tests;
mod waiter;
mod watching;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

use primitives::deadlock::{Identity, Kind};
use primitives::{Condition, Lock};

use self::waiter::{InLine, Side, Waiter};
use crate::blocking_queue::{BlockingQueue, Iter, inherent};
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};
use crate::watchers::Watchers;

/// A queue without a place: a put returns when a get has taken its item.
///
/// Use it where a producer must not be ahead of its consumer, or must know that its item was taken.
/// All calls are by `&self`; any number of threads may put and get at once. _Python_: nothing; a
/// `queue.Queue` of `maxsize=0` is one without a limit. Go: `make(chan T)`. std: `sync_channel(0)`.
///
/// It is always empty and always full, as elsewhere: [`len`](Self::len) is 0 and
/// [`capacity`](Self::capacity) is `Some(0)`. How many threads wait, say
/// [`putters_waiting`](Self::putters_waiting) and [`getters_waiting`](Self::getters_waiting).
///
/// The thread that comes second costs a lock, an unlock and a swap, and a system call if the first
/// one sleeps. The first one watches for a moment, and then sleeps.
///
/// Every other corner case is as in [`LockedQueue`](crate::LockedQueue). In a
/// [`Select`](crate::Select) it is like any other queue, but for one thing: a select that sleeps is
/// not a getter that waits, so a [`try_put`](Self::try_put) beside it fails, while a
/// [`put`](Self::put) wakes it.
///
/// ```
/// use queues::{Rendezvous, TryPutError};
///
/// let counter = Rendezvous::new();
/// assert_eq!(counter.try_put("a letter"), Err(TryPutError::Full("a letter"))); // no clerk
/// std::thread::scope(|s| {
///     s.spawn(|| counter.put("a letter").unwrap()); // until it is in the clerk's hand
///     assert_eq!(counter.get(), Ok("a letter"));
/// });
/// ```
pub struct Rendezvous<T> {
    state: Lock<State<T>>,
    all_done: Condition,
    /// The selects that wait for it among others.
    watchers: Watchers,
    identity: Identity,
}

/// The data under the lock.
struct State<T> {
    /// Threads with an item, the first to come first. Empty if there is a getter.
    putters: VecDeque<InLine<T>>,
    /// Threads without one.
    getters: VecDeque<InLine<T>>,
    /// Items handed over, minus calls of `task_done`.
    unfinished: usize,
    shut_down: bool,
    /// A select must be told of each putter.
    is_watched: bool,
}

impl<T> State<T> {
    fn line(&mut self, side: Side) -> &mut VecDeque<InLine<T>> {
        match side {
            Side::Putters => &mut self.putters,
            Side::Getters => &mut self.getters,
        }
    }
}

/// Making one.
impl<T> Rendezvous<T> {
    /// One at which no thread waits.
    #[must_use]
    #[cfg_attr(not(model), track_caller)]
    pub fn new() -> Self {
        Self {
            state: Lock::new(State {
                putters: VecDeque::new(),
                getters: VecDeque::new(),
                unfinished: 0,
                shut_down: false,
                is_watched: false,
            }),
            all_done: Condition::new(),
            watchers: Watchers::new(),
            identity: Identity::new(Kind::Queue, ""),
        }
    }

    /// The same, with a name for [reports of deadlocks](primitives::deadlock). Without the feature
    /// `deadlock-detection`, the name is not kept.
    #[must_use]
    #[track_caller]
    pub fn named(mut self, name: &'static str) -> Self {
        self.identity = Identity::new(Kind::Queue, name);
        self
    }
}

/// Putting.
impl<T> Rendezvous<T> {
    /// Hands an item over; blocks until a get has taken it.
    ///
    /// # Errors
    ///
    /// [`PutError::Shutdown`], with the item, if the queue is shut down, before or while waiting.
    #[doc(alias = "send")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        match self.put_until(item, None) {
            Ok(()) => Ok(()),
            Err(error) => Err(PutError::Shutdown(error.into_inner())),
        }
    }

    /// Hands an item over if a getter waits; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryPutError::Full`] if none does, or [`TryPutError::Shutdown`], with the item.
    #[doc(alias = "try_send")]
    #[doc(alias = "offer")]
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        let mut state = self.state.lock();
        if state.shut_down {
            return Err(TryPutError::Shutdown(item));
        }
        let Some(getter) = state.getters.pop_front() else { return Err(TryPutError::Full(item)) };
        state.unfinished += 1;
        drop(state);
        getter.give(item);
        Ok(())
    }

    /// Hands an item over; blocks until a get has taken it, for at most `timeout`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Where a getter waits, the
    /// clock is not read.
    ///
    /// # Errors
    ///
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Shutdown`], with the item.
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutTimeoutError<T>> {
        let Err(full) = self.try_put(item) else { return Ok(()) };
        let (item, deadline) = full.unless_it_is_over(timeout)?;
        self.put_until(item, deadline)
    }

    /// Hands an item over; blocks until a get has taken it, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`put_timeout`](Self::put_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn put_deadline(&self, item: T, deadline: Instant) -> Result<(), PutTimeoutError<T>> {
        self.put_until(item, Some(deadline))
    }

    // ANCHOR: put
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn put_until(&self, item: T, deadline: Option<Instant>) -> Result<(), PutTimeoutError<T>> {
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        if state.shut_down {
            return Err(PutTimeoutError::Shutdown(item));
        }
        if let Some(getter) = state.getters.pop_front() {
            state.unfinished += 1;
            drop(state);
            getter.give(item);
            return Ok(());
        }
        let waiter = Waiter::new(Some(item));
        let time_is_up = self.stand_in_line(state, &waiter, Side::Putters, deadline, target);
        match waiter.into_hand() {
            None => Ok(()), // a getter has it
            Some(item) if time_is_up => Err(PutTimeoutError::Timeout(item)),
            Some(item) => Err(PutTimeoutError::Shutdown(item)),
        }
    }
    // ANCHOR_END: put
}

/// Getting.
impl<T> Rendezvous<T> {
    /// Takes an item from a putter; blocks until one has come.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] if the queue is shut down, before or while waiting.
    #[doc(alias = "recv")]
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get(&self) -> Result<T, GetError> {
        self.get_until(None).map_err(|_| GetError::Shutdown)
    }

    /// Takes an item if a putter waits; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if none does, or [`TryGetError::Shutdown`].
    #[doc(alias = "try_recv")]
    #[doc(alias = "poll")]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        let mut state = self.state.lock();
        match state.putters.pop_front() {
            Some(putter) => {
                state.unfinished += 1;
                drop(state);
                Ok(putter.take())
            }
            None if state.shut_down => Err(TryGetError::Shutdown),
            None => Err(TryGetError::Empty),
        }
    }

    /// Takes an item from a putter; blocks until one has come, for at most `timeout`.
    ///
    /// Zero tries once; a timeout that overflows `Instant` never expires. Where a putter waits, the
    /// clock is not read.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`] or [`GetTimeoutError::Shutdown`].
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError> {
        match self.try_get() {
            Ok(item) => Ok(item),
            Err(empty) => self.get_until(empty.unless_it_is_over(timeout)?),
        }
    }

    /// Takes an item from a putter; blocks until one has come, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`get_timeout`](Self::get_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetTimeoutError> {
        self.get_until(Some(deadline))
    }

    // ANCHOR: get
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn get_until(&self, deadline: Option<Instant>) -> Result<T, GetTimeoutError> {
        let target = self.identity.waiting_for_anyone();
        let mut state = self.state.lock();
        if let Some(putter) = state.putters.pop_front() {
            state.unfinished += 1;
            drop(state);
            return Ok(putter.take());
        }
        if state.shut_down {
            return Err(GetTimeoutError::Shutdown);
        }
        let waiter = Waiter::new(None);
        let time_is_up = self.stand_in_line(state, &waiter, Side::Getters, deadline, target);
        match waiter.into_hand() {
            Some(item) => Ok(item),
            None if time_is_up => Err(GetTimeoutError::Timeout),
            None => Err(GetTimeoutError::Shutdown),
        }
    }
    // ANCHOR_END: get

    /// The items as they come. `for item in queue.iter()` blocks for each, and ends when the queue
    /// is shut down.
    pub fn iter(&self) -> Iter<'_, Self, T> {
        Iter::new(self)
    }
}

/// Queries. An answer may be out of date when you read it: good for messages and tests.
impl<T> Rendezvous<T> {
    /// 0: no item is inside.
    #[must_use]
    pub const fn len(&self) -> usize {
        0
    }

    /// `true`.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        true
    }

    /// `true`.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        true
    }

    /// `Some(0)`.
    #[must_use]
    pub const fn capacity(&self) -> Option<usize> {
        Some(0)
    }

    /// How many threads wait with an item. If there is one, no getter waits.
    #[must_use]
    pub fn putters_waiting(&self) -> usize {
        self.state.lock().putters.len()
    }

    /// How many threads wait for an item: so many [`try_put`](Self::try_put)s would succeed.
    #[must_use]
    pub fn getters_waiting(&self) -> usize {
        self.state.lock().getters.len()
    }
}

impl<T: Send> BlockingQueue<T> for Rendezvous<T> {
    inherent!(T);
}

// A panic leaves it as it is: what is in a hand belongs to a thread that waits.
impl<T> UnwindSafe for Rendezvous<T> {}
impl<T> RefUnwindSafe for Rendezvous<T> {}

impl<T> Default for Rendezvous<T> {
    #[cfg_attr(not(model), track_caller)]
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T: Send> IntoIterator for &'a Rendezvous<T> {
    type Item = T;
    type IntoIter = Iter<'a, Rendezvous<T>, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Shows how many threads wait, or `<locked>` while another thread is changing it. Never blocks,
/// and writes after it has released the lock.
impl<T> fmt::Debug for Rendezvous<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.state.try_lock().map(|state| {
            (state.putters.len(), state.getters.len(), state.unfinished, state.shut_down)
        });
        let mut queue = f.debug_struct("Rendezvous");
        match seen {
            None => queue.field("state", &format_args!("<locked>")),
            Some((putters, getters, unfinished, shut_down)) => queue
                .field("putters_waiting", &putters)
                .field("getters_waiting", &getters)
                .field("unfinished", &unfinished)
                .field("shut_down", &shut_down),
        };
        queue.finish()
    }
}
