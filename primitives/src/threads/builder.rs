//! Starting a thread: what is done before the closure, around it, and after.

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
/// It has a name like Python's, `Thread-1`; [`Builder`] gives it one of yours. Dropping the handle lets the
/// thread run on without it. Costs about 50 to 100 µs, as the system makes the thread.
///
/// _Python_: `t = threading.Thread(target=f, daemon=True); t.start()`. (When `main` returns the process
/// ends, threads or no threads: [`scope`](super::scope) waits.)
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
/// If the system has no thread to give; [`Builder::spawn`] returns that as an error.
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
    /// No name of its own, and std's stack size (2 MiB, unless `RUST_MIN_STACK` says otherwise).
    pub const fn new() -> Self {
        Self { name: None, stack_size: None }
    }

    /// Names the thread. The name is in every report about it, and (its first 15 bytes, on Linux) in what
    /// the system shows, such as `top -H`. Two threads may have the same.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How much stack it gets, in bytes. The system may round it up.
    pub const fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Starts a thread that runs `f`, as [`spawn`](fn@spawn) does.
    ///
    /// # Errors
    ///
    /// What the system says if it has no thread to give; then `f` is dropped. `InvalidInput` if the name
    /// has a zero byte in it, which no system can store.
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

/// What the new thread does. If it never gets to run, dropping this undoes what was prepared.
pub(super) struct Body<F, T> {
    f: F,
    thread: Thread,
    listed: Listed,
    /// Last, so that it is dropped last: who has joined a thread does not find it listed.
    outcome: Promise<T>,
}

/// The thread panicked; its outcome says how.
pub(super) struct Panicked;

impl<F: FnOnce() -> T, T> Body<F, T> {
    pub(super) fn new(name: Option<String>, f: F) -> (Self, Thread, Arc<Outcome<T>>) {
        let _ = current(); // so that whoever starts threads is on the list before them
        let thread = Thread::new(name);
        let outcome = Arc::new(Outcome::new());
        let listed = Listed::new(thread.clone());
        let promise = Promise::new(Arc::clone(&outcome), thread.name());
        let body = Self { f, thread: thread.clone(), listed, outcome: promise };
        (body, thread, outcome)
    }

    // ANCHOR: run
    pub(super) fn run(mut self) -> Result<(), Panicked> {
        // Should anything here panic (the program's allocator and its hooks may be in it), the promise is kept all the
        // same, when it is dropped.
        set_current(&self.thread, &mut self.listed);
        deadlock::thread_begins(self.thread.id(), self.thread.name());
        // Unwind safe: the closure is gone after a panic; what it shared with others is their affair, as
        // with std's `spawn`.
        let result = catch_panic(AssertUnwindSafe(self.f));
        let panicked = result.is_err();
        // Off the list before the outcome is there: who has joined a thread does not find it listed.
        drop(self.listed);
        self.outcome.keep(result);
        if panicked { Err(Panicked) } else { Ok(()) }
    }
    // ANCHOR_END: run
}
