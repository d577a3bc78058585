//! What the asynchronous calls share.
//!
//! Each is a blocking call of the same name in which a coroutine sleeps in place of a thread: it
//! looks at the same words, leaves the same notes, and stands in the same line of sleepers
//! ([`park::Place`](crate::park::Place)). So a thread and a coroutine may be at the two ends of one
//! queue. There is no runtime here; any executor will do.
//!
//! Three rules hold for all of them.
//!
//! - **Nothing happens before the first poll**, and after the last one the future is spent: to poll
//!   it again panics, as with any `async fn`.
//! - **A future may be dropped at any time.** One that was woken passes that on, if it may have
//!   been meant for another. A future that is leaked ([`mem::forget`](std::mem::forget)) cannot: it
//!   keeps its place in line, and the wake-up that comes to it is lost to the others.
//! - **Wakers are called without any lock.** A waker that panics unwinds out of the call that woke
//!   it (`put`, `release`, `set`), which has taken effect by then. A call that wakes several wakes
//!   all of them first.
//!
//! **What has no such call.** There is no `Lock::lock_async`. A guard that lives across an
//! `await` keeps the lock for as long as other coroutines run, and a thread that wants it sleeps
//! as long. So a guard is not [`Send`], and an executor with several threads refuses the
//! coroutine. Where a section must contain an `await`, a [`Semaphore`](crate::Semaphore) with
//! one permit is the lock: its [`OwnedPermit`](crate::OwnedPermit) may be held across it, and
//! may move with the coroutine. There is no wait for a [`Condition`](crate::Condition), which
//! gives back such a guard: what coroutines wait for is a permit, an event, or an item of a
//! queue. Code that holds no guard across an `await` may lock as threads do, if the sections are
//! short.
//!
//! **A coroutine that blocks** its thread blocks every coroutine that only this thread polls. The
//! [deadlock detector](crate::deadlock#coroutines) names one that can never go on.
//!
//! Deadlines are futures, because only an executor has a clock: `tokio::time::sleep`, or
//! `smol::Timer`, or an [`Event`](crate::Event) that says "stop".
//!
//! Models explore these calls as they do the blocking ones (`cargo model coroutines`), with a drop
//! as a choice at each step. Tests run them on tokio and smol.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Runs `work` until the `timer` is over: then its result is `None`, and `work` is dropped. `work`
/// is polled first, so what has come by then counts for more than the timer.
#[doc(hidden)]
pub async fn until<W: Future, T: Future>(work: W, timer: T) -> Option<W::Output> {
    let mut work = pin!(work);
    let mut timer = pin!(timer);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(cx).map(|_| None),
    })
    .await
}
