//! Reentry: an owner that helps with a lock in its hands.
//!
//! An [`RLock`](crate::RLock) asks which _thread_ comes. A worker that waits for a task, and runs
//! it itself, has two tasks on its stack: the one below may have taken the lock, and be in the
//! middle of its section; the one above walks in as the owner, and sees a section that is half
//! done. No thread waits, so nothing of it is on the graph. What is kept is how much of what the
//! thread holds belongs to tasks below; a lock of that part that is taken once more is a report.
//!
//! ```text
//!    stack of a worker                     holds
//!    ─────────────────────────────────     ─────────
//!    task B: rlock.lock()  ◀── reentry
//!    result(): runs B here                 ─────────  what lies above is of task B
//!    task A: rlock.lock()                  rlock      what lies below is of task A
//! ```

use std::cell::Cell;
use std::panic::Location;

use super::detector::DETECTOR;
use super::report::{Report, ThreadReport};
use super::{held, hook};
use crate::deadlock::graph::unwatched_lock::UnwatchedLock;
use crate::deadlock::memory::Map;
use crate::deadlock::state::{Held, Inside, Label, Place, ResourceId};
use crate::sync::thread;

thread_local! {
    /// How many of the resources that this thread holds belong to tasks further down its stack. (No
    /// destructor.)
    static BELOW: Cell<usize> = const { Cell::new(0) };
}

/// What has been told: where the lock was taken, and where it was taken again.
pub(crate) static TOLD: UnwatchedLock<Map<(Place, Place), ResourceId>> =
    UnwatchedLock::new(Map::new());

/// Runs `f`, which is another task than the one that the thread is at.
pub fn helping<R>(f: impl FnOnce() -> R) -> R {
    struct Before(usize);
    impl Drop for Before {
        fn drop(&mut self) {
            BELOW.set(self.0);
        }
    }
    let holds = held::with_held_locks(|held_locks| held_locks.copy().len());
    let _before = Before(BELOW.replace(holds));
    f()
}

/// This thread, which has the resource, has taken it once more.
#[inline]
#[track_caller]
pub(crate) fn check(resource: ResourceId, label: Label) {
    if BELOW.get() > 0 {
        tell(resource, label, Location::caller());
    }
}

#[cold]
fn tell(id: ResourceId, label: Label, at: Place) {
    let below = BELOW.get();
    let taken_below = held::with_held_locks(|held_locks| {
        held_locks.copy().into_iter().take(below).find(|(resource, _)| *resource == id)
    });
    let Some((_, since)) = taken_below else { return };
    let Some(_inside) = Inside::enter() else { return };
    if TOLD.with(|told| told.insert((since, at), id)).is_some() || !held::is_introduced() {
        return;
    }
    let me = thread::id();
    let name = DETECTOR.get().graph.with(|graph| graph.name_of(me));
    let held = Held { id, label, since };
    hook::tell(&Report::reentry(ThreadReport::inverted(me, &name, &held, label, at)));
}
