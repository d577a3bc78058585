//! Polls: what a thread does when it runs coroutines.
//!
//! A coroutine that blocks takes its thread along, and with it every other coroutine that only this
//! thread polls. The graph needs nothing new to see that. What a coroutine holds, its thread holds:
//! the guard of a lock cannot leave the thread, and the permit of a semaphore that is
//! [`thread_bound`](crate::Semaphore::thread_bound) was promised not to. So a coroutine that blocks
//! for what another one of its thread holds is a thread that waits for itself. What is kept here is
//! the place of the poll that the thread is in, so that a report can say what kind of a mistake it
//! was.

use std::cell::Cell;
use std::panic::Location;

use crate::deadlock::state::Place;

thread_local! {
    /// Where the innermost poll was begun that this thread is in. (No destructor.)
    static POLLED_AT: Cell<Option<Place>> = const { Cell::new(None) };
}

/// Runs `poll`, which polls a coroutine: a report of a wait in there then says so, and names the
/// caller's place. For executors; [`block_on`](crate::block_on) does it by itself.
///
/// Without the feature `deadlock-detection` it is `poll()`. With it, it is two accesses to a
/// thread-local.
///
/// ```
/// use std::future::Future;
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// use primitives::deadlock;
///
/// /// What an executor does with a task that can go on.
/// fn step(task: Pin<&mut dyn Future<Output = ()>>, cx: &mut Context<'_>) -> Poll<()> {
///     deadlock::polling(|| task.poll(cx))
/// }
/// ```
#[track_caller]
pub fn polling<R>(poll: impl FnOnce() -> R) -> R {
    struct Before(Option<Place>);
    impl Drop for Before {
        fn drop(&mut self) {
            POLLED_AT.set(self.0);
        }
    }
    let _before = Before(POLLED_AT.replace(Some(Location::caller())));
    poll()
}

/// Where the poll was begun that this thread is in.
pub(crate) fn polled_at() -> Option<Place> {
    POLLED_AT.get()
}
