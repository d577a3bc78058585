//! Coroutines that wait for a permit.
//!
//! The steps are those of `acquire_slow`. One is new: a future may be dropped after a release has
//! woken it, and before it has taken the permit. The release took the note away, so later ones
//! would wake no thread. So the future puts the note back, and if there is a permit it wakes the
//! next.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::{EMPTY, PERMIT, Permit, SLEEPERS, Semaphore};
use crate::coroutines::until;
use crate::park::{Place, Seat};
use crate::sync::atomic::Ordering::{Acquire, Relaxed};
use crate::sync::model_failed;

/// Taking permits in a coroutine. See [`coroutines`](crate::coroutines).
impl Semaphore {
    /// Takes a permit; waits until there is one. _Python_: `await asyncio.Semaphore.acquire()`.
    ///
    /// Threads and coroutines stand in one line. If the future is dropped, it has taken no permit.
    /// Costs what [`acquire`](Self::acquire) costs if there is one; it does not spin.
    ///
    /// ```
    /// use primitives::{Semaphore, block_on};
    ///
    /// let seats = Semaphore::new(2);
    /// block_on(async {
    ///     let _seat = seats.acquire_async().await;
    ///     assert_eq!(seats.available(), 1);
    /// });
    /// assert_eq!(seats.available(), 2);
    /// ```
    pub async fn acquire_async(&self) -> Permit<'_> {
        self.acquire_raw_async().await;
        Permit::new(self, Self::MAX_PERMITS)
    }

    /// [`acquire_async`](Self::acquire_async), until the `timer` is over; then `None`.
    ///
    /// Any future will do for a timer. Its result is dropped.
    pub async fn acquire_deadline_async(&self, timer: impl Future) -> Option<Permit<'_>> {
        let taken = until(self.acquire_raw_async(), timer).await;
        taken.map(|()| Permit::new(self, Self::MAX_PERMITS))
    }

    pub(crate) async fn acquire_raw_async(&self) {
        if !self.take() {
            self.acquire_slow_async().await;
        }
    }

    // ANCHOR: acquire-slow-async
    #[cold]
    async fn acquire_slow_async(&self) {
        let place = pin!(Place::new());
        let mut waiting = Waiting { semaphore: self, place: place.as_ref(), note: 0 };
        poll_fn(|cx| waiting.poll(cx)).await;
    }
    // ANCHOR_END: acquire-slow-async
}

/// A coroutine that waits for a permit.
struct Waiting<'a> {
    semaphore: &'a Semaphore,
    place: Pin<&'a Place>,
    /// As in `acquire_slow`.
    note: u32,
}

// ANCHOR: poll
impl Waiting<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.place.look(cx.waker()) {
            Seat::Asleep => return Poll::Pending,
            Seat::Woken => self.note = SLEEPERS,
            Seat::Awake => {}
        }
        let word = &self.semaphore.word;
        loop {
            // Relaxed: a first guess; the compare-exchange decides.
            let now = word.load(Relaxed);
            if now >= PERMIT {
                let left = (now - PERMIT) | self.note;
                // Acquire: pairs with the Release in `add`, as in `take`.
                if word.compare_exchange_weak(now, left, Acquire, Relaxed).is_ok() {
                    if self.note != 0 && left >= PERMIT {
                        Semaphore::wake(&raw const *word, 1); // as in `acquire_slow`
                    }
                    return Poll::Ready(());
                }
            } else if now == EMPTY
                // Relaxed, both: as in `acquire_slow`.
                && word.compare_exchange_weak(EMPTY, SLEEPERS, Relaxed, Relaxed).is_err()
            {
                // there is a permit, or the note of another
            } else if self.place.sleep(word, SLEEPERS, cx.waker()) {
                return Poll::Pending;
            }
        }
    }
}
// ANCHOR_END: poll

// ANCHOR: pass-on
/// The future ends, or is dropped. If it was woken and has taken nothing, it passes that on.
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if model_failed() || !self.place.leave() {
            return;
        }
        let word = &self.semaphore.word;
        // Relaxed: the note carries no data, and a permit is taken by an Acquire operation.
        if word.fetch_or(SLEEPERS, Relaxed) >= PERMIT {
            Semaphore::wake(&raw const *word, 1);
        }
    }
}
// ANCHOR_END: pass-on
