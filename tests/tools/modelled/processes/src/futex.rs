//! Sleeping and waking on the model's futex. See `queues/processes/src/futex.rs`.

use std::cell::Cell;
use std::time::{Duration, Instant};

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::Release;

pub(crate) use primitives::park::{Wait, deadline_after as after};

pub(crate) type Deadline = Option<Instant>;

thread_local! {
    /// Of the system's thread, on which all threads of the model run.
    static LOOK: Cell<bool> = const { Cell::new(true) };
}

/// Whether sleepers wake by themselves after a while, to look for the dead. Without a death no
/// sleeper should need that: a model in which none dies takes it away, and then finds each wake-up
/// that is lost.
pub fn sleepers_look(look: bool) {
    LOOK.set(look);
}

pub(crate) fn is_over(deadline: Deadline) -> bool {
    deadline.is_some_and(|deadline| park::now() >= deadline)
}

pub(crate) fn at_most(deadline: Deadline, slice: Duration) -> Deadline {
    if !LOOK.get() {
        return deadline;
    }
    let slice = park::now() + slice;
    Some(deadline.map_or(slice, |deadline| deadline.min(slice)))
}

#[track_caller]
pub(crate) fn wait(word: &AtomicU32, expected: u32, deadline: Deadline) -> Wait {
    park::wait(word, expected, deadline)
}

#[track_caller]
pub(crate) fn wake(word: &AtomicU32, most: i32) -> usize {
    model::system_call(|| wake_some(word, most))
}

#[track_caller]
pub(crate) fn wake_all(word: &AtomicU32) -> usize {
    wake(word, i32::MAX)
}

#[track_caller]
fn wake_some(word: &AtomicU32, most: i32) -> usize {
    if most == i32::MAX {
        park::wake_all(word);
        return 0;
    }
    (0..most).take_while(|_| park::wake_one(word)).count()
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Clear,
    SetBit(u32),
    OrBit(u32),
    AddOne,
}

#[track_caller]
pub(crate) fn change_and_wake(word: &AtomicU32, change: Change, most: i32) -> usize {
    model::system_call(|| {
        // Release: as in the file that ships.
        match change {
            Change::Clear => word.swap(0, Release),
            Change::SetBit(bit) => word.swap(1 << bit, Release),
            Change::OrBit(bit) => word.fetch_or(1 << bit, Release),
            Change::AddOne => word.fetch_add(1, Release),
        };
        wake_some(word, most)
    })
}
