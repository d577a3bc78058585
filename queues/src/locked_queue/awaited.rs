//! Putting, getting and joining in a coroutine.
//!
//! A coroutine is a sleeper like any other: it is counted under the lock ([`Sleepers`]), sleeps on
//! the same condition, and is called in its turn. It differs from a thread in one point: it may be
//! dropped while it waits.
//!
//! ```text
//!                 empty                                  called
//!    get_async ─────────▶ counted, asleep ────────────────────────▶ polled: takes the item
//!                               │                                        │
//!                               │ dropped                                │ dropped before the poll
//!                               ▼                                        ▼
//!                         off the count                       off the count, with the call:
//!                                                             calls the next sleeper
//! ```
//!
//! The call is for an item that is in the queue, so the next sleeper finds it. If it was the last
//! one, the item waits for the next `get`.
//!
//! [`Sleepers`]: crate::sleepers::Sleepers

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use primitives::coroutines::until;
use primitives::park::{Place, Seat};
use primitives::sync::model_failed;
use primitives::{Condition, LockGuard};

use super::owed::Owed;
use super::{LockedQueue, State};
use crate::discipline::Discipline;
use crate::error::{GetError, GetTimeoutError, PutError, PutTimeoutError};
use crate::sleepers::Sleepers;

/// Putting and getting in a coroutine. See [`primitives::coroutines`].
impl<S: Discipline> LockedQueue<S> {
    /// Takes the next item out; waits while the queue is empty. _Python_: `await
    /// asyncio.Queue.get()`.
    ///
    /// Threads and coroutines stand in one line. If the future is dropped, it has taken no item;
    /// and if it had been called for one, the next in line is called. Costs what
    /// [`get`](Self::get) costs if there is an item.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// ```
    /// use primitives::block_on;
    /// use queues::Queue;
    ///
    /// let queue = Queue::bounded(1);
    /// std::thread::scope(|s| {
    ///     s.spawn(|| queue.put("from a thread").unwrap());
    ///     assert_eq!(block_on(queue.get_async()), Ok("from a thread"));
    /// });
    /// ```
    pub async fn get_async(&self) -> Result<S::Item, GetError> {
        let place = pin!(Place::new());
        let mut waiting = Waiting::new(self, place.as_ref(), Side::Getters);
        poll_fn(|cx| waiting.poll_get(cx)).await
    }

    /// [`get_async`](Self::get_async), until the `timer` is over.
    ///
    /// Any future will do for a timer. Its result is dropped.
    ///
    /// # Errors
    ///
    /// As [`get_deadline`](Self::get_deadline).
    pub async fn get_deadline_async(&self, timer: impl Future) -> Result<S::Item, GetTimeoutError> {
        match until(self.get_async(), timer).await {
            None => Err(GetTimeoutError::Timeout),
            Some(got) => got.map_err(|GetError::Shutdown| GetTimeoutError::Shutdown),
        }
    }

    /// Puts an item in; waits while the queue is full. _Python_: `await asyncio.Queue.put(item)`.
    ///
    /// If the future is dropped before it is over, the item is not in the queue, and is dropped
    /// with the future. To keep it, use [`put_from_async`](Self::put_from_async). Costs what
    /// [`put`](Self::put) costs if there is room.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn put_async(&self, item: S::Item) -> Result<(), PutError<S::Item>> {
        let mut item = Some(item);
        match self.put_from_async(&mut item).await {
            Ok(()) => Ok(()),
            Err(PutError::Shutdown(())) => Err(PutError::Shutdown(left(item))),
        }
    }

    /// [`put_async`](Self::put_async), of the item in `from`, which is taken out in the step that
    /// puts it in. If the future is dropped, or fails, the item is still there: nothing is lost.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    ///
    /// # Panics
    ///
    /// If there is no item, or if a comparison of two items does; then it is still there.
    ///
    /// ```
    /// use primitives::block_on;
    /// use queues::{PutTimeoutError, Queue};
    ///
    /// let queue = Queue::bounded(1);
    /// let mut item = Some("kept");
    /// block_on(queue.put_from_async(&mut item)).unwrap();
    /// assert_eq!(item, None);
    ///
    /// item = Some("too many");
    /// drop(Box::pin(queue.put_from_async(&mut item))); // for which there was no time
    /// assert_eq!(item, Some("too many"));
    /// ```
    pub async fn put_from_async(&self, from: &mut Option<S::Item>) -> Result<(), PutError<()>> {
        assert!(from.is_some(), "there is no item to put: `from` is `None`");
        let place = pin!(Place::new());
        let mut waiting = Waiting::new(self, place.as_ref(), Side::Putters);
        poll_fn(|cx| waiting.poll_put(from, cx)).await
    }

    /// [`put_async`](Self::put_async), until the `timer` is over.
    ///
    /// Any future will do for a timer. Its result is dropped.
    ///
    /// # Errors
    ///
    /// As [`put_deadline`](Self::put_deadline).
    pub async fn put_deadline_async(
        &self,
        item: S::Item,
        timer: impl Future,
    ) -> Result<(), PutTimeoutError<S::Item>> {
        let mut item = Some(item);
        match until(self.put_from_async(&mut item), timer).await {
            Some(Ok(())) => Ok(()),
            Some(Err(PutError::Shutdown(()))) => Err(PutTimeoutError::Shutdown(left(item))),
            None => Err(PutTimeoutError::Timeout(left(item))),
        }
    }

    /// Waits until every item has been processed. _Python_: `await asyncio.Queue.join()`.
    ///
    /// As [`join`](Self::join), a shutdown does not end it.
    pub async fn join_async(&self) {
        let place = pin!(Place::new());
        let mut waiting = Waiting::new(self, place.as_ref(), Side::Joiners);
        poll_fn(|cx| waiting.poll_join(cx)).await;
    }

    /// [`join_async`](Self::join_async), until the `timer` is over. Returns whether all items were
    /// processed.
    #[must_use = "`false` says that not all was done"]
    pub async fn join_deadline_async(&self, timer: impl Future) -> bool {
        until(self.join_async(), timer).await.is_some()
    }
}

/// The item of a put that has not put it.
pub(crate) fn left<T>(item: Option<T>) -> T {
    item.expect("it is taken out only when it is put in")
}

/// What a coroutine waits for.
#[derive(Clone, Copy)]
enum Side {
    Getters,
    Putters,
    Joiners,
}

/// A coroutine at a queue.
struct Waiting<'a, S: Discipline> {
    queue: &'a LockedQueue<S>,
    place: Pin<&'a Place>,
    side: Side,
    /// It is counted among the sleepers.
    is_counted: bool,
}

impl<'a, S: Discipline> Waiting<'a, S> {
    fn new(queue: &'a LockedQueue<S>, place: Pin<&'a Place>, side: Side) -> Self {
        Self { queue, place, side, is_counted: false }
    }

    fn condition(&self) -> &'a Condition {
        match self.side {
            Side::Getters => &self.queue.not_empty,
            Side::Putters => &self.queue.not_full,
            Side::Joiners => &self.queue.all_done,
        }
    }

    /// The count of its side, if that has one: joiners are always called together.
    fn sleepers<'s>(&self, state: &'s mut State<S>) -> Option<&'s mut Sleepers> {
        match self.side {
            Side::Getters => Some(&mut state.getters),
            Side::Putters => Some(&mut state.putters),
            Side::Joiners => None,
        }
    }

    // ANCHOR: poll-get
    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<S::Item, GetError>> {
        loop {
            let state = ready!(self.wakes_up(cx));
            let (state, item) = self.queue.pop(state);
            if let Some(item) = item {
                self.queue.popped(state);
                return Poll::Ready(Ok(item));
            }
            if state.shut_down {
                return Poll::Ready(Err(GetError::Shutdown));
            }
            ready!(self.falls_asleep(state, cx));
        }
    }
    // ANCHOR_END: poll-get

    fn poll_put(
        &mut self,
        from: &mut Option<S::Item>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), PutError<()>>> {
        loop {
            let state = ready!(self.wakes_up(cx));
            if state.shut_down {
                return Poll::Ready(Err(PutError::Shutdown(())));
            }
            if state.items.len() < self.queue.capacity {
                self.queue.push_from(from, state);
                return Poll::Ready(Ok(()));
            }
            ready!(self.falls_asleep(state, cx));
        }
    }

    fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let state = ready!(self.wakes_up(cx));
            if state.unfinished == 0 {
                return Poll::Ready(());
            }
            ready!(self.falls_asleep(state, cx));
        }
    }

    // ANCHOR: falls-asleep
    /// Takes the lock, unless it still sleeps.
    fn wakes_up(&mut self, cx: &mut Context<'_>) -> Poll<LockGuard<'a, State<S>>> {
        if self.place.look(cx.waker()) == Seat::Asleep {
            return Poll::Pending;
        }
        let mut state = self.queue.state.lock();
        if self.is_counted {
            self.is_counted = false;
            self.condition().end_async();
            if let Some(sleepers) = self.sleepers(&mut state) {
                sleepers.leave();
            }
        }
        Poll::Ready(state)
    }

    /// Counts itself, releases the lock, and sleeps. Ready, if it was notified in between.
    fn falls_asleep(
        &mut self,
        mut state: LockGuard<'a, State<S>>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if let Some(sleepers) = self.sleepers(&mut state) {
            sleepers.enter();
        }
        let condition = self.condition();
        let sequence = condition.begin_async();
        self.is_counted = true;
        drop(state);
        if self.place.sleep(condition.word(), sequence, cx.waker()) {
            return Poll::Pending;
        }
        Poll::Ready(())
    }
    // ANCHOR_END: falls-asleep
}

// ANCHOR: pass-on
/// The future is over, or is dropped. If it was called, it calls the next.
impl<S: Discipline> Drop for Waiting<'_, S> {
    fn drop(&mut self) {
        if !self.is_counted || model_failed() {
            return;
        }
        let mut owed = Owed::nothing(self.queue);
        let woken = self.place.leave();
        let mut state = self.queue.state.lock();
        self.condition().end_async();
        let side = self.side;
        if let Some(sleepers) = self.sleepers(&mut state)
            && sleepers.leave_early(woken)
        {
            match side {
                Side::Putters => owed.call_putter(sleepers),
                _ => owed.call_getters(sleepers, 1),
            }
        }
        drop(state);
    }
}
// ANCHOR_END: pass-on
