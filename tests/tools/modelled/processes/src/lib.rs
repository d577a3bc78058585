//! The objects that processes share, on a model of the machine: a process is a thread that may be
//! killed at any step.
//!
//! `lock`, `members`, and the modules in `shipped` and `pool` are the files that ship. The others
//! stand in for what lies between them and the kernel:
//!
//! | module       | stands in for                                                                   |
//! | ------------ | ------------------------------------------------------------------------------- |
//! | [`futex`]    | the system calls: the model's sleep and wake, and both steps of one call at once |
//! | [`identity`] | `/proc`: which threads of the model have died                                   |
//! | [`robust`]   | the kernel's list of a thread's locks; the book's listing `killed_owner` models how it is kept |
//! | [`segment`]  | a memfd: memory that all threads have anyway                                    |

#![cfg(model)]
#![allow(dead_code, reason = "the files that ship have more than the models use")]

mod futex;
mod identity;
mod memory;
mod robust;
mod segment;

#[path = "../../../../../queues/processes/src/lock.rs"]
mod lock;
#[path = "../../../../../queues/processes/src/members.rs"]
mod members;
#[path = "../../../../../queues/processes/src"]
mod shipped {
    pub(crate) mod barrier;
    pub(crate) mod condition;
    pub(crate) mod event;
    pub(crate) mod queue;
    pub(crate) mod semaphore;
}
#[path = "../../../../../queues/processes/src/pool"]
mod pool {
    pub(crate) mod slots;
}

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use futex::sleepers_look;
pub use lock::{OwnerDied, SharedLock, SharedLockGuard};
pub use shipped::barrier::{BrokenSharedBarrier, SharedBarrier};
pub use shipped::condition::SharedCondition;
pub use shipped::event::SharedEvent;
pub use shipped::queue::{
    DecodeError, Encoded, Form, GetEncodedError, Plain, PutEncodedError, SharedQueue,
};
pub use shipped::semaphore::SharedSemaphore;

/// The words of a worker's calls, which ship for the pool alone.
#[derive(Debug, Default)]
pub struct Slots(pool::slots::Slots);

impl Slots {
    /// The pool sends the call.
    pub fn queue(&self, number: u64) {
        self.0.queue(number);
    }

    /// The worker begins it, unless it was withdrawn.
    pub fn begin(&self, number: u64) -> bool {
        self.0.begin(number)
    }

    /// The pool takes it back, unless it was begun.
    pub fn withdraw(&self, number: u64) -> bool {
        self.0.withdraw(number)
    }

    /// Whether the worker has begun it.
    pub fn has_begun(&self, number: u64) -> bool {
        self.0.has_begun(number)
    }
}

/// Runs `body` as a process of its own, which may be killed at any step if the scenario is mortal.
/// Returns whether it was; then the kernel has done its part.
pub fn process(body: impl FnOnce()) -> bool {
    let killed = model::may_die(body);
    if killed {
        // As in the kernel: first its locks, and only then can others see that it has ended.
        robust::owner_died();
        identity::has_died();
    }
    killed
}

/// The handle that another process gets of an object: as bytes, and from them.
///
/// # Panics
///
/// If the object cannot be written or read.
pub fn for_another<T: Serialize + DeserializeOwned>(object: &T) -> T {
    let bytes = postcard::to_stdvec(object).expect("a handle can be written");
    postcard::from_bytes(&bytes).expect("and read")
}
