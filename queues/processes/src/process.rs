//! A process: this same program, started again to call one function.
//!
//! # Why not `fork`
//!
//! `fork` copies the memory of a process, but only the calling thread. A lock that another thread
//! held at that moment stays locked in the copy, and no thread there can release it: the
//! allocator's, the logger's, those inside libraries. A child of a program with threads may
//! therefore do almost nothing. So a process here begins as any program, with an empty memory. It
//! executes `/proc/self/exe` again. `main` runs to [`init`](crate::init), which finds that it is in
//! a child, and calls the function whose [name](crate::function!) it got, with arguments that came
//! as bytes.
//!
//! # A life
//!
//! | state       | left by                                                    | `is_alive` | `pid`  | `exit_status`       |
//! | ----------- | ---------------------------------------------------------- | ---------- | ------ | ------------------- |
//! | not started | [`start`](Process::start)                                  | no         | `None` | `None`              |
//! | alive       | the function returns or panics, `exit`, a signal           | yes        | `Some` | `None`              |
//! | ended       |                                                            | no         | `Some` | `Some`              |
//!
//! A process ends with its parent, also if the parent is killed: the kernel ensures that, and a
//! closed socket is the second notice. Ctrl-C affects only the parent.

mod child;
mod error;
mod keeper;

use std::fmt;
use std::marker::PhantomData;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use primitives::Lock;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::child::{current_name, init};
pub use self::error::{ProcessError, StartError};
pub(crate) use self::keeper::{Child, Ended, OnEnd};
use crate::control;
use crate::function::{self, Function, Packed, Runnable};
use crate::futex;

/// A function that runs in its own process.
///
/// Made by [`new`](Self::new) from a [registered](crate::function!) function, by [`of`](Self::of)
/// from a value that implements [`Run`](crate::Run), or by [`by_name`](Self::by_name) from a name
/// that is known only at run time. [`start`](Self::start) starts it.
///
/// Arguments may contain locks, queues and other [shared objects](crate), which the process then
/// shares. They are moved to it, so that, for example, an end of a [`pipe`](crate::pipe) is not in
/// two processes by accident.
///
/// If the handle is dropped, the process runs on; it ends with this process at the latest. Starting
/// costs about 1.5 times as much as starting `/bin/true`.
///
/// _Python_: `multiprocessing.Process`, with the start method `spawn`; but `join` returns the
/// function's result.
///
/// ```
/// use processes::Process;
///
/// processes::function! {
///     fn add(a: u64, b: u64) -> u64 { a + b }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     processes::init(); // in a child, this calls the function and ends
///     let sum = Process::new(add, (2, 3)).named("adder");
///     sum.start()?;
///     assert_eq!(sum.join()?, 5);
///     Ok(())
/// }
/// ```
pub struct Process<R = ()> {
    name: String,
    function: String,
    /// Taken by `start`.
    arguments: Lock<Option<Result<Packed, String>>>,
    child: Lock<Option<Arc<Child>>>,
    output: PhantomData<fn() -> R>,
}

impl Process<()> {
    /// A process that will call `function`.
    #[must_use = "a process does not begin before `start`"]
    pub fn new<F: Function>(_function: F, arguments: F::Args) -> Process<F::Output> {
        Process::with(F::NAME, &arguments)
    }

    /// A process that will run `value`.
    #[must_use = "a process does not begin before `start`"]
    pub fn of<T: Runnable>(value: T) -> Process<T::Output> {
        Process::with(T::NAME, &value)
    }
}

impl<R: DeserializeOwned> Process<R> {
    /// A process that will call the function with this [name](crate::registered), with a tuple of
    /// arguments.
    ///
    /// This does not check that the arguments fit the function: [`join`](Self::join) reports
    /// whether they did. An unknown name is an error of [`start`](Self::start).
    #[must_use = "a process does not begin before `start`"]
    pub fn by_name(name: &str, arguments: impl Serialize) -> Self {
        Self::with(name, &arguments)
    }

    fn with(function: &str, arguments: &impl Serialize) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        // Relaxed: only a counter.
        let number = MADE.fetch_add(1, Relaxed) + 1;
        Self {
            name: format!("Process-{number}"),
            function: function.to_owned(),
            arguments: Lock::new(Some(Packed::new(arguments).map_err(|error| error.to_string()))),
            child: Lock::new(None),
            output: PhantomData,
        }
    }

    /// Sets the name; the default is `Process-1`, `Process-2` ….
    #[must_use = "a process does not begin before `start`"]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    // ANCHOR: start
    /// Starts the process. Blocks until the system confirms it, about 1 ms.
    ///
    /// # Errors
    ///
    /// See [`StartError`]. After a system error, try again with another `Process`.
    pub fn start(&self) -> Result<(), StartError> {
        let mut child = self.child.lock();
        let mut arguments = self.arguments.lock();
        if arguments.is_none() {
            return Err(StartError::AlreadyStarted);
        }
        if !child::is_initialised() {
            return Err(StartError::NotInitialised);
        }
        if function::find(&self.function).is_none() {
            let known = function::registered();
            return Err(StartError::UnknownFunction { name: self.function.clone(), known });
        }
        let packed = arguments.take().expect("it was looked at").map_err(StartError::Arguments)?;
        *child = Some(spawn(&self.name, &self.function, packed, None)?);
        Ok(())
    }
    // ANCHOR_END: start

    /// Blocks until the process has ended, and returns its function's result.
    ///
    /// _Python_: `join()`, which returns nothing.
    ///
    /// # Errors
    ///
    /// See [`ProcessError`]: it panicked, was killed, or ended by itself.
    pub fn join(self) -> Result<R, ProcessError> {
        let child = self.child.lock().take().ok_or(ProcessError::NotStarted)?;
        error::outcome(&child.wait())
    }

    /// Blocks until the process has ended, for at most `timeout`. Returns whether it has ended;
    /// `false` if it was not started.
    ///
    /// _Python_: `join(timeout)`.
    #[must_use]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.started().is_some_and(|child| child.wait_until(futex::after(timeout)))
    }

    /// Blocks until the process has ended, or until `deadline`. Returns whether it has ended;
    /// `false` if it was not started.
    #[must_use]
    pub fn join_deadline(&self, deadline: Instant) -> bool {
        self.started().is_some_and(|child| child.wait_until(Some(deadline)))
    }
}

impl<R> Process<R> {
    /// Asks the process to end (`SIGTERM`), which it does at once unless it has a handler. Does
    /// nothing if it has ended or was not started.
    pub fn terminate(&self) {
        self.signal(libc::SIGTERM);
    }

    /// Ends the process (`SIGKILL`). Does nothing if it has ended or was not started.
    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Sends the process a signal. Does nothing if it has ended or was not started.
    pub fn signal(&self, signal: i32) {
        if let Some(child) = self.started() {
            child.signal(signal);
        }
    }

    /// Whether the process was started and has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.started().is_some_and(|child| child.ended().is_none())
    }

    /// How the process ended: its exit status (0: the function returned; 101: it panicked), or the
    /// signal. `None` before its end.
    ///
    /// _Python_: `exitcode`.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.started()?.ended()?.status
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id, once it is started.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        Some(self.started()?.pid)
    }

    fn started(&self) -> Option<Arc<Child>> {
        self.child.lock().clone()
    }
}

/// Starts a child that calls a function.
pub(crate) fn spawn(
    name: &str,
    function: &str,
    packed: Packed,
    on_end: Option<OnEnd>,
) -> Result<Arc<Child>, StartError> {
    if !child::is_initialised() {
        return Err(StartError::NotInitialised);
    }
    let (arguments, fds) = control::load(packed).map_err(StartError::Io)?;
    let start = control::Start { name: name.to_owned(), function: function.to_owned(), arguments };
    keeper::spawn(start, fds, on_end).map_err(StartError::Io)
}

impl<R> fmt::Debug for Process<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name)
            .field("pid", &self.pid())
            .field("exit_status", &self.exit_status())
            .finish_non_exhaustive()
    }
}
