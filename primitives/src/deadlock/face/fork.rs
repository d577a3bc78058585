//! The detector's own locks and `fork`.
//!
//! A child has one thread of its parent. A lock that another thread held at that moment stays held,
//! and its data half changed. The detector's locks are held for a look-up, by whichever thread
//! takes any watched lock: so a fork would often meet one. Therefore the forking thread takes them
//! all before, and releases them on both sides after. (The C library does the same for its
//! allocator.)
//!
//! The graph needs none of this: a child begins with an empty one (see `verdict::detector`).
//!
//! Source: the manual page _pthread_atfork_(3).

use super::name::kept::NAMES;
use crate::deadlock::graph::{resources, unwatched_lock::Hold};
use crate::deadlock::verdict::{hook, lock_order, reentry};
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// All locks, each before those that code under it takes.
static ALL: [&dyn Hold; 5] =
    [&NAMES, &hook::HOOK, &reentry::TOLD, &lock_order::ORDER, &resources::RESOURCES];

/// From here on forks find the locks whole. Costs one swap; never waits, because a child forked
/// meanwhile would wait without end.
pub(super) fn prepare() {
    static PREPARED: AtomicU32 = AtomicU32::new(0);

    // Relaxed: pairs with the same swap of other threads; it only decides which one registers.
    if PREPARED.swap(1, Relaxed) == 0 {
        // SAFETY: the three take and release locks, and call nothing else. If there is no memory
        // for the note, forks stay as they were.
        unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    }
}

unsafe extern "C" fn before() {
    ALL.iter().for_each(|lock| lock.hold());
}

unsafe extern "C" fn in_parent() {
    // SAFETY: `before` ran in this thread.
    ALL.iter().rev().for_each(|lock| unsafe { lock.let_go() });
}

unsafe extern "C" fn in_child() {
    // SAFETY: `before` ran in this thread, in the parent, and the child has no other.
    ALL.iter().rev().for_each(|lock| unsafe { lock.let_go_alone() });
}
