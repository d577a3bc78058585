//! Models of what is awaited: a coroutine sleeps through no wake-up, and one that is dropped keeps
//! none from the others.
//!
//! A coroutine runs in a thread of its own, by `block_on`. [`run_or_drop`] drops it at any of its
//! steps: before a poll, after one, while it is being called, and after it was called. In most
//! scenarios a thread waits beside it, which must never sleep on.

mod ends;
mod line;
mod sleepers;

use std::future::{Future, poll_fn};
use std::task::Poll;

use model::{Group, chance, reached};
use primitives::block_on;

pub(crate) fn group() -> Group {
    line::scenarios(ends::scenarios(sleepers::scenarios(Group::new("coroutines"))))
}

/// Runs a future to its end, or drops it at one of its steps: then `None`.
fn run_or_drop<F: Future>(future: F) -> Option<F::Output> {
    let mut future = Some(Box::pin(future));
    block_on(poll_fn(|cx| {
        if chance() {
            future = None;
            reached("dropped before a poll");
            return Poll::Ready(None);
        }
        let polled = future.as_mut().expect("it was not dropped").as_mut().poll(cx).map(Some);
        if polled.is_pending() && chance() {
            future = None;
            reached("dropped after a poll");
            return Poll::Ready(None);
        }
        polled
    }))
}

/// Polls a future once with a waker that does nothing, as a task that moves to another executor
/// does, and then runs it here.
fn run_after_another_waker<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let mut elsewhere = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut elsewhere) {
        Poll::Ready(output) => output,
        Poll::Pending => {
            reached("moved");
            block_on(future)
        }
    }
}
