//! What each thread holds, kept by the thread itself.
//!
//! No other thread looks in here. When a thread falls asleep a copy goes onto the graph, and the usual case,
//! in which nobody sleeps, shares nothing.
//!
//! The [`HeldLocks`] are a thread-local without a destructor, which is reached by a plain address: no test whether
//! it is there yet, or there still. The destructor that a thread's end needs is that of its [`Will`],
//! which is written when the thread takes the first resource of its life.

use std::cell::{Cell, RefCell};
use std::process;

use super::detector::DETECTOR;
use super::system;
use crate::deadlock::graph::resources;
use crate::deadlock::graph::wait_for::Known;
use crate::deadlock::state::{Held, HeldLocks, Place, ResourceId, ThreadId};
use crate::futex;
use crate::sync::thread;

thread_local! {
    /// What this thread holds. (No destructor.)
    static HELD_LOCKS: HeldLocks = const { HeldLocks::new() };
    static WILL: Will = const { Will { more: RefCell::new(Vec::new()), listed: Cell::new(0) } };
}

/// What is done when the thread ends; and what the list has no room for.
struct Will {
    more: RefCell<Vec<(ResourceId, Place)>>,
    /// The process on whose list of the living it is; 0: on none.
    listed: Cell<u32>,
}

impl Drop for Will {
    fn drop(&mut self) {
        let held = HELD_LOCKS.with(|held_locks| {
            let held = resources::describe(held_locks.iter().chain(self.more.take()));
            held_locks.shut(); // thread-locals that are destroyed later may lock, and are not watched
            held
        });
        if self.listed.get() != process::id() && held.is_empty() {
            return;
        }
        let me = thread::id();
        let in_vain = DETECTOR.get().graph.with(|graph| {
            let known = graph.alive.remove(&me);
            if held.is_empty() {
                return Vec::new();
            }
            let in_vain = graph.wanted_of(&held);
            graph.bury(me, known.unwrap_or_else(this_thread), held);
            in_vain
        });
        // Those who fell asleep while this thread was still there look once more, and are told. (To wake them for no
        // reason is always allowed.)
        in_vain.into_iter().for_each(futex::wake_all);
    }
}

/// Whether this thread holds anything, as far as one sees at a glance.
#[inline]
pub(crate) fn may_hold_something() -> bool {
    !HELD_LOCKS.with(HeldLocks::is_empty)
}

/// This thread has taken something.
#[inline]
pub(crate) fn take(resource: ResourceId, since: Place) {
    if !HELD_LOCKS.with(|held_locks| held_locks.take(resource, since)) {
        take_more(resource, since);
    }
}

/// The first resource of a thread's life, or one more than it has room for.
#[cold]
fn take_more(resource: ResourceId, since: Place) {
    // While the thread destroys its thread-locals nothing is kept any more.
    let _ = WILL.try_with(|will| {
        HELD_LOCKS.with(|held_locks| {
            if held_locks.is_shut() {
                held_locks.open();
            }
            if !held_locks.take(resource, since) {
                will.more.borrow_mut().push((resource, since));
            }
        });
    });
}

/// This thread is about to release something.
#[inline]
pub(crate) fn put_back(resource: ResourceId) {
    if !HELD_LOCKS.with(|held_locks| held_locks.put_back_last(resource)) {
        put_back_any(resource);
    }
}

/// [`put_back`]; returns whether it was this thread that had taken it.
#[inline]
pub(crate) fn put_back_mine(resource: ResourceId) -> bool {
    HELD_LOCKS.with(|held_locks| held_locks.put_back_last(resource)) || put_back_any(resource)
}

/// This thread has begun something that others may wait for, and that has no order among locks.
#[cold]
pub(crate) fn undertake(resource: ResourceId, since: Place) {
    let _ = WILL.try_with(|will| will.more.borrow_mut().push((resource, since)));
}

/// Something that was not the last to be taken, or that is released by the destructor of a thread-local.
#[cold]
fn put_back_any(resource: ResourceId) -> bool {
    let from_more = |will: &Will| {
        let mut more = will.more.borrow_mut();
        let at = more.iter().rposition(|held| held.0 == resource);
        at.map(|at| more.remove(at)).is_some()
    };
    match WILL.try_with(from_more) {
        Ok(was_there) => was_there || HELD_LOCKS.with(|held_locks| held_locks.put_back(resource)),
        // The will has been executed; it said that the thread had ended while it held this.
        Err(_) => DETECTOR.get().graph.with(|graph| graph.lets_go(thread::id(), resource)),
    }
}

fn this_thread() -> Known {
    let name = match std::thread::current().name() {
        Some(name) => name.into(),
        None => format!("number {}", thread::id()).into(),
    };
    Known { name, system: system::my_number() }
}

/// A thread of [`crate::threads`] begins.
pub(crate) fn thread_begins(id: ThreadId, name: &str) {
    let _ = WILL.try_with(|will| {
        will.listed.set(process::id());
        let known = Known { name: name.into(), system: system::my_number() };
        DETECTOR.get().graph.with(|graph| graph.alive.insert(id, known));
    });
}

/// Puts this thread on the list of the living, by name. Returns what it holds; `None` while it destroys its
/// thread-locals.
pub(crate) fn introduce() -> Option<Vec<Held>> {
    let list = |will: &Will| {
        // In a child of a `fork` the thread that made it is not listed yet.
        let process = process::id();
        if will.listed.replace(process) != process {
            let (me, known) = (thread::id(), this_thread());
            DETECTOR.get().graph.with(|graph| graph.alive.insert(me, known));
        }
        let more = will.more.borrow();
        HELD_LOCKS
            .with(|held_locks| resources::describe(held_locks.iter().chain(more.iter().copied())))
    };
    WILL.try_with(list).ok()
}

/// Calls `f` with what this thread holds.
#[inline]
pub(crate) fn with_held_locks<R>(f: impl FnOnce(&HeldLocks) -> R) -> R {
    HELD_LOCKS.with(f)
}
