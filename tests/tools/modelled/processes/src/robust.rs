//! A lock whose owner may die, as seen from above: the modelled kernel marks the locks of a thread
//! that dies. See `queues/processes/src/robust.rs`.

use std::cell::RefCell;

use primitives::park;
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::model_failed;

use crate::futex::{Deadline, Wait};

const FREE: u32 = 0;
/// An owner died, and no thread has declared the data whole since; beside the owner's number.
const DAMAGED: u32 = 0x100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Found {
    Whole,
    Damaged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotTaken;

/// The owner's number, and [`DAMAGED`].
#[derive(Debug, Default)]
pub(crate) struct RobustLock {
    word: AtomicU32,
}

model::thread_local! {
    /// The kernel's list.
    static HELD: RefCell<Vec<*const RobustLock>> = RefCell::new(Vec::new());
}

impl RobustLock {
    #[track_caller]
    pub(crate) fn acquire(&self, deadline: Deadline) -> Result<Found, NotTaken> {
        if model_failed() {
            return Ok(Found::Whole);
        }
        loop {
            match self.take(FREE).or_else(|found| match found {
                DAMAGED => self.take(DAMAGED),
                found => Err(found),
            }) {
                Ok(found) => return Ok(found),
                Err(found) if found & !DAMAGED == 0 => {}
                Err(found) => {
                    if park::wait(&self.word, found, deadline) == Wait::TimedOut {
                        return Err(NotTaken);
                    }
                }
            }
        }
    }

    #[track_caller]
    pub(crate) fn try_acquire(&self) -> Result<Found, NotTaken> {
        self.take(FREE).or_else(|found| self.take(found & DAMAGED)).map_err(|_| NotTaken)
    }

    #[track_caller]
    fn take(&self, free: u32) -> Result<Found, u32> {
        // Acquire: pairs with the Release in `release` and in `owner_died`.
        self.word.compare_exchange(free, free | model::thread::id(), Acquire, Relaxed)?;
        HELD.with(|held| held.borrow_mut().push(self));
        Ok(if free == DAMAGED { Found::Damaged } else { Found::Whole })
    }

    #[track_caller]
    pub(crate) fn release(&self) {
        if model_failed() {
            return;
        }
        // One step, as with the lock that ships: until its wake-up is given, the kernel would give
        // it.
        model::system_call(|| {
            HELD.with(|held| held.borrow_mut().retain(|lock| !std::ptr::eq(*lock, self)));
            // Release: pairs with the Acquire in `take`.
            self.word.fetch_and(DAMAGED, Release);
            park::wake_one(&raw const self.word);
        });
    }

    #[track_caller]
    pub(crate) fn set_repaired(&self) {
        // Relaxed: under the lock.
        self.word.fetch_and(!DAMAGED, Relaxed);
    }

    #[track_caller]
    pub(crate) fn is_locked(&self) -> bool {
        // Relaxed: out of date at once.
        self.word.load(Relaxed) & !DAMAGED != 0
    }

    pub(crate) fn is_held_here(&self) -> bool {
        false
    }
}

/// The calling thread has died: its locks are marked, and a sleeper of each is woken.
pub(crate) fn owner_died() {
    for lock in HELD.with(|held| held.take()) {
        // SAFETY: the object lives as long as the execution, and only this thread changes its list.
        let lock = unsafe { &*lock };
        // Release: pairs with the Acquire in `take`.
        lock.word.swap(DAMAGED, Release);
        park::wake_one(&raw const lock.word);
    }
}
