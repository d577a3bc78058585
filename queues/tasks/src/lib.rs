//! Tasks across machines: a change of one line lets a program for one process run on many.
//!
//! A program names its tasks and sends calls of them. Workers, in this process or on other
//! machines, run them and store what they return. It does what Python's Celery does, with Celery's
//! own protocol: a Rust worker works beside Python's workers, a Python program reads a Rust task's
//! result, and Celery's monitors see both.
//!
//! ```
//! use tasks::{App, InProcess};
//!
//! let app = App::new(InProcess::new()); // or Redis::open("redis://…")?
//! let add = app.task("add", |_, (x, y): (i64, i64)| Ok(x + y))?;
//!
//! let worker = app.worker().start()?; // here, or in another program
//! assert_eq!(add.delay((2, 2))?.get()?, 4);
//! worker.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | idea                                | where                                                              |
//! | ----------------------------------- | ------------------------------------------------------------------ |
//! | tasks, and sending them             | [`App`], [`Task`], [`SendOptions`], [`TaskOptions`]                |
//! | what comes back                     | [`TaskHandle`], [`State`], [`GetError`]                            |
//! | what a running task may ask for     | [`Context`]                                                        |
//! | several tasks put together          | [`chain`], [`group`], [`chord`]: [`Signature`]                     |
//! | threads that run them               | [`Worker`]; or processes, with the feature `processes`             |
//! | sending by the clock                | [`Beat`], [`Crontab`]                                              |
//! | where tasks wait                    | [`Broker`]: [`InProcess`], `Redis` (feature `redis`), `Amqp` (feature `amqp`) |
//! | where results stay                  | [`ResultStore`]                                                    |
//!
//! **At least once.** A worker acknowledges a task when it is done. If it dies before, another
//! worker runs the task again. So each task runs at least once, and rarely twice: write tasks that
//! may safely run twice.

#![warn(missing_docs)]
// Without a server there is no wire; its reader and writer are still one file.
#![cfg_attr(not(all(feature = "redis", feature = "amqp")), allow(dead_code))]

#[cfg(test)]
use watchdog as _;

// The floors, the lowest first: a module uses only those that stand before it in this list.
// `cargo test -p floors` reads the list and holds it. Modules without a blank line between them
// share a floor.

mod clock;
mod exception;

mod error;

mod arguments;
mod state;

mod signature;

mod id;
mod message;
mod options;

mod wire;

mod broker;
mod results;

#[cfg(feature = "amqp")]
mod amqp;
mod in_process;
#[cfg(feature = "redis")]
mod redis;

mod canvas;
mod context;

mod definition;
#[cfg(feature = "processes")]
mod isolation;

mod shared;

mod handle;
mod worker;

mod task;

mod app;

mod beat;

#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "amqp")]
pub use amqp::Amqp;
pub use app::App;
pub use beat::{Beat, BeatHandle, Crontab};
pub use broker::{Broker, Command, DeadLetter, Delivery, Listener, Nack, Receipt};
pub use context::Context;
pub use error::{Error, GetError};
pub use exception::{Exception, TaskError};
pub use handle::{GroupHandle, TaskHandle};
pub use in_process::InProcess;
pub use message::{Message, Next};
pub use options::{Rate, RetryPolicy, SendOptions, TaskOptions};
pub use results::{ChordPart, ChordReady, ResultStore};
pub use signature::{Signature, chain, chord, group};
pub use state::{State, StoredResult};
pub use task::Task;
pub use wire::Undecodable;
pub use worker::{Stopper, Worker, WorkerBuilder};
