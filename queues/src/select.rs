//! [`Select`]: one thread that waits for several queues and timers at once.
//!
//! A select has a [board](crate::watchers), a bit for each of its queues, and is registered with
//! each of them once, when the queue is added. From then on a put sets the queue's bit, whether the
//! thread sleeps or not. So a select looks at the queues whose bits are set, and at no other: one
//! busy queue among sixty-four costs what one queue costs.
//!
//! ```text
//!    look: a bit is set? ─── no ──▶ sleep until one is, or until the next timer
//!      │ yes                                      │
//!      ▼                                          │
//!    try_get ── an item ──▶ return it; the bit stays set: there may be more
//!      │ empty
//!      ▼
//!    clear the bit, then arm: is it still empty? ── no ──▶ set the bit
//! ```
//!
//! Why no item is missed: a put comes before the look of `arm`, which then finds the item, or after
//! it, and then sets a bit that was cleared before. The queue orders the two, as it orders a put
//! and a getter that falls asleep: a [`LockedQueue`] by its lock, a [`Ring`] by the note that `arm`
//! leaves in its tail.
//!
//! An item is taken out by a `try_get` like any other. So no item is set aside for a select, and
//! none is lost with it. Getters and several selects may compete for a queue: an item wakes one
//! getter and each select, and the first to come gets it.
//!
//! Source: level-triggered readiness with a list of what is ready, as epoll(7) has it.

mod source;
#[cfg(all(test, not(model)))]
mod tests;

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use primitives::park::{deadline_after, now};
use primitives::sync::{model_failed, spin};

pub use self::source::Selectable;
use self::source::{Mapped, Source};
use crate::error::{GetError, GetTimeoutError, TryGetError};
use crate::watchers::{Board, Watcher};

/// Nanoseconds in a second.
const NANOS: u128 = 1_000_000_000;

/// Waits for several queues, timers and tickers at once, and returns what comes first.
///
/// Queues are added with a function each, which makes of the queue's item what the select returns:
/// often a variant of an `enum`. A select returns one at a time. If several are ready, it is fair:
/// it takes from each in turn. Or it is [`biased`](Self::biased): it takes from the first.
///
/// It belongs to one thread; others may have selects of their own over the same queues. Any number
/// of queues of any kinds may be in it. _Python_: nothing in `queue`; `asyncio.wait` with
/// `FIRST_COMPLETED`.
///
/// # How it ends
///
/// A queue that is shut down and empty leaves the select. When no queue is left, and no timer that
/// fires once, every call returns `Shutdown`; tickers alone do not keep it going. A select to which
/// nothing was added returns that at once. One with tickers only goes on.
///
/// ```
/// use queues::{Queue, Select};
/// use std::time::Duration;
///
/// enum Turn {
///     Job(u32),
///     Message(&'static str),
///     Tick,
/// }
///
/// let (jobs, messages) = (Queue::bounded(8), Queue::unbounded());
/// jobs.put(1).unwrap();
/// messages.put("hello").unwrap();
/// jobs.shutdown();
/// messages.shutdown();
///
/// let mut select = Select::new();
/// select.queue(&jobs, Turn::Job).queue(&messages, Turn::Message);
/// select.every(Duration::from_secs(60), || Turn::Tick);
/// let (mut sum, mut words) = (0, Vec::new());
/// while let Ok(turn) = select.select() {
///     match turn {
///         Turn::Job(number) => sum += number,
///         Turn::Message(word) => words.push(word),
///         Turn::Tick => println!("a minute has passed"),
///     }
/// }
/// assert_eq!((sum, words), (1, vec!["hello"]));
/// ```
pub struct Select<'a, R> {
    board: Arc<Board>,
    /// `None` where a queue has ended.
    queues: Vec<Option<Box<dyn Source<R> + 'a>>>,
    /// How many have not ended.
    open: usize,
    timers: Vec<Timer<'a, R>>,
    /// Where the next look begins, so that each queue has its turn.
    next: usize,
    /// The last result was a timer's: it is the queues' turn.
    was_timer: bool,
    is_biased: bool,
}

struct Timer<'a, R> {
    at: Instant,
    make: Make<'a, R>,
}

enum Make<'a, R> {
    Once(Box<dyn FnOnce() -> R + 'a>),
    Every(Duration, Box<dyn FnMut() -> R + 'a>),
}

/// Making one.
impl<'a, R> Select<'a, R> {
    /// A fair one, without queues: those that are ready take turns, and so do the queues on the one
    /// hand and the timers that are due on the other.
    #[must_use]
    #[cfg_attr(not(model), track_caller)]
    pub fn new() -> Self {
        Self {
            board: Arc::new(Board::new()),
            queues: Vec::new(),
            open: 0,
            timers: Vec::new(),
            next: 0,
            was_timer: false,
            is_biased: false,
        }
    }

    /// One that prefers timers that are due, and then queues in the order in which they were added.
    /// A queue that is never empty keeps all later ones waiting.
    #[must_use]
    #[cfg_attr(not(model), track_caller)]
    pub fn biased() -> Self {
        let mut select = Self::new();
        select.is_biased = true;
        select
    }

    /// Adds a queue, and the function that makes a result of its item. The same queue may be added
    /// more than once.
    ///
    /// The function runs in [`select`](Self::select), after the item was taken out. If it panics,
    /// the item is lost; the select can be used further.
    pub fn queue<S: Selectable + ?Sized>(
        &mut self,
        queue: &'a S,
        map: impl FnMut(S::Item) -> R + 'a,
    ) -> &mut Self {
        let index = self.queues.len();
        queue.watch(Watcher { board: Arc::clone(&self.board), index });
        self.queues.push(Some(Box::new(Mapped { queue, map })));
        self.open += 1;
        self.board.set(index); // what is inside was not told
        self
    }

    /// Adds a timer, which fires once, after so long. One that overflows `Instant` never does, and
    /// is not added. _Python_: `loop.call_later`.
    pub fn after(&mut self, delay: Duration, make: impl FnOnce() -> R + 'a) -> &mut Self {
        match deadline_after(delay) {
            Some(at) => self.at(at, make),
            None => self,
        }
    }

    /// Adds a timer, which fires once, at this instant, or at once if it has passed.
    pub fn at(&mut self, at: Instant, make: impl FnOnce() -> R + 'a) -> &mut Self {
        self.timers.push(Timer { at, make: Make::Once(Box::new(make)) });
        self
    }

    /// Adds a ticker, which fires each time that `period` is over. Ticks that come while the thread
    /// is busy are one.
    ///
    /// # Panics
    ///
    /// If `period` is zero.
    #[track_caller]
    pub fn every(&mut self, period: Duration, make: impl FnMut() -> R + 'a) -> &mut Self {
        assert!(!period.is_zero(), "a ticker of period 0 would be due all the time: use more");
        if let Some(at) = deadline_after(period) {
            self.timers.push(Timer { at, make: Make::Every(period, Box::new(make)) });
        }
        self
    }

    /// How many queues have not ended, as far as the select has noticed.
    #[must_use]
    pub fn open_queues(&self) -> usize {
        self.open
    }
}

/// Waiting.
impl<R> Select<'_, R> {
    /// Returns what comes first; blocks until then.
    ///
    /// # Errors
    ///
    /// [`GetError::Shutdown`] when [all has ended](Self#how-it-ends).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn select(&mut self) -> Result<R, GetError> {
        self.select_until(None, false).map_err(|_| GetError::Shutdown)
    }

    /// Returns what is ready; never blocks.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if nothing is, or [`TryGetError::Shutdown`] when
    /// [all has ended](Self#how-it-ends).
    pub fn try_select(&mut self) -> Result<R, TryGetError> {
        self.select_until(None, true).map_err(|error| match error {
            GetTimeoutError::Timeout => TryGetError::Empty,
            GetTimeoutError::Shutdown => TryGetError::Shutdown,
        })
    }

    /// Returns what comes first; blocks until then, for at most `timeout`. Zero tries once.
    ///
    /// # Errors
    ///
    /// [`GetTimeoutError::Timeout`], or [`GetTimeoutError::Shutdown`] when
    /// [all has ended](Self#how-it-ends).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn select_timeout(&mut self, timeout: Duration) -> Result<R, GetTimeoutError> {
        self.select_until(deadline_after(timeout), timeout.is_zero())
    }

    /// Returns what comes first; blocks until then, until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`select_timeout`](Self::select_timeout).
    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    pub fn select_deadline(&mut self, deadline: Instant) -> Result<R, GetTimeoutError> {
        self.select_until(Some(deadline), false)
    }

    #[cfg_attr(feature = "deadlock-detection", track_caller)]
    fn select_until(
        &mut self,
        deadline: Option<Instant>,
        mut time_is_up: bool,
    ) -> Result<R, GetTimeoutError> {
        let mut lingers = true;
        // The order of the checks matters: what came at the last moment is taken.
        loop {
            if let Some(result) = self.look() {
                return Ok(result);
            }
            if self.has_ended() {
                return Err(GetTimeoutError::Shutdown);
            }
            if time_is_up {
                return Err(GetTimeoutError::Timeout);
            }
            if mem::take(&mut lingers) && spin::linger(|| self.board.is_any_set()) {
                continue;
            }
            let timer = self.timers.iter().map(|timer| timer.at).min();
            let wakes_at = deadline.into_iter().chain(timer).min();
            // If the timer was first, the next look finds it due.
            time_is_up = self.board.sleep(wakes_at) && wakes_at == deadline;
        }
    }

    /// Whether nothing will come any more.
    fn has_ended(&self) -> bool {
        let fires_once = |timer: &Timer<'_, R>| matches!(timer.make, Make::Once(_));
        let only_tickers = self.queues.is_empty() && !self.timers.is_empty();
        self.open == 0 && !only_tickers && !self.timers.iter().any(fires_once)
    }

    /// What is ready, if anything is.
    fn look(&mut self) -> Option<R> {
        if self.timers.is_empty() {
            return self.look_at_queues(); // and not at the clock
        }
        if self.was_timer && !self.is_biased {
            self.was_timer = false;
            self.look_at_queues().or_else(|| self.fire())
        } else {
            self.fire().or_else(|| self.look_at_queues())
        }
    }

    /// Fires the timer that has been due longest, if one is.
    fn fire(&mut self) -> Option<R> {
        let now = now();
        let due = self.timers.iter().enumerate().filter(|(_, timer)| timer.at <= now);
        let (index, _) = due.min_by_key(|(_, timer)| timer.at)?;
        self.was_timer = true;
        let timer = &mut self.timers[index];
        match &mut timer.make {
            Make::Every(period, make) => {
                // Ticks that were missed are not made up for.
                let late = now.duration_since(timer.at).as_nanos() % period.as_nanos();
                let late = Duration::new((late / NANOS) as u64, (late % NANOS) as u32);
                match now.checked_add(*period - late) {
                    Some(next) => {
                        timer.at = next;
                        Some(make())
                    }
                    None => self.fire_last(index),
                }
            }
            Make::Once(_) => self.fire_last(index),
        }
    }

    fn fire_last(&mut self, index: usize) -> Option<R> {
        Some(match self.timers.swap_remove(index).make {
            Make::Once(make) => make(),
            Make::Every(_, mut make) => make(),
        })
    }

    /// Takes an item from a queue whose bit is set: from `next` on, and then from the first on.
    fn look_at_queues(&mut self) -> Option<R> {
        let begin = if self.is_biased { 0 } else { self.next };
        for (from, end) in [(begin, self.queues.len()), (0, begin)] {
            let mut from = from;
            while let Some(index) = self.board.first_from(from).filter(|index| *index < end) {
                if let Some(result) = self.take_from(index) {
                    return Some(result);
                }
                from = index + 1;
            }
        }
        None
    }

    // ANCHOR: take-from
    /// Takes an item from this queue. If there is none, its bit is cleared.
    fn take_from(&mut self, index: usize) -> Option<R> {
        loop {
            let Some(queue) = &mut self.queues[index] else {
                self.board.clear(index); // told when it had ended already
                return None;
            };
            match queue.take() {
                Ok(result) => {
                    self.next = index + 1; // it is the next one's turn
                    return Some(result);
                }
                Err(TryGetError::Shutdown) => {
                    queue.unwatch(&self.board, index);
                    self.queues[index] = None;
                    self.open -= 1;
                }
                Err(TryGetError::Empty) => {
                    self.board.clear(index);
                    if queue.arm() {
                        return None;
                    }
                    self.board.set(index);
                }
            }
        }
    }
    // ANCHOR_END: take-from
}

impl<R> Default for Select<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}

/// The queues forget it. It has taken nothing that it has not returned.
impl<R> Drop for Select<'_, R> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        for (index, queue) in self.queues.iter().enumerate() {
            if let Some(queue) = queue {
                queue.unwatch(&self.board, index);
            }
        }
    }
}

/// Shows how many queues and timers are left. Never blocks.
impl<R> fmt::Debug for Select<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("open_queues", &self.open)
            .field("timers", &self.timers.len())
            .field("biased", &self.is_biased)
            .finish()
    }
}
