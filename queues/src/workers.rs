//! The threads of a pool: how many, what they are called, and how one waits for their end.
//!
//! What the threads take from a queue, and what they do with it, is the pool's affair; the threads themselves are
//! started, named and awaited here. All of them are started at once: a thread costs about 75 µs and then sleeps for nothing, and a pool that has said that it has its threads
//! cannot fail to get one later.
//!
//! A model has no threads of the system. There the roles of a scenario call what a thread here would run.

#[cfg(not(model))]
mod config;
#[cfg(model)]
#[path = "workers/model.rs"]
mod panics;
#[cfg(not(model))]
mod panics;
#[cfg(not(model))]
mod threads;

#[cfg(not(model))]
pub use self::config::Workers;
#[cfg(model)]
pub use self::panics::fail;
pub(crate) use self::panics::{PanicError, catch_panic, drop_quietly};
#[cfg(not(model))]
pub(crate) use self::threads::{WorkerThreads, serves};
