//! The death of a thread: it is killed before one of its operations, and does nothing after that.
//!
//! Which operation is a choice like a timeout ([`coins`]): all are explored, in every interleaving.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};

use crate::coins;
use crate::world::purses::Choice;
use crate::world::trace::{self, What};
use crate::world::{self, At, model_failed, threads};

/// What unwinds a thread that is killed: the newest values of all words at that moment.
struct Killed(Vec<u64>);

/// Runs `body` in this thread. If the scenario is [`mortal`](crate::Draft::mortal), the thread may
/// be killed before any operation on a word, before any wake, and before any wait or in it. Returns
/// whether it was.
/// Then do in its place what the system does for a thread that has died.
///
/// Destructors run, and change nothing.
pub fn may_die(body: impl FnOnce()) -> bool {
    let me = threads::me();
    world::with(|w| w.mortal.push(me));
    let result = catch_unwind(AssertUnwindSafe(body));
    world::with(|w| w.mortal.retain(|thread| *thread != me));
    let Err(payload) = result else { return false };
    match payload.downcast::<Killed>() {
        Ok(killed) => {
            // What the destructors have kept.
            world::with(|w| {
                for (object, newest) in w.objects.iter_mut().zip(killed.0) {
                    object.newest = newest;
                }
            });
            true
        }
        Err(payload) => resume_unwind(payload),
    }
}

/// Runs `f` as one system call: the thread may be killed before it or after it, and not in it.
#[track_caller]
pub fn system_call<R>(f: impl FnOnce() -> R) -> R {
    step(Location::caller());
    let me = threads::me();
    let was_mortal = world::with(|w| {
        let before = w.mortal.len();
        w.mortal.retain(|thread| *thread != me);
        w.mortal.len() < before
    });
    let result = f();
    if was_mortal {
        world::with(|w| w.mortal.push(me));
    }
    result
}

/// Before each operation: perhaps the thread is killed there.
pub(crate) fn step(at: At) {
    if strikes() {
        die(at);
    }
}

/// Whether this thread is killed now.
pub(crate) fn strikes() -> bool {
    if world::with(|w| w.mortal.is_empty()) || model_failed() {
        return false;
    }
    let me = threads::me();
    world::with(|w| w.mortal.contains(&me)) && coins::flip(Choice::Death)
}

/// Ends the thread.
pub(crate) fn die(at: At) -> ! {
    trace::row(at, None, What::Killed);
    let newest = world::with(|w| w.objects.iter().map(|object| object.newest).collect());
    resume_unwind(Box::new(Killed(newest)))
}
