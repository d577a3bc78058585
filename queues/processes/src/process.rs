//! A process: this same program, started again to call one function.
//!
//! # Why not `fork`
//!
//! `fork` copies the memory of a process, and of its threads only the one that called it. A lock that another thread
//! held at that moment stays locked in the copy, with no thread that could release it: the allocator's, the logger's,
//! those of libraries that no one thinks of. A child of a program with threads may therefore do almost nothing. So a
//! process here begins as any program does, with an empty memory: `/proc/self/exe` is executed again, `main` runs to
//! [`init`](crate::init), which finds that it is in a child, and calls the function whose [name](crate::function!) it
//! was given, with arguments that came as bytes.
//!
//! # A life
//!
//! | state       | left by                                                    | `is_alive` | `pid`  | `exit_status`       |
//! | ----------- | ---------------------------------------------------------- | ---------- | ------ | ------------------- |
//! | not started | [`start`](Process::start)                                  | no         | `None` | `None`              |
//! | alive       | the function returns or panics, `exit`, a signal           | yes        | `Some` | `None`              |
//! | ended       |                                                            | no         | `Some` | `Some`              |
//!
//! A process ends with its parent, also if the parent is killed: the kernel sees to that, and a socket that is closed is
//! the second notice. Ctrl-C goes to the parent alone.

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

/// A function that runs in a process of its own.
///
/// Made by [`new`](Self::new) from a [registered](crate::function!) function, by [`of`](Self::of) from a value that knows
/// how to [`Run`](crate::Run), or by [`by_name`](Self::by_name) from a name that is known only when the program runs.
/// It does not begin before [`start`](Self::start).
///
/// Arguments may hold locks, queues and other [shared things](crate): the process then shares them. They are moved to
/// it, so that e.g. an end of a [`pipe`](crate::pipe) is not in two processes by accident.
///
/// Dropping a handle lets the process run on; it ends with this one at the latest. Costs about 1.5 times what
/// starting `/bin/true` does.
///
/// _Python_: `multiprocessing.Process`, with the start method `spawn`; but `join` gives back what the function returned.
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
    /// A process that will call the function with this [name](crate::registered), with a tuple of arguments.
    ///
    /// Nothing checks here that the arguments are those of the function: [`join`](Self::join) says whether they were.
    /// A name that no function has is an error of [`start`](Self::start).
    #[must_use = "a process does not begin before `start`"]
    pub fn by_name(name: &str, arguments: impl Serialize) -> Self {
        Self::with(name, &arguments)
    }

    fn with(function: &str, arguments: &impl Serialize) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        // Relaxed: only to count.
        let number = MADE.fetch_add(1, Relaxed) + 1;
        Self {
            name: format!("Process-{number}"),
            function: function.to_owned(),
            arguments: Lock::new(Some(Packed::new(arguments).map_err(|error| error.to_string()))),
            child: Lock::new(None),
            output: PhantomData,
        }
    }

    /// Gives it another name than `Process-1`, `Process-2` ….
    #[must_use = "a process does not begin before `start`"]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    // ANCHOR: start
    /// Starts it. Blocks until the system has said that it can, about 1 ms.
    ///
    /// # Errors
    ///
    /// See [`StartError`]. After an error of the system it may be tried again with another `Process`.
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

    /// Blocks until it has ended, and gives back what its function returned.
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

    /// Blocks until it has ended, for at most `timeout`. Whether it has; `false` where it was not started.
    ///
    /// _Python_: `join(timeout)`.
    #[must_use]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.started().is_some_and(|child| child.wait_until(futex::after(timeout)))
    }

    /// Blocks until it has ended, or until `deadline`. Whether it has; `false` where it was not started.
    #[must_use]
    pub fn join_deadline(&self, deadline: Instant) -> bool {
        self.started().is_some_and(|child| child.wait_until(Some(deadline)))
    }
}

impl<R> Process<R> {
    /// Asks it to end (`SIGTERM`), which it does at once unless it has a handler. Does nothing if it has ended or was not
    /// started.
    pub fn terminate(&self) {
        self.signal(libc::SIGTERM);
    }

    /// Ends it (`SIGKILL`). Does nothing if it has ended or was not started.
    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Sends it a signal. Does nothing if it has ended or was not started.
    pub fn signal(&self, signal: i32) {
        if let Some(child) = self.started() {
            child.signal(signal);
        }
    }

    /// Whether it has been started and has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.started().is_some_and(|child| child.ended().is_none())
    }

    /// How it ended: its exit status (0: the function returned; 101: it panicked), or the signal. `None` before.
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

    /// The system's number for it, once it is started.
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
