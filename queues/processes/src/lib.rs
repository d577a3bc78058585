//! Processes that share locks and queues, and continue when one of them is killed.
//!
//! This is what Python's `multiprocessing` would be had it been written in Rust, on memory that the
//! processes share. Threads of one process live and die together. Processes do not: one may be
//! killed at any instruction, by the system when it has no memory left, by a user, or by its own
//! fault. Here the others survive that: the next owner of a lock learns that the last one died,
//! permits come back, a barrier breaks, a queue continues.
//!
//! | here                  | Python                          | what it does                                              |
//! | --------------------- | ------------------------------- | --------------------------------------------------------- |
//! | [`Process`]           | `multiprocessing.Process`       | a function in a process of its own                        |
//! | [`ProcessPool`]       | `multiprocessing.Pool`          | calls for processes that are there already                |
//! | [`SharedMemory`]      | `shared_memory.SharedMemory`    | bytes that several processes see                          |
//! | [`SharedLock`]        | `multiprocessing.Lock`, `Value` | one thread of all processes at a time may touch the value |
//! | [`SharedSemaphore`]   | `multiprocessing.Semaphore`     | so many at a time; the dead give their permits back       |
//! | [`SharedEvent`]       | `multiprocessing.Event`         | a gate that one opens for all                             |
//! | [`SharedCondition`]   | `multiprocessing.Condition`     | sleep until the value under a lock has changed            |
//! | [`SharedBarrier`]     | `multiprocessing.Barrier`       | none goes on before all have come                         |
//! | [`SharedQueue`]       | `multiprocessing.Queue`         | items from many to many                                   |
//! | [`pipe`]              | `multiprocessing.Pipe`          | messages from one process to another, and back            |
//!
//! Linux with glibc, on 64-bit machines: the kernel's robust lists, memfds and pidfds make this
//! possible.
//!
//! # Trust
//!
//! The processes are copies of one program and trust each other. A process that writes at random
//! into shared memory can make the others fail, like a thread that writes at random into its own
//! memory. Input from outside (a file descriptor, the arguments of a function) is checked.

#[cfg(test)]
use watchdog as _;

#[cfg(not(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64")))]
compile_error!(
    "the crate `processes` needs Linux with glibc on a 64-bit machine: its locks stand on the kernel's robust lists. \
     The crates `primitives` and `queues`, for threads, run everywhere."
);

// The floors, the lowest first: a module uses only those that stand before it in this list.
// `cargo test -p floors` reads the list and holds it. Modules without a blank line between them
// share a floor.

mod futex;
mod handover;
mod identity;

mod function;
mod members;
mod memory;
mod robust;

mod control;
mod segment;

mod barrier;
mod event;
mod lock;
mod pipe;
mod process;
mod queue;
mod semaphore;

mod condition;
mod pool;

#[cfg(test)]
mod forked;
#[cfg(test)]
mod tests;

pub use barrier::{BrokenSharedBarrier, SharedBarrier, SharedBarrierWaitResult};
/// Plain bytes: the requirement for a value in shared memory.
pub use bytemuck;
pub use condition::{SharedCondition, SharedWaitResult};
pub use event::SharedEvent;
pub use function::{Function, Run, Runnable, registered};
pub use lock::{LockTimeoutError, OwnerDied, SharedLock, SharedLockGuard, TryLockError};
pub use memory::{OpenError, SharedMemory};
pub use pipe::{Connection, Never, PipeError, pipe};
pub use pool::{Imap, PoolError, ProcessPool, ProcessPoolBuilder, SubmitError, Task, TaskError};
pub use process::{Process, ProcessError, StartError, current_name, init};
pub use queue::{DecodeError, Encoded, Form, GetEncodedError, Plain, PutEncodedError, SharedQueue};
pub use semaphore::{SharedPermit, SharedSemaphore};

/// For the macros.
#[doc(hidden)]
pub mod __private {
    pub use crate::function::{Registered, run_function, run_runnable};
    pub use inventory;
}
