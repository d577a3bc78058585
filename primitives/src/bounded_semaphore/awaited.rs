//! Coroutines that wait for a permit: the calls of the [semaphore](crate::semaphore), with the
//! bound.

use std::future::Future;

use super::BoundedSemaphore;
use crate::coroutines::until;
use crate::semaphore::Permit;

/// Taking permits in a coroutine. See [`coroutines`](crate::coroutines).
impl BoundedSemaphore {
    /// Takes a permit; waits until there is one, as
    /// [`Semaphore::acquire_async`](crate::Semaphore::acquire_async) does. _Python_: `await
    /// asyncio.BoundedSemaphore.acquire()`.
    ///
    /// ```
    /// use primitives::{BoundedSemaphore, block_on};
    ///
    /// let seats = BoundedSemaphore::new(2);
    /// block_on(async {
    ///     let _seat = seats.acquire_async().await;
    ///     assert_eq!(seats.available(), 1);
    /// });
    /// assert!(seats.release(1).is_err(), "the seat is back already");
    /// ```
    pub async fn acquire_async(&self) -> Permit<'_> {
        self.semaphore.acquire_raw_async().await;
        Permit::new(&self.semaphore, self.bound())
    }

    /// [`acquire_async`](Self::acquire_async), until the `timer` is over; then `None`.
    ///
    /// Any future will do for a timer. Its result is dropped.
    pub async fn acquire_deadline_async(&self, timer: impl Future) -> Option<Permit<'_>> {
        let taken = until(self.semaphore.acquire_raw_async(), timer).await;
        taken.map(|()| Permit::new(&self.semaphore, self.bound()))
    }
}
