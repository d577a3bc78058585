//! What each thread holds, kept by the thread itself.
//!
//! No other thread reads it. When a thread falls asleep, a copy goes onto the graph; the usual
//! case, in which no thread sleeps, shares nothing.
//!
//! The [`HeldLocks`] are a thread-local without a destructor, which has a plain address, without a
//! test whether it exists. The destructor for a thread's end is that of its [`Will`], which is made
//! when the thread takes its first resource.

use std::cell::{Cell, RefCell};
use std::process;

use super::detector::DETECTOR;
use super::system;
use crate::deadlock::graph::resources;
use crate::deadlock::graph::wait_for::{Graph, Known};
use crate::deadlock::memory::{List, Text};
use crate::deadlock::state::{Held, HeldLocks, Inside, Place, ResourceId, ThreadId};
use crate::futex;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::sync::thread;

thread_local! {
    /// What this thread holds. (No destructor.)
    static HELD_LOCKS: HeldLocks = const { HeldLocks::new() };
    static WILL: Will =
        const { Will { undertaken: RefCell::new(List::new()), listed: Cell::new(0) } };
    /// How many resources were [disowned] when this thread last looked. (No destructor.)
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

/// How many resources were destroyed while threads may hold them, which can then never release
/// them.
static DISOWNED: AtomicU64 = AtomicU64::new(0);

/// At least this many threads have ended while they held something.
static BURIED: AtomicU64 = AtomicU64::new(0);

/// The actions at the thread's end, and the tasks that it has begun.
struct Will {
    /// Tasks, which have no place in the lock order.
    undertaken: RefCell<List<(ResourceId, Place)>>,
    /// The process on whose list of the living it is; 0: on none.
    listed: Cell<u32>,
}

impl Drop for Will {
    fn drop(&mut self) {
        let held = HELD_LOCKS.with(|held_locks| {
            // Relaxed: see `forget`. Before it asks what of it is there still.
            BURIED.fetch_add(1, Relaxed);
            let held = all_of(held_locks, self);
            held_locks.shut(); // thread-locals that are destroyed later may lock, and are not watched
            held
        });
        if held.is_empty() {
            BURIED.fetch_sub(1, Relaxed); // Relaxed: see `forget`
            if self.listed.get() != process::id() {
                return;
            }
        }
        let me = thread::id();
        // Before the lock is taken: std may ask the program's allocator for the name.
        let named = (!held.is_empty() && self.listed.get() != process::id()).then(this_thread);
        let in_vain = DETECTOR.get().graph.with(|graph| {
            let known = graph.alive.remove(me).or(named);
            let in_vain = graph.wanted_of(&held);
            if let Some(known) = known.filter(|_| !held.is_empty()) {
                graph.bury(me, known, held);
            }
            in_vain
        });
        // The threads that fell asleep while this one still existed look again, and get the report.
        // (A spurious wake-up is always allowed.)
        for word in in_vain {
            futex::wake_all(word);
        }
    }
}

fn all_of(held_locks: &HeldLocks, will: &Will) -> List<Held> {
    let undertaken = will.undertaken.borrow();
    resources::describe(held_locks.copy().into_iter().chain(undertaken.iter().copied()))
}

/// Whether this thread holds anything, by a quick look.
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

/// A thread's first resource, or one more than the thread itself has room for.
#[cold]
fn take_more(resource: ResourceId, since: Place) {
    // While the thread destroys its thread-locals, nothing is noted any more.
    let _ = WILL.try_with(|_| {
        HELD_LOCKS.with(|held_locks| {
            if held_locks.is_shut() {
                held_locks.open();
            }
            if held_locks.is_about_to_grow() {
                resources::with_living(|is_living| held_locks.retain(is_living));
            }
            held_locks.take_more(resource, since);
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

/// [`put_back`]; returns whether this thread had taken it.
#[inline]
pub(crate) fn put_back_mine(resource: ResourceId) -> bool {
    HELD_LOCKS.with(|held_locks| held_locks.put_back_last(resource)) || put_back_any(resource)
}

/// This thread has begun something that others may wait for, and that has no place in the lock
/// order.
#[cold]
pub(crate) fn undertake(resource: ResourceId, since: Place) {
    let _ = WILL.try_with(|will| will.undertaken.borrow_mut().push((resource, since)));
}

/// A resource that was not the last to be taken, or that the destructor of a thread-local
/// releases.
#[cold]
fn put_back_any(resource: ResourceId) -> bool {
    let of_tasks = |will: &Will| {
        let mut undertaken = will.undertaken.borrow_mut();
        let at = undertaken.iter().rposition(|task| task.0 == resource);
        at.map(|at| undertaken.remove(at)).is_some()
    };
    match WILL.try_with(of_tasks) {
        Ok(was_there) => was_there || HELD_LOCKS.with(|held_locks| held_locks.put_back(resource)),
        // The will has been executed: it recorded that the thread ended while it held this.
        Err(_) => with_buried(|graph| graph.lets_go(thread::id(), resource)),
    }
}

/// Not under a lock of the detector: std may ask the program's allocator.
fn this_thread() -> Known {
    let _inside = Inside::enter();
    let name = match std::thread::current().name() {
        Some(name) => name.into(),
        None => Text::format(format_args!("number {}", thread::id())),
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

impl Will {
    /// Puts this thread on the list of living threads, by name, unless it is there.
    fn list(&self) {
        // In a child of a `fork` the thread that made it is not listed yet.
        let process = process::id();
        if self.listed.replace(process) != process {
            let (me, known) = (thread::id(), this_thread());
            DETECTOR.get().graph.with(|graph| graph.alive.insert(me, known));
        }
    }
}

/// Puts this thread on the list of living threads, by name. Returns `false` while it destroys its
/// thread-locals.
pub(crate) fn is_introduced() -> bool {
    WILL.try_with(Will::list).is_ok()
}

/// [`is_introduced`]; returns what it holds, and `None` while it destroys its thread-locals.
pub(crate) fn introduce() -> Option<List<Held>> {
    let list = |will: &Will| {
        will.list();
        forget_the_gone();
        HELD_LOCKS.with(|held_locks| all_of(held_locks, will))
    };
    WILL.try_with(list).ok()
}

/// Calls `f` with what this thread holds.
#[inline]
pub(crate) fn with_held_locks<R>(f: impl FnOnce(&HeldLocks) -> R) -> R {
    HELD_LOCKS.with(f)
}

/// A resource was destroyed: no ended thread is reported for it.
pub(crate) fn forget(resource: ResourceId) {
    // Relaxed: a thread that ends counts itself before it asks, under a lock, what of it is there
    // still; and that this is not was said under the same lock. So either it leaves it out, or it
    // is counted here.
    if BURIED.load(Relaxed) > 0 {
        with_buried(|graph| graph.forget(resource));
    }
}

/// Calls `f`, which may release something that ended threads held.
fn with_buried<R>(f: impl FnOnce(&mut Graph) -> R) -> R {
    let (result, fewer) = DETECTOR.get().graph.with(|graph| {
        let before = graph.ended.len();
        let result = f(graph);
        (result, before - graph.ended.len())
    });
    BURIED.fetch_sub(fewer as u64, Relaxed); // Relaxed: see `forget`
    result
}

/// A resource was destroyed that threads have noted and will not release: they forget it when they
/// next look.
pub(crate) fn disowned() {
    // Relaxed: a thread that learns of it late forgets late.
    DISOWNED.fetch_add(1, Relaxed);
}

/// Whether something was [disowned] since this thread last looked.
#[inline]
pub(crate) fn is_out_of_date() -> bool {
    // Relaxed: as in `disowned`.
    SEEN.get() != DISOWNED.load(Relaxed)
}

/// Forgets this thread's notes of destroyed resources.
pub(crate) fn forget_the_gone() {
    if is_out_of_date() {
        // Relaxed: as in `disowned`. Before it looks, so that it looks again if there are more
        // meanwhile.
        SEEN.set(DISOWNED.load(Relaxed));
        HELD_LOCKS.with(|held_locks| {
            resources::with_living(|is_living| held_locks.retain(is_living));
        });
    }
}
