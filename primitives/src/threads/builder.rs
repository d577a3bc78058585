//! Starting a thread: what happens before the closure, around it, and after.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use super::handle::JoinHandle;
use super::hook::catch_panic;
use super::outcome::{Outcome, Promise};
use super::registry::{Listed, Thread, current, set_current};
use crate::deadlock;
use crate::sync::thread as native;

/// Starts a thread that runs `f`.
///
/// Its name is like Python's, `Thread-1`; [`Builder`] sets another. The thread runs on if the
/// handle is dropped. Costs about 50 to 100 µs, in which the system makes the thread.
///
/// _Python_: `t = threading.Thread(target=f, daemon=True); t.start()`. (When `main` returns, the
/// process ends, even if threads still run: [`scope`](super::scope) waits for them.)
///
/// ```
/// use primitives::threads;
///
/// let handle = threads::spawn(|| (1..=10).product::<u32>());
/// assert_eq!(handle.join().unwrap(), 3_628_800);
/// ```
///
/// # Panics
///
/// If the system cannot make a thread; [`Builder::spawn`] returns that as an error.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect(CANNOT_START)
}

pub(super) const CANNOT_START: &str = "the system has no thread to give";

/// A thread before it is started: its name and how much stack it gets.
///
/// ```
/// use primitives::threads;
///
/// let handle = threads::Builder::new()
///     .name("reader")
///     .stack_size(256 * 1024)
///     .spawn(|| threads::current().name().to_owned())?;
/// assert_eq!(handle.join().unwrap(), "reader");
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder starts nothing until `spawn` is called"]
pub struct Builder {
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
}

impl Builder {
    /// No name, and std's stack size (2 MiB, unless `RUST_MIN_STACK` says otherwise).
    pub const fn new() -> Self {
        Self { name: None, stack_size: None }
    }

    /// Names the thread. The name appears in every report about the thread. On Linux the system
    /// shows its first 15 bytes, for example in `top -H`. Two threads may have the same name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The thread's stack size, in bytes. The system may round it up.
    pub const fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts a thread that runs `f`, as [`spawn`](fn@spawn) does.
    ///
    /// # Errors
    ///
    /// The system's error if it cannot make a thread; then `f` is dropped. `InvalidInput` if the
    /// name contains a zero byte, which no system can store.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (body, thread, outcome) = Body::new(self.name, f);
        let native = native_builder(&thread, self.stack_size)?.spawn(|| {
            let _ = body.run(); // the outcome says it too
        })?;
        Ok(JoinHandle::new(thread, outcome, native))
    }
}

pub(super) fn native_builder(
    thread: &Thread,
    stack_size: Option<usize>,
) -> io::Result<native::Builder> {
    let name = thread.name();
    if name.contains('\0') {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the thread name {name:?} has a zero byte in it: use any other characters"),
        ));
    }
    let builder = native::Builder::new().name(name.to_owned());
    Ok(match stack_size {
        Some(bytes) => builder.stack_size(bytes),
        None => builder,
    })
}

/// What the new thread does. If it never runs, dropping this undoes the preparation.
pub(super) struct Body<F, T> {
    f: F,
    thread: Thread,
    listed: Listed,
    /// Declared last, so that it is dropped last: a thread that was joined is not on the list.
    outcome: Promise<T>,
}

/// The thread panicked; its outcome says how.
pub(super) struct Panicked;

impl<F: FnOnce() -> T, T> Body<F, T> {
    pub(super) fn new(name: Option<String>, f: F) -> (Self, Thread, Arc<Outcome<T>>) {
        let _ = current(); // so that a thread is on the list before those that it starts
        let thread = Thread::new(name);
        let outcome = Arc::new(Outcome::new());
        let listed = Listed::new(thread.clone());
        let promise = Promise::new(Arc::clone(&outcome), thread.name());
        let body = Self { f, thread: thread.clone(), listed, outcome: promise };
        (body, thread, outcome)
    }

    // ANCHOR: run
    pub(super) fn run(mut self) -> Result<(), Panicked> {
        // If anything here panics (it may call the program's allocator and hooks), dropping the
        // promise still keeps it.
        set_current(&self.thread, &mut self.listed);
        deadlock::thread_begins(self.thread.id(), self.thread.name());
        // Unwind safe: the closure is gone after a panic. Others answer for what it shared with
        // them, as with std's `spawn`.
        let result = catch_panic(AssertUnwindSafe(self.f));
        let panicked = result.is_err();
        // It leaves the list before the outcome is there: a thread that was joined is not on the
        // list.
        drop(self.listed);
        self.outcome.keep(result);
        if panicked { Err(Panicked) } else { Ok(()) }
    }
    // ANCHOR_END: run
}
