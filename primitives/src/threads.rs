//! Threads that have a name, can be listed, and whose panics do not vanish.
//!
//! These are std's threads with the conveniences of Python's `threading`. The additions are in four
//! places, which a thread passes in this order:
//!
//! ```text
//!    spawn ──▶ on the list ──▶ the closure ──▶ off the list ──▶ outcome kept ──▶ gone
//!              `enumerate`     in `catch_panic`                  `is_finished`   `join`
//!              `current`       which keeps the                   `join_timeout`
//!                              place of a panic
//! ```
//!
//! # Panics
//!
//! A beginner's first question is where the error went. In Python an exception in a thread is
//! printed, and `join` returns as if nothing had happened. Here a panic is reported twice:
//!
//! - by the program's panic hook, at once, whether or not a thread joins. That is std's hook unless
//!   the program has set its own; it prints the thread's name, the message, `file:line:column`, and
//!   with `RUST_BACKTRACE=1` the backtrace.
//! - by [`JoinHandle::join`], as a [`PanicError`] that still has all of that, and the payload.
//!
//! std's own `join` gives the payload alone; only the panic hook learns name and place. So the
//! first thread that is started here puts a small hook in front of the program's. Our hook takes a
//! note, calls the program's hook, and prints nothing itself. It takes no note of other threads'
//! panics. A program that sets its hook later replaces ours; the next thread to start, or the next
//! [`catch_panic`], notices and puts it in front again.
//!
//! # The end of the program
//!
//! When `main` returns the process ends, and with it every thread, wherever it is: each is what
//! Python calls a daemon thread. There is no other kind. A program that wants its threads to finish
//! joins them, or starts them in a [`scope`], which waits for all of them.
//!
//! ```
//! use primitives::threads;
//!
//! let answer = threads::spawn(|| 6 * 7);
//! assert_eq!(answer.join().unwrap(), 42);
//!
//! let careless = threads::Builder::new().name("careless").spawn(|| {
//!     let empty: Vec<u8> = Vec::new();
//!     empty[0]
//! });
//! let panic = careless?.join().unwrap_err();
//! assert_eq!(panic.thread_name(), "careless");
//! assert!(panic.message().starts_with("index out of bounds"));
//! println!("{panic}"); // thread 'careless' panicked at src/main.rs:8:5: index out of bounds: …
//! # std::io::Result::Ok(())
//! ```

mod builder;
mod handle;
mod hook;
mod outcome;
mod panic;
mod registry;
// std's hook; a model has none.
#[cfg(not(model))]
mod scope;
#[cfg(all(test, not(model)))]
mod tests;
#[cfg(model)]
pub mod unwind;
#[cfg(not(model))]
pub(crate) mod unwind;

pub use self::builder::{Builder, spawn};
pub use self::handle::JoinHandle;
pub use self::hook::catch_panic;
pub use self::panic::{Location, PanicError};
pub use self::registry::{Thread, active_count, current, enumerate};
#[cfg(not(model))]
pub use self::scope::{Scope, ScopedJoinHandle, scope};
#[cfg(not(model))]
pub use crate::sync::thread::sleep;
pub use crate::sync::thread::yield_now;
