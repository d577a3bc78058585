//! [`PanicError`]: the panic that ended a thread.

use std::any::Any;
use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;
use std::panic::{RefUnwindSafe, resume_unwind};
use std::sync::Arc;

use crate::lock::Lock;

/// A caught panic: the thread, the message, the place and the payload.
///
/// Comes out of [`JoinHandle::join`](super::JoinHandle::join) and of
/// [`catch_panic`](super::catch_panic). By then the panic hook has reported it, so it need not be
/// printed again. Cheap to clone: clones share one payload.
///
/// _Python_: the `args` that `threading.excepthook` gets.
///
/// ```
/// use primitives::threads;
///
/// let brewer = threads::Builder::new().name("brewer").spawn(|| panic!("out of tea"))?;
/// let panic = brewer.join().unwrap_err();
/// assert_eq!(panic.thread_name(), "brewer");
/// assert_eq!(panic.message(), "out of tea");
/// assert!(panic.location().is_some_and(|place| place.line() > 0));
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct PanicError(Arc<Panic>);

/// One allocation, so that this error is one pointer in a `Result`.
struct Panic {
    thread: String,
    message: String,
    location: Option<Location>,
    backtrace: Option<Backtrace>,
    /// Under a lock because a payload is `Send` but need not be `Sync`, and an error must be.
    payload: Lock<Option<Box<dyn Any + Send>>>,
}

/// Only the payload ever changes, and it is either there or taken.
impl RefUnwindSafe for Panic {}

impl PanicError {
    pub(super) fn new(
        thread: String,
        location: Option<Location>,
        backtrace: Option<Backtrace>,
        payload: Box<dyn Any + Send>,
    ) -> Self {
        let message = message_of(&*payload).to_owned();
        let payload = Lock::new(Some(payload));
        Self(Arc::new(Panic { thread, message, location, backtrace, payload }))
    }

    /// The name of the thread that panicked.
    #[must_use]
    pub fn thread_name(&self) -> &str {
        &self.0.thread
    }

    /// The message: the text of `panic!`. If the payload is not a text, as from `panic_any`, a
    /// placeholder that says so.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it panicked.
    ///
    /// `None` if no panic hook ran, because the panic was raised by `resume_unwind`; or if our hook
    /// did not run, because the program replaced it after the thread started (see [the
    /// module](super)).
    #[must_use]
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// The backtrace, if `RUST_BACKTRACE` (or `RUST_LIB_BACKTRACE`) asked for backtraces.
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.0.backtrace.as_ref()
    }

    /// Takes out the value that the thread panicked with; `None` if it was taken before, from this
    /// error or a clone. May wait briefly for another thread that does the same with a clone.
    #[must_use]
    pub fn take_payload(&self) -> Option<Box<dyn Any + Send>> {
        self.0.payload.lock().take()
    }

    /// Continues the panic in this thread, with the same payload (or its text, if the payload was
    /// taken before). The panic hook is not called again.
    ///
    /// # Panics
    ///
    /// Always; that is its purpose.
    pub fn resume(self) -> ! {
        let payload = self.take_payload();
        resume_unwind(payload.unwrap_or_else(|| Box::new(self.message().to_owned())))
    }
}

/// `thread 'name' panicked at file:line:column: message`, in one line. With `{:#}` the backtrace
/// follows.
impl fmt::Display for PanicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread '{}' panicked", self.thread_name())?;
        if let Some(location) = self.location() {
            write!(f, " at {location}")?;
        }
        write!(f, ": {}", self.message())?;
        match self.backtrace() {
            Some(backtrace) if f.alternate() => write!(f, "\n{backtrace}"),
            _ => Ok(()),
        }
    }
}

/// Shows everything except the payload. Never blocks.
impl fmt::Debug for PanicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut error = f.debug_struct("PanicError");
        error.field("thread", &self.thread_name()).field("message", &self.message());
        error.field("location", &self.location());
        if let Some(backtrace) = self.backtrace() {
            error.field("backtrace", backtrace);
        }
        error.finish_non_exhaustive()
    }
}

impl Error for PanicError {}

/// A place in a source file.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Location {
    file: String,
    line: u32,
    column: u32,
}

impl Location {
    /// The source file, as it was named to the compiler.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column, from 1.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.column
    }
}

/// std's location lives only as long as the panic.
impl From<&std::panic::Location<'_>> for Location {
    fn from(location: &std::panic::Location<'_>) -> Self {
        Self { file: location.file().to_owned(), line: location.line(), column: location.column() }
    }
}

/// `file:line:column`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text of a payload: `panic!` makes a `&str` or a `String`, `panic_any` a value of any type.
pub(super) fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "(a payload that is not text)"
    }
}
