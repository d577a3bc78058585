//! Putting, getting and joining in a coroutine.
//!
//! A coroutine announces itself in the event count, leaves its note, looks again and sleeps, as a
//! thread does ([`waiting`](super::waiting)); it sleeps on the same word. So a putter neither knows
//! nor asks what it calls.
//!
//! A call is not addressed. A coroutine that is dropped while it is inside leaves the event count
//! as a thread does whose time is up; but such a thread looks once more, and the item that the call
//! was for is found. A coroutine that is dropped looks no more. So if it takes a call with it, it
//! calls another in its place, as the thread did that moved the cursor.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use primitives::coroutines::until;
use primitives::park::{Place, Seat};
use primitives::sync::model_failed;

use super::Ring;
use super::event_count::EventCount;
use crate::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError,
};

/// Putting and getting in a coroutine. See [`primitives::coroutines`].
impl<T> Ring<T> {
    /// Takes the next item out; waits while the ring is empty. _Python_: `await
    /// asyncio.Queue.get()`.
    ///
    /// Threads and coroutines stand in one line. If the future is dropped, it has taken no item;
    /// and if it had been called for one, another is called. Costs what [`get`](Self::get) costs if
    /// there is an item; it does not spin.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// ```
    /// use primitives::block_on;
    /// use queues::Ring;
    ///
    /// let ring = Ring::bounded(1);
    /// std::thread::scope(|s| {
    ///     s.spawn(|| ring.put("from a thread").unwrap());
    ///     assert_eq!(block_on(ring.get_async()), Ok("from a thread"));
    /// });
    /// ```
    pub async fn get_async(&self) -> Result<T, GetError> {
        match self.get_at_once() {
            Some(item) => Ok(item),
            None => self.get_slow_async().await,
        }
    }

    #[cold]
    async fn get_slow_async(&self) -> Result<T, GetError> {
        let place = pin!(Place::new());
        let mut waiting = Waiting::new(self, place.as_ref(), Side::Getters);
        poll_fn(|cx| {
            waiting.poll(cx, || match self.try_get_slow() {
                Ok(item) => Some(Ok(item)),
                Err(TryGetError::Shutdown) => Some(Err(GetError::Shutdown)),
                Err(TryGetError::Empty) => None,
            })
        })
        .await
    }

    /// [`get_async`](Self::get_async), until the `timer` is over.
    ///
    /// Any future will do for a timer. Its result is dropped.
    ///
    /// # Errors
    ///
    /// As [`get_deadline`](Self::get_deadline).
    pub async fn get_deadline_async(&self, timer: impl Future) -> Result<T, GetTimeoutError> {
        match until(self.get_async(), timer).await {
            None => Err(GetTimeoutError::Timeout),
            Some(got) => got.map_err(|GetError::Shutdown| GetTimeoutError::Shutdown),
        }
    }

    /// Puts an item in; waits while the ring is full. _Python_: `await asyncio.Queue.put(item)`.
    ///
    /// If the future is dropped before it is over, the item is not in the ring, and is dropped with
    /// the future. To keep it, use [`put_from_async`](Self::put_from_async). Costs what
    /// [`put`](Self::put) costs if there is a place; it does not spin.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn put_async(&self, item: T) -> Result<(), PutError<T>> {
        let Err(item) = self.put_at_once(item) else { return Ok(()) };
        let mut item = Some(item);
        match self.put_slow_async(&mut item).await {
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
    /// If there is no item.
    pub async fn put_from_async(&self, from: &mut Option<T>) -> Result<(), PutError<()>> {
        assert!(from.is_some(), "there is no item to put: `from` is `None`");
        self.put_slow_async(from).await
    }

    #[cold]
    async fn put_slow_async(&self, from: &mut Option<T>) -> Result<(), PutError<()>> {
        let place = pin!(Place::new());
        let mut waiting = Waiting::new(self, place.as_ref(), Side::Putters);
        poll_fn(|cx| {
            waiting.poll(cx, || match self.try_put_slow(left(from.take())) {
                Ok(()) => Some(Ok(())),
                Err(TryPutError::Shutdown(item)) => {
                    *from = Some(item);
                    Some(Err(PutError::Shutdown(())))
                }
                Err(TryPutError::Full(item)) => {
                    *from = Some(item);
                    None
                }
            })
        })
        .await
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
        item: T,
        timer: impl Future,
    ) -> Result<(), PutTimeoutError<T>> {
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
        poll_fn(|cx| waiting.poll(cx, || self.is_all_done().then_some(()))).await;
    }

    /// [`join_async`](Self::join_async), until the `timer` is over. Returns whether all items were
    /// processed.
    #[must_use = "`false` says that not all was done"]
    pub async fn join_deadline_async(&self, timer: impl Future) -> bool {
        until(self.join_async(), timer).await.is_some()
    }
}

/// The item of a put that has not put it.
fn left<T>(item: Option<T>) -> T {
    item.expect("it is taken out only when it is put in")
}

/// What a coroutine waits for.
#[derive(Clone, Copy)]
enum Side {
    Getters,
    Putters,
    Joiners,
}

/// A coroutine at a ring.
struct Waiting<'a, T> {
    ring: &'a Ring<T>,
    place: Pin<&'a Place>,
    side: Side,
    /// It is inside the event count.
    is_inside: bool,
}

impl<'a, T> Waiting<'a, T> {
    fn new(ring: &'a Ring<T>, place: Pin<&'a Place>, side: Side) -> Self {
        Self { ring, place, side, is_inside: false }
    }

    fn events(&self) -> &'a EventCount {
        let sleepers = &self.ring.sleepers.0;
        match self.side {
            Side::Getters => &sleepers.getters,
            Side::Putters => &sleepers.putters,
            Side::Joiners => &sleepers.joiners,
        }
    }

    fn leave_note(&self) -> bool {
        match self.side {
            Side::Getters => self.ring.leave_note_if_empty(),
            Side::Putters => self.ring.leave_note_if_full(),
            Side::Joiners => self.ring.leave_note_unless_all_done(),
        }
    }

    // ANCHOR: poll
    /// The loop of `get_slow` and of `put_slow`, from sleep to sleep.
    fn poll<R>(&mut self, cx: &mut Context<'_>, mut attempt: impl FnMut() -> Option<R>) -> Poll<R> {
        let events = self.events();
        if self.place.look(cx.waker()) == Seat::Asleep {
            return Poll::Pending;
        }
        // Woken: another may have taken the call. Then it sleeps again, as a thread does.
        if self.is_inside && self.falls_asleep(cx) {
            return Poll::Pending;
        }
        loop {
            if let Some(result) = attempt() {
                return Poll::Ready(result);
            }
            if !events.try_enter() {
                // As many wait as the event count can count: ask again, after all others.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.is_inside = true;
            if !self.leave_note() {
                events.cancel();
                self.is_inside = false;
            } else if self.falls_asleep(cx) {
                return Poll::Pending;
            }
        }
    }
    // ANCHOR_END: poll

    /// Sleeps, or takes a call and is not inside any more.
    fn falls_asleep(&mut self, cx: &mut Context<'_>) -> bool {
        self.is_inside = self.events().falls_asleep(self.place, cx.waker());
        self.is_inside
    }
}

// ANCHOR: pass-on
/// The future is over, or is dropped. If it takes a call with it, it passes that on.
impl<T> Drop for Waiting<'_, T> {
    fn drop(&mut self) {
        if !self.is_inside || model_failed() {
            return;
        }
        let woken = self.place.leave();
        if self.events().gives_up(woken) {
            match self.side {
                Side::Getters => self.ring.call_getter(),
                Side::Putters => self.ring.call_putter(),
                Side::Joiners => {} // all were called
            }
        }
    }
}
// ANCHOR_END: pass-on
