//! The threads of a pool: their number, their names, and how to wait for their end.
//!
//! The pool decides what its threads take from a queue and do with it; this module starts, names
//! and awaits the threads. It starts all of them at once, unless the program says otherwise: a
//! thread costs about 75 µs and then sleeps at no cost, and a pool that has all its threads cannot
//! fail to get one later. A pool that may grow gets another thread when a task comes and no worker
//! is free.
//!
//! A model has no system threads. There the roles of a scenario call what a thread would run here.

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
