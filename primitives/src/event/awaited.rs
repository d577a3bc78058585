//! Coroutines that wait for an event.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::{Event, SET, SLEEPERS};
use crate::coroutines::until;
use crate::park::{Place, Seat};
use crate::sync::atomic::Ordering::{Acquire, Relaxed};

/// Waiting in a coroutine. See [`coroutines`](crate::coroutines).
impl Event {
    /// Waits until the event is set. _Python_: `await asyncio.Event.wait()`.
    ///
    /// A [`set`](Self::set) that comes after the first poll ends it, even if [`clear`](Self::clear)
    /// follows at once. Set: one load. A future that is dropped leaves no trace: `set` wakes all.
    ///
    /// ```
    /// use primitives::{Event, block_on};
    ///
    /// let ready = Event::new();
    /// ready.set();
    /// block_on(ready.wait_async());
    /// ```
    pub async fn wait_async(&self) {
        // Acquire: pairs with the Release in `set_slow`.
        let word = self.word.load(Acquire);
        if word & SET == 0 {
            self.wait_slow_async(word).await;
        }
    }

    /// [`wait_async`](Self::wait_async), until the `timer` is over. Returns whether it was set.
    ///
    /// Any future will do for a timer. Its result is dropped.
    pub async fn wait_deadline_async(&self, timer: impl Future) -> bool {
        until(self.wait_async(), timer).await.is_some()
    }

    #[cold]
    async fn wait_slow_async(&self, found: u32) {
        let clear = found & !SLEEPERS;
        let asleep = clear | SLEEPERS;
        let place = pin!(Place::new());
        let place = place.as_ref();
        poll_fn(|cx| {
            if place.look(cx.waker()) == Seat::Asleep {
                return Poll::Pending;
            }
            loop {
                // As in `wait_slow`. Acquire: pairs with the Release in `set_slow`. Relaxed on
                // success: the note carries no data.
                match self.word.compare_exchange(clear, asleep, Relaxed, Acquire) {
                    Err(word) if word & !SLEEPERS != clear => return Poll::Ready(()),
                    _ => {}
                }
                if place.sleep(&self.word, asleep, cx.waker()) {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }
}
