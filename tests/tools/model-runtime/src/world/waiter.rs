//! The list of sleepers, and what happens when no thread can run.

use std::task::Waker;

use super::failure::fail;
use super::threads::{Doing, runs};
use crate::world::{self, At, model_failed};

/// An entry in the list of sleepers.
pub(crate) struct Waiter {
    pub(crate) ticket: u64,
    pub(crate) address: usize,
    pub(crate) object: usize,
    pub(crate) thread: usize,
    /// None where threads are not loom's.
    pub(crate) handle: Option<loom::thread::Thread>,
    /// Of a coroutine, until it is called; its thread is the one that put it there.
    pub(crate) waker: Option<Waker>,
    pub(crate) timed: bool,
    pub(crate) ended: Option<End>,
    pub(crate) at: At,
}

/// Why a sleep is over.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Woken { by: usize },
    TimedOut,
}

/// The thread is about to block, or to end. If no thread can run, either time passes, for a thread
/// with a deadline, or this is the end.
pub(crate) fn blocks(thread: usize, doing: Doing) {
    if model_failed() {
        return;
    }
    let stuck = world::with(|w| {
        w.threads[thread].doing = doing;
        w.is_stuck()
    });
    if stuck && !let_time_pass() {
        fail(world::with(|w| w.lost_wake_up()));
    }
}

/// No thread can run: lets a deadline come, if a thread has one. Returns whether one had.
fn let_time_pass() -> bool {
    let late = world::with(|w| {
        let waiter = w.waiters.iter_mut().find(|x| x.timed && x.ended.is_none())?;
        waiter.ended = Some(End::TimedOut);
        Some((waiter.thread, waiter.handle.clone()))
    });
    let Some((thread, handle)) = late else { return false };
    runs(thread);
    unpark(handle);
    true
}

pub(crate) fn unpark(handle: Option<loom::thread::Thread>) {
    if let Some(handle) = handle {
        handle.unpark();
    }
}
